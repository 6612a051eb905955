"""The key that signs the OpenID tokens of identity pools, and where others find it."""

from __future__ import annotations

import threading

from localstack.http import Request, Response

from sandbox.emulator.access.principal import DEFAULT_ACCOUNT
from sandbox.emulator.cognito import keys
from sandbox.emulator.cognito.identity.models import stores
from sandbox.emulator.cognito.models import SigningKey
from sandbox.emulator.state import restore, saver

ISSUER = "https://cognito-identity.amazonaws.com"
_lock = threading.Lock()


def signing_key() -> SigningKey:
    """The world's one key, made when it is first needed."""
    found = stores[DEFAULT_ACCOUNT]["us-east-1"].keys
    with _lock:
        if not found:
            found.append(keys.pair()[0])
            saver.mark("cognito-identity")
    return found[0]


def serve(path: str, request: Request, response: Response) -> None:
    """`/.well-known/jwks_uri` and `/.well-known/openid-configuration`, as on AWS."""
    restore.ensure("cognito-identity")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.status_code = 200
    if path == "/.well-known/jwks_uri":
        response.set_json({"keys": [signing_key().jwk]})
    elif path == "/.well-known/openid-configuration":
        response.set_json(
            {
                "issuer": ISSUER,
                "jwks_uri": f"http://{request.host}/.well-known/jwks_uri",
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )
    else:
        response.set_json({"message": "Not found."})
        response.status_code = 404
