"""Signing in with a password: by SRP, in the clear, or as an administrator.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import passwords, srp, triggers, users
from sandbox.emulator.cognito.errors import WRONG_LOGIN, invalid, no_user, not_authorized
from sandbox.emulator.cognito.flows import completion, lockout, sessions
from sandbox.emulator.cognito.models import LOCK, Client, Session, User, UserPool

BLOCK_BYTES = 900
SRP_SECONDS = 180


def hides_users(client: Client) -> bool:
    """Whether errors must not tell that a user does not exist."""
    return client.settings.get("PreventUserExistenceErrors") == "ENABLED"


def required(parameters: dict[str, str], *names: str) -> list[str]:
    """Parameters of a flow; InvalidParameterException for a missing one."""
    for name in names:
        if not parameters.get(name):
            raise invalid(f"Missing required parameter {name}")
    return [parameters[name] for name in names]


def before(
    pool: UserPool,
    client: Client,
    name: str,
    user: User | None,
    metadata: dict[str, str] | None,
) -> None:
    """Call the pre authentication trigger."""
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user) if user else {},
        "validationData": dict(metadata) if metadata else None,
    }
    if user is None:
        request["userNotFound"] = True
    triggers.call(
        pool,
        "PreAuthentication",
        "PreAuthentication_Authentication",
        username=user.username if user else name,
        client_id=client.id,
        request=request,
    )


def in_the_clear(
    pool: UserPool,
    client: Client,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH."""
    name, password = required(parameters, "USERNAME", "PASSWORD")
    user = checked_user(pool, client, name, password, metadata)
    return completion.after_first_factor(pool, client, user, metadata=metadata)


def checked_user(
    pool: UserPool,
    client: Client,
    name: str,
    password: str,
    metadata: dict[str, str] | None = None,
) -> User:
    """The user who has this password; raises NotAuthorizedException and UserNotFoundException."""
    user = users.find(pool, name)
    if user is None:
        user = _migrated(pool, client, name, password, metadata)
    if user is None:
        if not hides_users(client):
            raise no_user()
        before(pool, client, name, None, metadata)
        raise not_authorized()
    lockout.check(user)
    before(pool, client, name, user, metadata)
    if not passwords.is_right(pool, user, password):
        # Users whose password was reset are told so whatever they type.
        if user.status == "RESET_REQUIRED":
            completion.check_state(user)
        lockout.wrong(user)
        raise not_authorized("User is disabled." if not user.enabled else WRONG_LOGIN)
    return user


def _migrated(
    pool: UserPool,
    client: Client,
    name: str,
    password: str,
    metadata: dict[str, str] | None,
) -> User | None:
    """The user that the migration trigger knows; None without a trigger or when it refuses."""
    if not triggers.configured(pool, "UserMigration"):
        return None
    answer = triggers.call(
        pool,
        "UserMigration",
        "UserMigration_Authentication",
        username=name,
        client_id=client.id,
        request=triggers.client_metadata(
            {"password": password, "validationData": None, "userAttributes": None}, metadata
        ),
        response={
            "userAttributes": None,
            "forceAliasCreation": None,
            "enableSMSMFA": None,
            "finalUserStatus": None,
            "messageAction": None,
            "desiredDeliveryMediums": None,
        },
    )
    given = {k: v for k, v in ((answer or {}).get("userAttributes") or {}).items() if v is not None}
    if not given:
        if hides_users(client):
            raise not_authorized()
        raise no_user(f"Exception migrating user in app client {client.id}")
    given = {key: str(value) for key, value in given.items() if key not in ("username", "sub")}
    with LOCK:
        username, sub = users.internal_name(pool, name, given)
        status = (answer or {}).get("finalUserStatus") or "CONFIRMED"
        user = users.add(pool, username, sub, given, status)
        passwords.store(pool, user, password)
    return user


# --- SRP -----------------------------------------------------------------------------------------


