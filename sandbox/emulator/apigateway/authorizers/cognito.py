"""COGNITO_USER_POOLS authorizers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.emulator.apigateway.errors import unauthorized
from sandbox.emulator.execute_api import tokens

MOMENTS = ("exp", "iat")


def authorize(
    authorizer: Mapping[str, Any], scopes: list[str] | None, token: str | None
) -> dict[str, Any]:
    """The value of `$context.authorizer` for a good token.

    With `scopes` the token must be an access token that has one of them, without it must be an identity
    token. Raises UnauthorizedError.
    """
    if not token:
        raise unauthorized()
    token = token.removeprefix("Bearer ").strip()
    issuers = tuple(tokens.issuer_of_pool(arn) for arn in authorizer.get("providerARNs") or ())
    try:
        claims = tokens.verify(token, issuers)
    except tokens.Expired:
        raise unauthorized("The incoming token has expired") from None
    except tokens.Refused:
        raise unauthorized() from None
    use = claims.get("token_use")
    if scopes:
        granted = str(claims.get("scope", "")).split()
        if use != "access" or not set(scopes) & set(granted):
            raise unauthorized()
    elif use != "id":
        raise unauthorized()
    expression = authorizer.get("identityValidationExpression")
    if expression:
        audience = claims.get("aud") or claims.get("client_id") or ""
        if not re.fullmatch(expression, str(audience)):
            raise unauthorized()
    return {"claims": {name: _text(name, value) for name, value in claims.items()}}


def _text(name: str, value: Any) -> str:
    """A claim as the integration sees it: always a text, times spelled out, lists joined."""
    if name in MOMENTS and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        import json

        return json.dumps(value)
    return str(value)
