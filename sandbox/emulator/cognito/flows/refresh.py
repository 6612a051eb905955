"""Refresh tokens: REFRESH_TOKEN_AUTH and GetTokensFromRefreshToken, with rotation.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

from __future__ import annotations

import hmac
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import secret_hash, tokens, users
from sandbox.emulator.cognito.errors import error, not_authorized
from sandbox.emulator.cognito.models import LOCK, Client, RefreshToken, User, UserPool


def rotates(client: Client) -> bool:
    """Whether the client's refresh tokens are replaced when they are used."""
    return (client.settings.get("RefreshTokenRotation") or {}).get("Feature") == "ENABLED"


def find(pool: UserPool, client: Client, token: str) -> tuple[RefreshToken, User]:
    """What a refresh token stands for; raises NotAuthorizedException in AWS's words."""
    found = pool.refresh_tokens.get(tokens.hash_of(token))
    if found is None or found.client_id != client.id:
        raise not_authorized("Invalid Refresh Token")
    if found.revoked:
        raise not_authorized("Refresh Token has been revoked")
    now = clock.time()
    if now >= found.expires:
        raise not_authorized("Refresh Token has expired")
    if found.replaced_until is not None and now > found.replaced_until:
        # Somebody uses a token that was replaced: the whole family is ended.
        tokens.revoke(pool, found)
        raise error("RefreshTokenReuseException", "Refresh token has been reused.")
    user = users.find(pool, found.username)
    if user is None:
        raise not_authorized("Invalid Refresh Token")
    if not user.enabled:
        raise not_authorized("User is disabled.")
    return found, user


def by_initiate_auth(
    pool: UserPool,
    client: Client,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """REFRESH_TOKEN_AUTH, which clients with rotation do not have."""
    from sandbox.emulator.cognito.flows.password import required

    if rotates(client):
        raise error(
            "UnsupportedOperationException",
            "Refresh token rotation is enabled for this client; use GetTokensFromRefreshToken.",
        )
    (token,) = required(parameters, "REFRESH_TOKEN")
    found, user = find(pool, client, token)
    if client.secret:
        _check_secret_hash(client, user, parameters.get("SECRET_HASH"))
    return {
        "AuthenticationResult": renew(pool, client, found, user, metadata),
        "ChallengeParameters": {},
    }


def _check_secret_hash(client: Client, user: User, given: str | None) -> None:
    if not given:
        secret_hash.check(client, user.username, given)
    # Which of its names the user signed in with is not remembered.
    names = {user.username, user.sub, *filter(None, map(user.attributes.get, ALIASES))}
    # Some of AWS's own SDKs send the secret itself here, and Cognito takes it.
    if hmac.compare_digest(client.secret, given or ""):
        return
    if not any(hmac.compare_digest(secret_hash.of(client, name), given or "") for name in names):
        raise not_authorized(f"SecretHash does not match for the client: {client.id}")


ALIASES = ("email", "phone_number", "preferred_username")


def renew(
    pool: UserPool,
    client: Client,
    found: RefreshToken,
    user: User,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """New ID and access tokens of the same sign-in; with rotation also a new refresh token."""
    scopes = found.scopes if found.group == "oauth" else None
    result = tokens.issue(
        pool,
        client,
        user,
        source="RefreshTokens",
        scopes=scopes,
        metadata=metadata,
        auth_time=found.auth_time,
        origin_jti=found.origin_jti,
        refresh=False,
    )
    if rotates(client):
        grace = (client.settings["RefreshTokenRotation"]).get("RetryGracePeriodSeconds") or 0
        with LOCK:
            if found.replaced_until is None:
                found.replaced_until = clock.time() + grace
        # The new one ends when the first one would have.
        result["RefreshToken"] = tokens.remember(
            pool, client, user, found.origin_jti, found.auth_time, scopes, found.expires
        )
    return result
