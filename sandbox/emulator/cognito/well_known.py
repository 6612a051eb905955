"""`/POOL/.well-known/jwks.json` and `openid-configuration`: what verifies a pool's tokens.

The issuer is AWS's own address, as in the tokens; the endpoints are those of this machine.
https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints-oauth-grants.html
"""

from __future__ import annotations

from typing import Any

from localstack.http import Request, Response

from sandbox.emulator.cognito import models
from sandbox.emulator.cognito.models import UserPool
from sandbox.emulator.state import restore

SCOPES = ["openid", "email", "phone", "profile"]


def serve(pool_id: str, name: str, request: Request, response: Response) -> None:
    """Fill `response` for `GET /{pool_id}/.well-known/{name}`."""
    restore.ensure("cognito-idp")
    response.headers["Access-Control-Allow-Origin"] = "*"
    pool = models.find_pool(pool_id)
    if pool is None:
        _json(response, {"message": f"User pool {pool_id} does not exist."}, 404)
    elif request.method not in ("GET", "HEAD"):
        _json(response, {"message": "Method not allowed."}, 405)
    elif name == "jwks.json":
        response.headers["Cache-Control"] = "public, max-age=86400"
        _json(response, {"keys": [key.jwk for key in pool.keys]})
    elif name == "openid-configuration":
        _json(response, _configuration(pool, request))
    else:
        _json(response, {"message": "Not found."}, 404)


def _configuration(pool: UserPool, request: Request) -> dict[str, Any]:
    port = request.host.partition(":")[2]
    suffix = f":{port}" if port else ""
    found: dict[str, Any] = {
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": pool.issuer,
        "jwks_uri": f"http://localhost{suffix}/{pool.id}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "scopes_supported": SCOPES,
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    domain = pool.domain
    if domain:
        base = f"http://{domain}.auth.{pool.region}.localhost{suffix}"
        found |= {
            "authorization_endpoint": f"{base}/oauth2/authorize",
            "end_session_endpoint": f"{base}/logout",
            "revocation_endpoint": f"{base}/oauth2/revoke",
            "token_endpoint": f"{base}/oauth2/token",
            "userinfo_endpoint": f"{base}/oauth2/userInfo",
        }
    return dict(sorted(found.items()))


def _json(response: Response, value: Any, status: int = 200) -> None:
    response.set_json(value)
    response.status_code = status