def begin_srp(
    pool: UserPool,
    client: Client,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
    **data: Any,
) -> dict[str, Any]:
    """USER_SRP_AUTH: the PASSWORD_VERIFIER challenge. `data` is kept for the answer."""
    name, public = required(parameters, "USERNAME", "SRP_A")
    user = users.find(pool, name)
    if user is None and not hides_users(client):
        raise no_user()
    try:
        public_a = int(public, 16)
    except ValueError:
        raise invalid("SRP_A must be a hexadecimal number") from None
    if public_a % srp.N == 0:
        raise not_authorized()
    if user is not None:
        lockout.check(user)
    before(pool, client, name, user, metadata)
    if user is not None and user.verifier:
        salt, verifier, username = user.salt, user.verifier, user.username
    else:
        # Somebody who does not exist looks like anybody else: always the same salt, never a match.
        username = user.username if user else name
        salt = _made_up(pool, f"salt {name}")[:32]
        verifier = _made_up(pool, f"verifier {name}")
    secret, public_b = srp.challenge(verifier)
    block = base64.b64encode(secrets.token_bytes(BLOCK_BYTES)).decode()
    with LOCK:
        pool.sessions[_block_key(block)] = Session(
            "PASSWORD_VERIFIER",
            client.id,
            username,
            clock.time() + SRP_SECONDS,
            {"a": f"{public_a:x}", "b": f"{secret:x}", "B": f"{public_b:x}", "v": verifier, **data},
        )
    return {
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": salt,
            "SECRET_BLOCK": block,
            "SRP_B": f"{public_b:x}",
            "USERNAME": username,
            "USER_ID_FOR_SRP": username,
        },
    }


def _made_up(pool: UserPool, text: str) -> str:
    return hmac.new(pool.keys[0].der, text.encode(), hashlib.sha256).hexdigest()


def _block_key(block: str) -> str:
    return "srp:" + hashlib.sha256(block.encode()).hexdigest()


def verify_srp(
    pool: UserPool, client: Client, responses: dict[str, str]
) -> tuple[User, dict[str, Any]]:
    """PASSWORD_VERIFIER's answer; returns the user and the data that `begin_srp` was given.

    Raises NotAuthorizedException unless the claim is signed with the key that only the password gives.
    """
    _name, given, block, timestamp = required(
        responses,
        "USERNAME",
        "PASSWORD_CLAIM_SIGNATURE",
        "PASSWORD_CLAIM_SECRET_BLOCK",
        "TIMESTAMP",
    )
    with LOCK:
        found = pool.sessions.pop(_block_key(block), None)
    if found is None or found.client_id != client.id or clock.time() > found.expires:
        raise not_authorized()
    data = found.data
    key = srp.session_key(int(data["a"], 16), int(data["B"], 16), int(data["b"], 16), data["v"])
    user = users.find(pool, found.username)
    if key is None:
        raise not_authorized()
    wanted = srp.claim_signature(
        key, srp.pool_name(pool.id), found.username, base64.b64decode(block), timestamp
    )
    try:
        signature = base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        signature = b""
    if user is None:
        raise not_authorized()
    lockout.check(user)
    # A password that was changed meanwhile no longer counts.
    if not hmac.compare_digest(wanted, signature) or user.verifier != data["v"]:
        lockout.wrong(user)
        raise not_authorized("User is disabled." if not user.enabled else WRONG_LOGIN)
    kept = {name: value for name, value in data.items() if name not in ("a", "b", "B", "v")}
    return user, kept


# --- the password that an administrator gave -----------------------------------------------------


def new_password(
    pool: UserPool,
    client: Client,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """NEW_PASSWORD_REQUIRED's answer: the new password and attributes that were missing."""
    user = accept_new_password(pool, client, token, responses)
    if challenge := completion.second_factor(pool, client, user, metadata):
        return challenge
    return completion.finish(pool, client, user, "NewPasswordChallenge", metadata)


def accept_new_password(
    pool: UserPool, client: Client, token: str | None, responses: dict[str, str]
) -> User:
    """Check and keep the new password of a NEW_PASSWORD_REQUIRED session."""
    from sandbox.emulator.cognito import attributes

    session = sessions.find(pool, client, token, "NEW_PASSWORD_REQUIRED")
    user = sessions.user_of(pool, session)
    if users.find(pool, responses.get("USERNAME", "")) is not user:
        raise not_authorized(sessions.INVALID)
    (password,) = required(responses, "NEW_PASSWORD")
    given = {
        name.removeprefix("userAttributes."): value
        for name, value in responses.items()
        if name.startswith("userAttributes.")
    }
    passwords.check(pool, password)
    attributes.check_new(pool, given, required=False)
    attributes.check_writable(client, given)
    for name, rule in pool.schema.items():
        if rule["Required"] and name != "sub" and not (user.attributes | given).get(name):
            raise invalid(f"Invalid attributes given, {name} is missing")
    changed = {name for name, value in given.items() if user.attributes.get(name, value) != value}
    attributes.check_mutable(pool, [name for name in changed if name in user.attributes])
    if "email" in changed and "email" in user.attributes:
        raise not_authorized("Cannot modify an already provided email")
    if "phone_number" in changed and "phone_number" in user.attributes:
        raise not_authorized("Cannot modify an already provided phone_number")
    sessions.close(pool, str(token))
    passwords.check_history(pool, user, password)
    user.attributes.update(given)
    passwords.store(pool, user, password)
    user.status = "CONFIRMED"
    users.touch(user)
    return user
