"""OpenID tokens of identity pools: what GetOpenIdToken gives and STS takes."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import keys, tokens
from sandbox.emulator.cognito.identity.keys import ISSUER, signing_key
from sandbox.emulator.state import restore

SECONDS = 600


def make(pool_id: str, identity_id: str, amr: list[str], seconds: int = SECONDS) -> str:
    """A signed token that says which identity its holder is."""
    now = int(clock.time())
    return tokens.signed(
        signing_key(),
        {
            "sub": identity_id,
            "aud": pool_id,
            "amr": amr,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "exp": now + seconds,
            "iat": now,
        },
    )


def read(token: str) -> dict[str, Any] | None:
    """The claims of a token of ours that has not expired; None for all else."""
    restore.ensure("cognito-identity")
    try:
        message, header, claims, signature = tokens.parts(token)
    except ValueError:
        return None
    key = signing_key()
    if claims.get("iss") != ISSUER or header.get("kid") != key.kid:
        return None
    if not keys.verifies(key, message, signature) or clock.time() >= claims["exp"]:
        return None
    return claims
