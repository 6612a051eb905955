"""Answers to second factors and to the choice between factors."""

from __future__ import annotations

import hmac
from typing import Any

from sandbox.emulator.cognito import codes, totp
from sandbox.emulator.cognito.errors import error, invalid, limit_exceeded
from sandbox.emulator.cognito.flows import completion, sessions
from sandbox.emulator.cognito.models import Client, User, UserPool

ANSWERS = {
    "SMS_MFA": "SMS_MFA_CODE",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
    "SMS_OTP": "SMS_OTP_CODE",
}


def answer(
    pool: UserPool,
    client: Client,
    challenge: str,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """A one-time code for the session's factor."""
    user, first = accept(pool, client, challenge, token, responses)
    if first:
        return completion.after_first_factor(
            pool, client, user, metadata=metadata, password_less=True
        )
    return completion.finish(pool, client, user, "Authentication", metadata)


def accept(
    pool: UserPool,
    client: Client,
    challenge: str,
    token: str | None,
    responses: dict[str, str],
) -> tuple[User, bool]:
    """Check a one-time code; returns the user and whether the code was the first factor."""
    session = sessions.find(pool, client, token, challenge)
    user = sessions.user_of(pool, session)
    code = responses.get(ANSWERS[challenge])
    if not code:
        raise invalid(f"Missing required parameter {ANSWERS[challenge]}")
    if codes.tries(user, "wrong-mfa") >= codes.MOST_WRONG_CODES:
        raise limit_exceeded()
    if challenge == completion.TOTP:
        check_totp(user, user.totp_secret, code)
    elif not hmac.compare_digest(session.data["code"].encode(), code.encode()):
        codes.count(user, "wrong-mfa")
        raise error("CodeMismatchException", "Invalid code or auth state for the user.")
    sessions.close(pool, str(token))
    user.attempts.pop("wrong-mfa", None)
    if session.data.get("first"):
        verified = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}.get(challenge)
        if verified:
            user.attributes[f"{verified}_verified"] = "true"
        return user, True
    return user, False


def check_totp(user: User, secret: str, code: str) -> None:
    """Raise unless the code is the authenticator app's of now; each code fits once."""
    step = totp.matching_step(secret, code)
    if step is None:
        codes.count(user, "wrong-mfa")
        raise error("CodeMismatchException", "Invalid code received for user")
    if step <= user.totp_last_step:
        raise error("ExpiredCodeException", "Your software token has already been used once.")
    user.totp_last_step = step


def begin_totp(pool: UserPool, user: User) -> str:
    """A new secret for the user's authenticator app, in use once a code of it was seen."""
    if not (pool.mfa_settings.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled"):
        raise error(
            "SoftwareTokenMFANotFoundException",
            "Software Token MFA has not been enabled by the userPool",
        )
    user.totp_pending = totp.new_secret()
    return user.totp_pending


def finish_totp(user: User, code: str) -> None:
    """Take the secret into use; raises EnableSoftwareTokenMFAException for a wrong code."""
    if not user.totp_pending:
        raise invalid("User has not set up software token mfa")
    step = totp.matching_step(user.totp_pending, code)
    if step is None:
        raise error("EnableSoftwareTokenMFAException", "Code mismatch")
    user.totp_secret, user.totp_pending = user.totp_pending, ""
    # The code that proves the secret may be typed again at the sign-in right after it.
    user.totp_last_step = step - 1


def select(
    pool: UserPool,
    client: Client,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """SELECT_MFA_TYPE's answer."""
    session = sessions.find(pool, client, token, "SELECT_MFA_TYPE")
    choice = responses.get("ANSWER") or ""
    if choice not in session.data["choices"]:
        raise invalid("Invalid MFA type selected.")
    user = sessions.user_of(pool, session)
    sessions.close(pool, str(token))
    return completion.ask_factor(pool, client, user, choice, metadata)


def set_up(
    pool: UserPool,
    client: Client,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """MFA_SETUP's answer, after VerifySoftwareToken gave the session that says so."""
    session = sessions.find(pool, client, token, "MFA_SETUP")
    user = sessions.user_of(pool, session)
    if not session.data.get("verified"):
        raise invalid("User has not set up software token mfa")
    sessions.close(pool, str(token))
    return completion.finish(pool, client, user, "Authentication", metadata)
