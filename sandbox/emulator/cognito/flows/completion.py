"""Behind the first factor: what still stands between a user and the tokens."""

from __future__ import annotations

import json
from typing import Any

from sandbox.emulator.cognito import (
    attributes,
    codes,
    delivery,
    passwords,
    tokens,
    triggers,
)
from sandbox.emulator.cognito.errors import error, not_authorized
from sandbox.emulator.cognito.flows import sessions
from sandbox.emulator.cognito.models import Client, User, UserPool

TOTP, SMS, EMAIL = "SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"


def check_state(user: User) -> None:
    """Raise for users who cannot sign in whatever they know."""
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if user.status == "UNCONFIRMED":
        raise error("UserNotConfirmedException", "User is not confirmed.")
    if user.status == "RESET_REQUIRED":
        raise error("PasswordResetRequiredException", "Password reset required for the user")


def after_first_factor(
    pool: UserPool,
    client: Client,
    user: User,
    *,
    metadata: dict[str, str] | None = None,
    password_less: bool = False,
) -> dict[str, Any]:
    """The next challenge, or the tokens."""
    challenge = next_challenge(pool, client, user, metadata=metadata, password_less=password_less)
    return challenge or finish(pool, client, user, "Authentication", metadata)


def next_challenge(
    pool: UserPool,
    client: Client,
    user: User,
    *,
    metadata: dict[str, str] | None = None,
    password_less: bool = False,
) -> dict[str, Any] | None:
    """What a user who knows the password still has to do; None when nothing is left."""
    check_state(user)
    if user.status == "FORCE_CHANGE_PASSWORD" and not password_less:
        if passwords.temporary_has_expired(pool, user):
            raise not_authorized(
                "Temporary password has expired and must be reset by an administrator."
            )
        return _new_password(pool, client, user)
    return None if password_less else second_factor(pool, client, user, metadata)


def _new_password(pool: UserPool, client: Client, user: User) -> dict[str, Any]:
    shown = {k: v for k, v in attributes.of_user(user).items() if k != "sub"}
    missing = [
        f"userAttributes.{name}"
        for name, rule in pool.schema.items()
        if rule["Required"] and name != "sub" and not user.attributes.get(name)
    ]
    return {
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": sessions.open_session(pool, client, user.username, "NEW_PASSWORD_REQUIRED"),
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": json.dumps(missing, separators=(",", ":")),
            "userAttributes": json.dumps(shown, separators=(",", ":")),
        },
    }


def factors_of(pool: UserPool, user: User) -> list[str]:
    """The second factors that the user can answer and the pool still offers."""
    settings = pool.mfa_settings
    found = []
    totp_on = (settings.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
    if totp_on and user.totp_secret and TOTP in user.mfa:
        found.append(TOTP)
    forced = settings.get("MfaConfiguration") == "ON"
    if (
        settings.get("SmsMfaConfiguration")
        and user.attributes.get("phone_number")
        and (SMS in user.mfa or (forced and not user.mfa))
    ):
        found.append(SMS)
    if (
        settings.get("EmailMfaConfiguration")
        and user.attributes.get("email")
        and (EMAIL in user.mfa or (forced and not user.mfa and not found))
    ):
        found.append(EMAIL)
    return found


def second_factor(
    pool: UserPool, client: Client, user: User, metadata: dict[str, str] | None = None
) -> dict[str, Any] | None:
    """The challenge of a second factor; None when the pool or the user has none."""
    mode = pool.mfa_settings.get("MfaConfiguration", "OFF")
    if mode == "OFF":
        return None
    found = factors_of(pool, user)
    if user.preferred_mfa in found:
        found = [user.preferred_mfa]
    if len(found) > 1:
        session = sessions.open_session(
            pool, client, user.username, "SELECT_MFA_TYPE", choices=found
        )
        return {
            "ChallengeName": "SELECT_MFA_TYPE",
            "Session": session,
            "ChallengeParameters": {
                "MFAS_CAN_CHOOSE": json.dumps(found),
                "USER_ID_FOR_SRP": user.username,
            },
        }
    if found:
        return ask_factor(pool, client, user, found[0], metadata)
    if mode != "ON":
        return None
    allowed = []
    if (pool.mfa_settings.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled"):
        allowed.append(TOTP)
    if pool.mfa_settings.get("SmsMfaConfiguration"):
        allowed.append(SMS)
    if pool.mfa_settings.get("EmailMfaConfiguration"):
        allowed.append(EMAIL)
    return {
        "ChallengeName": "MFA_SETUP",
        "Session": sessions.open_session(pool, client, user.username, "MFA_SETUP"),
        "ChallengeParameters": {
            "MFAS_CAN_SETUP": json.dumps(allowed),
            "USER_ID_FOR_SRP": user.username,
        },
    }


def ask_factor(
    pool: UserPool,
    client: Client,
    user: User,
    factor: str,
    metadata: dict[str, str] | None = None,
    *,
    first: bool = False,
) -> dict[str, Any]:
    """Ask for a one-time code: of the authenticator app, or one that is sent now.

    With `first` the code is the first factor (`SMS_OTP`, `EMAIL_OTP` of USER_AUTH).
    """
    parameters = {"USER_ID_FOR_SRP": user.username}
    data: dict[str, Any] = {"first": first}
    if factor == TOTP:
        parameters["FRIENDLY_DEVICE_NAME"] = "TOTP device"
    else:
        attribute = "email" if factor == EMAIL else "phone_number"
        code = codes.new(codes.MFA_SECONDS)
        codes.count_sent(user, f"mfa-{attribute}")
        sent = delivery.send_code(
            pool,
            user,
            "Authentication",
            attribute,
            user.attributes[attribute],
            code.value,
            client_id=client.id,
            metadata=metadata,
        )
        parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] = sent["DeliveryMedium"]
        parameters["CODE_DELIVERY_DESTINATION"] = sent["Destination"]
        data["code"] = code.value
    return {
        "ChallengeName": factor,
        "Session": sessions.open_session(pool, client, user.username, factor, **data),
        "ChallengeParameters": parameters,
    }


def finish(
    pool: UserPool,
    client: Client,
    user: User,
    source: str,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The tokens, after the post authentication trigger has agreed."""
    authenticated(pool, client, user, metadata)
    result = tokens.issue(pool, client, user, source=source, metadata=metadata)
    return {"AuthenticationResult": result, "ChallengeParameters": {}}


def authenticated(
    pool: UserPool, client: Client, user: User, metadata: dict[str, str] | None = None
) -> None:
    """Call the post authentication trigger."""
    user.attempts.pop("password", None)
    user.locked_until = 0.0
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "newDeviceUsed": False,
    }
    triggers.call(
        pool,
        "PostAuthentication",
        "PostAuthentication_Authentication",
        username=user.username,
        client_id=client.id,
        request=triggers.client_metadata(request, metadata),
    )
