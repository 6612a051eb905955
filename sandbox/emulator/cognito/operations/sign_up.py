"""Registering: SignUp, its confirmation, and forgotten passwords.

https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito import (
    attributes,
    codes,
    delivery,
    passwords,
    secret_hash,
    triggers,
    users,
)
from sandbox.emulator.cognito.errors import error, invalid, no_user, not_authorized
from sandbox.emulator.cognito.flows.password import hides_users
from sandbox.emulator.cognito.flows.sessions import open_session
from sandbox.emulator.cognito.models import LOCK, Client, User, UserPool
from sandbox.emulator.cognito.operations.base import Request, any_client, operation

UNKNOWN = "Username/client id combination not found."


class SignUpOperations:
    """SignUp to ConfirmForgotPassword; none of them needs a signature."""

    @operation("SignUp")
    def sign_up(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A new user, who confirms an address with the code sent to it."""
        pool, client = any_client(request["ClientId"])
        secret_hash.check(client, request["Username"], request.get("SecretHash"))
        return register(
            pool,
            client,
            request["Username"],
            request.get("Password"),
            attributes.as_dict(request.get("UserAttributes")),
            validation=attributes.as_dict(request.get("ValidationData")),
            metadata=request.get("ClientMetadata"),
        )

    @operation("ConfirmSignUp")
    def confirm_sign_up(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Confirm with the code of the mail."""
        pool, client = any_client(request["ClientId"])
        secret_hash.check(client, request["Username"], request.get("SecretHash"))
        user = users.find(pool, request["Username"])
        if user is None:
            raise codes.expired() if hides_users(client) else no_user(UNKNOWN)
        confirm(
            pool,
            client,
            user,
            request["ConfirmationCode"],
            force=bool(request.get("ForceAliasCreation")),
            metadata=request.get("ClientMetadata"),
        )
        session = open_session(pool, client, user.username, "CONFIRMED_SIGN_UP")
        return {"Session": session}

    @operation("ResendConfirmationCode")
    def resend_confirmation_code(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Another code; the ones before it no longer fit."""
        pool, client = any_client(request["ClientId"])
        name = request["Username"]
        secret_hash.check(client, name, request.get("SecretHash"))
        user = users.find(pool, name)
        if user is None:
            if hides_users(client):
                return {"CodeDeliveryDetails": pretended(pool, name)}
            raise no_user(UNKNOWN)
        return {"CodeDeliveryDetails": resend(pool, client, user, request.get("ClientMetadata"))}

    @operation("ForgotPassword")
    def forgot_password(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Send a code with which a new password can be set."""
        pool, client = any_client(request["ClientId"])
        name = request["Username"]
        secret_hash.check(client, name, request.get("SecretHash"))
        user = users.find(pool, name)
        if user is None:
            if hides_users(client):
                return {"CodeDeliveryDetails": pretended(pool, name)}
            raise no_user()
        return {"CodeDeliveryDetails": forgot(pool, client, user, request.get("ClientMetadata"))}

    @operation("ConfirmForgotPassword")
    def confirm_forgot_password(self, context: RequestContext, request: Request) -> None:
        """Set a new password with the code."""
        pool, client = any_client(request["ClientId"])
        name = request["Username"]
        secret_hash.check(client, name, request.get("SecretHash"))
        user = users.find(pool, name)
        if user is None:
            raise codes.expired() if hides_users(client) else no_user(UNKNOWN)
        reset(
            pool,
            client,
            user,
            request["ConfirmationCode"],
            request["Password"],
            request.get("ClientMetadata"),
        )


# --- what the hosted pages do as well ------------------------------------------------------------


def register(
    pool: UserPool,
    client: Client,
    name: str,
    password: str | None,
    given: dict[str, str],
    *,
    validation: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """SignUp; the answer is its response."""
    if (pool.settings.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise not_authorized("SignUp is not permitted for this user pool")
    factors = pool.settings["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
    # Where codes are a first factor, a user may have no password at all.
    if not password and factors == ["PASSWORD"]:
        raise error(
            "InvalidPasswordException",
            "Password did not conform with policy: Password not long enough",
        )
    if password:
        passwords.check(pool, password)
    attributes.check_writable(client, given)
    with LOCK:
        username, sub = users.internal_name(pool, name, given)
        attributes.check_new(pool, given, required=True)
        users.check_unique_addresses(pool, given, None)
        # Taken now: the trigger runs without the lock.
        user = users.add(pool, username, sub, given, "UNCONFIRMED")
    try:
        verdict = before_sign_up(pool, client, user, "SignUp", validation, metadata)
    except Exception:
        users.remove(pool, user)
        raise
    if password:
        passwords.store(pool, user, password)
    for attribute, answer in (("email", "autoVerifyEmail"), ("phone_number", "autoVerifyPhone")):
        if attribute in user.attributes:
            verified = "true" if verdict.get(answer) else "false"
            user.attributes[f"{attribute}_verified"] = verified
    confirmed = bool(verdict.get("autoConfirmUser"))
    answer_: dict[str, Any] = {"UserConfirmed": confirmed, "UserSub": sub}
    if confirmed:
        user.status = "CONFIRMED"
        after_confirmation(pool, client, user, "ConfirmSignUp", metadata)
        return answer_
    attribute_ = _confirmed_by(pool, user)
    if attribute_ is not None:
        answer_["CodeDeliveryDetails"] = _send(pool, client, user, attribute_, "SignUp", metadata)
        answer_["Session"] = open_session(pool, client, user.username, "SIGN_UP")
    return answer_


def before_sign_up(
    pool: UserPool,
    client: Client | None,
    user: User,
    source: str,
    validation: dict[str, str] | None,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "userAttributes": dict(user.attributes),
        "validationData": dict(validation) if validation else None,
    }
    return (
        triggers.call(
            pool,
            "PreSignUp",
            f"PreSignUp_{source}",
            username=user.username,
            client_id=client.id if client else None,
            request=triggers.client_metadata(request, metadata),
            response={
                "autoConfirmUser": False,
                "autoVerifyEmail": False,
                "autoVerifyPhone": False,
            },
        )
        or {}
    )


def after_confirmation(
    pool: UserPool,
    client: Client | None,
    user: User,
    source: str,
    metadata: dict[str, str] | None,
) -> None:
    triggers.call(
        pool,
        "PostConfirmation",
        f"PostConfirmation_{source}",
        username=user.username,
        client_id=client.id if client else None,
        request=triggers.client_metadata(
            {"userAttributes": triggers.user_attributes(user)}, metadata
        ),
    )


def _confirmed_by(pool: UserPool, user: User) -> str | None:
    """The address that gets the confirmation code: of two the phone, as on AWS."""
    automatic = pool.settings.get("AutoVerifiedAttributes") or ()
    for attribute in ("phone_number", "email"):
        if attribute in automatic and user.attributes.get(attribute):
            return attribute
    return None


def _send(
    pool: UserPool,
    client: Client,
    user: User,
    attribute: str,
    source: str,
    metadata: dict[str, str] | None,
) -> dict[str, str]:
    user.confirmation = codes.new(codes.SIGN_UP_SECONDS, attribute)
    return delivery.send_code(
        pool,
        user,
        source,
        attribute,
        user.attributes[attribute],
        user.confirmation.value,
        client_id=client.id,
        metadata=metadata,
    )


def resend(
    pool: UserPool, client: Client, user: User, metadata: dict[str, str] | None = None
) -> dict[str, str]:
    """A new confirmation code; returns CodeDeliveryDetails."""
    if user.status != "UNCONFIRMED":
        raise invalid("User is already confirmed.")
    attribute = _confirmed_by(pool, user)
    if attribute is None:
        raise invalid("Auto verification not turned on.")
    codes.count_sent(user, "sign-up")
    return _send(pool, client, user, attribute, "ResendCode", metadata)


def confirm(
    pool: UserPool,
    client: Client,
    user: User,
    code: str,
    *,
    force: bool = False,
    metadata: dict[str, str] | None = None,
) -> None:
    """ConfirmSignUp for a user of this pool."""
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if user.status != "UNCONFIRMED":
        raise not_authorized(f"User cannot be confirmed. Current status is {user.status}")
    with LOCK:
        codes.check(user, user.confirmation, code, "sign-up")
        attribute = user.confirmation.attribute if user.confirmation else ""
        if attribute:
            users.claim_alias(pool, user, attribute, user.attributes[attribute], force=force)
            user.attributes[f"{attribute}_verified"] = "true"
        user.confirmation = None
        user.status = "CONFIRMED"
        users.touch(user)
    after_confirmation(pool, client, user, "ConfirmSignUp", metadata)


def recovery_address(pool: UserPool, user: User) -> str | None:
    """The attribute that gets the code of a forgotten password: verified, in the pool's order."""
    mechanisms = (pool.settings.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms")
    if mechanisms:
        ordered = sorted(mechanisms, key=lambda item: item["Priority"])
        names = [item["Name"].removeprefix("verified_") for item in ordered]
    else:
        names = ["phone_number", "email"]
    for name in names:
        if user.attributes.get(name) and user.attributes.get(f"{name}_verified") == "true":
            return name
    return None


def forgot(
    pool: UserPool, client: Client, user: User, metadata: dict[str, str] | None = None
) -> dict[str, str]:
    """ForgotPassword for a user of this pool; returns CodeDeliveryDetails."""
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if user.status in ("FORCE_CHANGE_PASSWORD", "EXTERNAL_PROVIDER"):
        raise not_authorized("User password cannot be reset in the current state.")
    attribute = recovery_address(pool, user)
    if attribute is None:
        raise invalid(
            "Cannot reset password for the user as there is no registered/verified email or "
            "phone_number"
        )
    codes.count_sent(user, "reset")
    user.reset = codes.new(codes.RESET_SECONDS, attribute)
    return delivery.send_code(
        pool,
        user,
        "ForgotPassword",
        attribute,
        user.attributes[attribute],
        user.reset.value,
        client_id=client.id,
        metadata=metadata,
    )


def reset(
    pool: UserPool,
    client: Client,
    user: User,
    code: str,
    password: str,
    metadata: dict[str, str] | None = None,
) -> None:
    """ConfirmForgotPassword for a user of this pool."""
    if not user.enabled:
        raise not_authorized("User is disabled.")
    passwords.check(pool, password)
    with LOCK:
        codes.check(user, user.reset, code, "reset")
        passwords.check_history(pool, user, password)
        attribute = user.reset.attribute if user.reset else ""
        user.reset = None
        passwords.store(pool, user, password)
        user.attempts.pop("password", None)
        user.locked_until = 0.0
        if user.status in ("RESET_REQUIRED", "UNCONFIRMED"):
            user.status = "CONFIRMED"
        if attribute:
            user.attributes[f"{attribute}_verified"] = "true"
        users.touch(user)
    after_confirmation(pool, client, user, "ConfirmForgotPassword", metadata)


def pretended(pool: UserPool, name: str) -> dict[str, str]:
    """Delivery details for somebody who does not exist."""
    address = name if attributes.EMAIL.fullmatch(name) else f"{name[:1]}@{name[-1:]}.example"
    return delivery.details("email", address)
