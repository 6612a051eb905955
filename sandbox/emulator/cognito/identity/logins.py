"""The `Logins` of a request: which providers vouch for the caller, and as whom.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-integrating-user-pools-with-identity-pools.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import tokens, users
from sandbox.emulator.cognito.errors import not_authorized, not_found
from sandbox.emulator.cognito.identity import open_id
from sandbox.emulator.cognito.identity.models import IdentityPool
from sandbox.emulator.state import restore

USER_POOL = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com/[\w-]+")
DEVELOPER = "cognito-identity.amazonaws.com"


@dataclass
class Login:
    """One proven login. `user` is the provider's name for the user; `amr` what policies see of it."""

    provider: str
    user: str
    claims: dict[str, Any]
    amr: list[str]
    identity_id: str | None = None


def check(pool: IdentityPool, logins: Mapping[str, str] | None) -> list[Login]:
    """Prove every login of a request; raises NotAuthorizedException for the first that does not hold."""
    return [_check(pool, provider, token) for provider, token in (logins or {}).items()]


def _check(pool: IdentityPool, provider: str, token: str) -> Login:
    if provider == DEVELOPER:
        claims = open_id.read(token)
        if claims is None or claims["aud"] != pool.id:
            raise not_authorized("Invalid login token. Not a valid OpenId Connect identity token.")
        return Login(provider, claims["sub"], claims, claims["amr"], claims["sub"])
    if not USER_POOL.fullmatch(provider):
        raise not_authorized("Token is not from a supported provider of this identity pool.")
    return _of_user_pool(pool, provider, token)


def _of_user_pool(pool: IdentityPool, provider: str, token: str) -> Login:
    trusted = [
        given
        for given in pool.settings.get("CognitoIdentityProviders") or ()
        if given.get("ProviderName") == provider
    ]
    if not trusted:
        raise not_authorized("Token is not from a supported provider of this identity pool.")
    restore.ensure("cognito-idp")
    try:
        owner, claims = tokens.read(token)
    except (ValueError, KeyError, TypeError):
        raise not_authorized(
            "Invalid login token. Couldn't verify signed token."
            if token.count(".") == 2
            else "Invalid login token. Not a valid OpenId Connect identity token."
        ) from None
    if owner.provider_name != provider:
        raise not_authorized("Invalid login token. Issuer doesn't match providerName")
    if claims.get("token_use") != "id":
        raise not_authorized("Invalid login token. Missing a required claim: aud")
    now = int(clock.time())
    if now >= claims["exp"]:
        raise not_authorized(f"Invalid login token. Token expired: {claims['exp']} >= {now}")
    fitting = [given for given in trusted if given.get("ClientId") == claims["aud"]]
    if not fitting:
        raise not_authorized("Token is not from a supported provider of this identity pool.")
    if any(given.get("ServerSideTokenCheck") for given in fitting):
        user = users.find(owner, claims["cognito:username"])
        if user is None or not user.enabled or tokens.is_revoked(owner, user, claims):
            raise not_authorized("Invalid login token. Token has been revoked.")
    amr = [
        "authenticated",
        provider,
        f"{provider}:CognitoSignIn:{claims['sub']}",
    ]
    return Login(provider, claims["sub"], claims, amr)


def missing_pool(pool_id: str):
    """ResourceNotFoundException."""
    return not_found(f"IdentityPool '{pool_id}' not found.")
