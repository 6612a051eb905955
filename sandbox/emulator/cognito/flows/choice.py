"""USER_AUTH: the user chooses how to sign in, among what the pool's SignInPolicy allows.

https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.cognito import users
from sandbox.emulator.cognito.errors import invalid, no_user, not_authorized
from sandbox.emulator.cognito.flows import completion, password, sessions
from sandbox.emulator.cognito.models import Client, User, UserPool

ADDRESSES = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


def begin(
    pool: UserPool,
    client: Client,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """The preferred challenge, or SELECT_CHALLENGE."""
    (name,) = password.required(parameters, "USERNAME")
    user = users.find(pool, name)
    if user is None:
        raise not_authorized() if password.hides_users(client) else no_user()
    available = available_to(pool, user)
    preferred = parameters.get("PREFERRED_CHALLENGE")
    if preferred in available:
        return _take(pool, client, user, str(preferred), parameters, metadata)
    session = sessions.open_session(pool, client, user.username, "SELECT_CHALLENGE")
    return {
        "ChallengeName": "SELECT_CHALLENGE",
        "Session": session,
        "ChallengeParameters": {"USERNAME": user.username},
        "AvailableChallenges": available,
    }


def available_to(pool: UserPool, user: User) -> list[str]:
    """The first factors that the pool allows and the user can answer."""
    allowed = pool.settings["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
    found = [
        factor
        for factor, attribute in ADDRESSES.items()
        if factor in allowed and user.attributes.get(attribute)
    ]
    if "PASSWORD" in allowed and user.has_password:
        found += ["PASSWORD", "PASSWORD_SRP"]
    return found


def select(
    pool: UserPool,
    client: Client,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """SELECT_CHALLENGE's answer."""
    session = sessions.find(pool, client, token, "SELECT_CHALLENGE")
    user = sessions.user_of(pool, session)
    choice = responses.get("ANSWER") or ""
    if choice not in available_to(pool, user):
        raise invalid("Invalid challenge selected.")
    sessions.close(pool, str(token))
    return _take(pool, client, user, choice, responses, metadata)


def _take(
    pool: UserPool,
    client: Client,
    user: User,
    choice: str,
    given: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    named = {**given, "USERNAME": user.username}
    if choice == "PASSWORD_SRP":
        return password.begin_srp(pool, client, named, metadata)
    if choice == "PASSWORD":
        return password.in_the_clear(pool, client, named, metadata)
    completion.check_state(user)
    password.before(pool, client, user.username, user, metadata)
    factor = "EMAIL_OTP" if choice == "EMAIL_OTP" else "SMS_MFA"
    found = completion.ask_factor(pool, client, user, factor, metadata, first=True)
    if choice == "SMS_OTP":
        found["ChallengeName"] = "SMS_OTP"
        sessions.find(pool, client, found["Session"], "SMS_MFA").kind = "SMS_OTP"
    return found
