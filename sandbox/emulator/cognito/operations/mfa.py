"""Second factors of users: authenticator apps, text messages, mail.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito import models, tokens, users
from sandbox.emulator.cognito.errors import invalid, not_authorized
from sandbox.emulator.cognito.flows import completion, factors, sessions
from sandbox.emulator.cognito.models import Client, Session, User, UserPool
from sandbox.emulator.cognito.operations.base import Request, operation, user_of

SETTINGS = (
    ("SMSMfaSettings", completion.SMS),
    ("SoftwareTokenMfaSettings", completion.TOTP),
    ("EmailMfaSettings", completion.EMAIL),
)


class MfaOperations:
    """AssociateSoftwareToken to AdminSetUserMFAPreference."""

    @operation("AssociateSoftwareToken")
    def associate_software_token(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A secret for the user's authenticator app."""
        pool, client, user, session = _caller(request)
        factors.begin_totp(pool, user)
        answer = {"SecretCode": user.totp_pending}
        if session is not None:
            sessions.close(pool, request["Session"])
            answer["Session"] = sessions.open_session(pool, client, user.username, "MFA_SETUP")
        return answer

    @operation("VerifySoftwareToken")
    def verify_software_token(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The app's first code proves that it has the secret."""
        pool, client, user, session = _caller(request)
        factors.finish_totp(user, request["UserCode"])
        answer: dict[str, Any] = {"Status": "SUCCESS"}
        if session is not None:
            if completion.TOTP not in user.mfa:
                user.mfa.append(completion.TOTP)
            sessions.close(pool, request["Session"])
            answer["Session"] = sessions.open_session(
                pool, client, user.username, "MFA_SETUP", verified=True
            )
        return answer

    @operation("SetUserMFAPreference")
    def set_user_mfa_preference(self, context: RequestContext, request: Request) -> None:
        """Which factors the user wants to be asked for."""
        _pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        _prefer(user, request)

    @operation("AdminSetUserMFAPreference")
    def admin_set_user_mfa_preference(self, context: RequestContext, request: Request) -> None:
        """The same, for a user."""
        _pool, user = user_of(context, request)
        _prefer(user, request)


def _caller(request: Request) -> tuple[UserPool, Client, User, Session | None]:
    """Who sets an app up: the holder of an access token, or of an MFA_SETUP session."""
    if request.get("AccessToken"):
        pool, client, user, _claims = tokens.authenticate(request["AccessToken"])
        return pool, client, user, None
    if not request.get("Session"):
        raise invalid("Either an access token or a session is required.")
    for pool in models.all_pools():
        try:
            session = sessions.find(pool, None, request["Session"], "MFA_SETUP")
        except Exception as refusal:
            if getattr(refusal, "message", "") in (sessions.EXPIRED, sessions.ONCE):
                raise
            continue
        found = users.find(pool, session.username)
        owner = pool.clients.get(session.client_id)
        if found is not None and owner is not None:
            return pool, owner, found, session
    raise not_authorized(sessions.INVALID)


def _prefer(user: User, request: Request) -> None:
    chosen, preferred = list(user.mfa), user.preferred_mfa
    for parameter, name in SETTINGS:
        given = request.get(parameter)
        if given is None:
            continue
        if given.get("Enabled"):
            _check_ready(user, name)
            if name not in chosen:
                chosen.append(name)
        elif name in chosen:
            chosen.remove(name)
        if given.get("PreferredMfa"):
            if not given.get("Enabled"):
                raise invalid("A preferred MFA method must be enabled.")
            preferred = name
        elif preferred == name:
            preferred = ""
    wanted = [
        parameter
        for parameter, _name in SETTINGS
        if (request.get(parameter) or {}).get("PreferredMfa")
    ]
    if len(wanted) > 1:
        raise invalid("Only one MFA method can be preferred.")
    user.mfa = chosen
    user.preferred_mfa = preferred if preferred in chosen else ""
    users.touch(user)


def _check_ready(user: User, name: str) -> None:
    if name == completion.TOTP and not user.totp_secret:
        raise invalid("User has not verified software token mfa")
    if name == completion.SMS and not user.attributes.get("phone_number"):
        raise invalid("User does not have delivery config set to turn on SMS_MFA")
    if name == completion.EMAIL and not user.attributes.get("email"):
        raise invalid("User does not have delivery config set to turn on EMAIL_OTP")
