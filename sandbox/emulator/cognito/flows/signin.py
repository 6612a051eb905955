"""InitiateAuth and RespondToAuthChallenge: which flow, and may this client use it.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.cognito import secret_hash
from sandbox.emulator.cognito.errors import invalid, not_supported
from sandbox.emulator.cognito.flows import choice, completion, custom, factors, password, refresh
from sandbox.emulator.cognito.models import Client, UserPool
from sandbox.emulator.cognito.operations.clients import flows_of

PASSWORD_FLOWS = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH")
REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
DEVICES = ("DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER")
ONE_TIME = ("SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_OTP")


def initiate(
    pool: UserPool,
    client: Client,
    flow: str,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
    *,
    admin: bool,
) -> dict[str, Any]:
    """Start a flow; the answer is InitiateAuth's."""
    _check_flow(client, flow, admin)
    if flow in REFRESH_FLOWS:
        return refresh.by_initiate_auth(pool, client, parameters, metadata)
    if "USERNAME" in parameters or client.secret:
        name = parameters.get("USERNAME", "")
        secret_hash.check(client, name, parameters.get("SECRET_HASH"))
    if flow == "USER_SRP_AUTH":
        return password.begin_srp(pool, client, parameters, metadata)
    if flow in PASSWORD_FLOWS:
        return password.in_the_clear(pool, client, parameters, metadata)
    if flow == "USER_AUTH":
        return choice.begin(pool, client, parameters, metadata)
    return custom.begin(pool, client, parameters, metadata)


def _check_flow(client: Client, flow: str, admin: bool) -> None:
    allowed = flows_of(client)
    if flow.startswith("ADMIN_"):
        if not admin:
            raise invalid("Initiate Auth method not supported.")
        if "ADMIN_USER_PASSWORD_AUTH" not in allowed:
            raise invalid("Auth flow not enabled for this client")
        return
    if flow in REFRESH_FLOWS:
        # AWS lets a client without ALLOW_REFRESH_TOKEN_AUTH not refresh by this call.
        if "REFRESH_TOKEN_AUTH" not in allowed:
            raise invalid("REFRESH_TOKEN_AUTH flow not enabled for this client")
        return
    if flow not in allowed:
        if flow == "USER_SRP_AUTH":
            raise invalid("USER_SRP_AUTH is not enabled for the client.")
        raise invalid(f"{flow} flow not enabled for this client")


def respond(
    pool: UserPool,
    client: Client,
    challenge: str,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """Carry a sign-in on; the answer is RespondToAuthChallenge's."""
    if challenge in DEVICES:
        raise not_supported("device tracking")
    if challenge in ("WEB_AUTHN", "PASSWORD", "PASSWORD_SRP"):
        raise not_supported(f"the challenge {challenge}")
    if not responses.get("USERNAME"):
        raise invalid("Missing required parameter USERNAME")
    secret_hash.check(client, responses["USERNAME"], responses.get("SECRET_HASH"))
    if challenge == "PASSWORD_VERIFIER":
        user, kept = password.verify_srp(pool, client, responses)
        if "custom" in kept:
            completion.check_state(user)
            return custom.after_password(pool, client, user, kept["custom"], metadata)
        return completion.after_first_factor(pool, client, user, metadata=metadata)
    if challenge == "NEW_PASSWORD_REQUIRED":
        return password.new_password(pool, client, token, responses, metadata)
    if challenge in ONE_TIME:
        return factors.answer(pool, client, challenge, token, responses, metadata)
    if challenge == "SELECT_MFA_TYPE":
        return factors.select(pool, client, token, responses, metadata)
    if challenge == "SELECT_CHALLENGE":
        return choice.select(pool, client, token, responses, metadata)
    if challenge == "MFA_SETUP":
        return factors.set_up(pool, client, token, responses, metadata)
    if challenge == "CUSTOM_CHALLENGE":
        return custom.answer(pool, client, token, responses, metadata)
    raise invalid(f"Unsupported challenge {challenge}")
