"""ID, access and refresh tokens: made, checked, ended.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import uuid
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import claims, keys, models, users
from sandbox.emulator.cognito.errors import not_authorized
from sandbox.emulator.cognito.models import LOCK, Client, RefreshToken, SigningKey, User, UserPool

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
OWN_SCOPE = "aws.cognito.signin.user.admin"
# AWS's refresh tokens are encrypted (JWE); ours only look so and mean nothing to anybody but the pool.
REFRESH_HEADER = base64.urlsafe_b64encode(b'{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}').rstrip(
    b"="
)
REFRESH_PARTS = (256, 12, 740, 16)


def seconds_of(client: Client, kind: str) -> int:
    """How long a client's `Access`, `Id` or `Refresh` tokens live."""
    default, unit = (30, "days") if kind == "Refresh" else (1, "hours")
    value = client.settings.get(f"{kind}TokenValidity")
    if not value:
        return default * UNITS[unit]
    units = client.settings.get("TokenValidityUnits") or {}
    return value * UNITS[units.get(f"{kind}Token") or unit]


def _encode(value: Any) -> bytes:
    raw = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(key: SigningKey, payload: dict[str, Any]) -> str:
    """A compact JSON web token."""
    message = _encode({"kid": key.kid, "alg": "RS256"}) + b"." + _encode(payload)
    signature = base64.urlsafe_b64encode(keys.sign(key, message)).rstrip(b"=")
    return (message + b"." + signature).decode()


def hash_of(token: str) -> str:
    """How a refresh token is known to its pool."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    pool: UserPool,
    client: Client,
    user: User,
    *,
    source: str,
    scopes: list[str] | None = None,
    nonce: str = "",
    metadata: dict[str, str] | None = None,
    auth_time: int | None = None,
    origin_jti: str | None = None,
    refresh: bool = True,
) -> dict[str, Any]:
    """AuthenticationResultType for a user who has signed in.

    `source` is the pre token generation trigger's source behind `TokenGeneration_`. `scopes` None is a
    sign-in by the API. With `refresh` there is a new refresh token; `origin_jti` and `auth_time` are
    those of the first sign-in.
    """
    now = int(clock.time())
    first = now if auth_time is None else auth_time
    origin = origin_jti or str(uuid.uuid4())
    made = claims.of_user(
        pool,
        client,
        user,
        source=source,
        scopes=scopes,
        metadata=metadata,
        common={
            "origin_jti": origin,
            "event_id": str(uuid.uuid4()),
            "auth_time": first,
            "iat": now,
        },
        access_seconds=seconds_of(client, "Access"),
        id_seconds=seconds_of(client, "Id"),
        nonce=nonce,
    )
    access = signed(pool.keys[1], made.access)
    result: dict[str, Any] = {
        "AccessToken": access,
        "ExpiresIn": seconds_of(client, "Access"),
        "TokenType": "Bearer",
    }
    if scopes is None or "openid" in scopes:
        if scopes is not None:
            made.id["at_hash"] = _at_hash(access)
        result["IdToken"] = signed(pool.keys[0], made.id)
    if refresh:
        result["RefreshToken"] = remember(pool, client, user, origin, first, scopes)
    return result


def _at_hash(access: str) -> str:
    digest = hashlib.sha256(access.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def remember(
    pool: UserPool,
    client: Client,
    user: User,
    origin: str,
    auth_time: int,
    scopes: list[str] | None,
    expires: float | None = None,
) -> str:
    """A new refresh token; the pool keeps its hash alone."""
    parts = [REFRESH_HEADER] + [
        base64.urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=") for size in REFRESH_PARTS
    ]
    token = b".".join(parts).decode()
    now = clock.time()
    with LOCK:
        _forget_old(pool, now)
        pool.refresh_tokens[hash_of(token)] = RefreshToken(
            user.username,
            client.id,
            origin,
            auth_time,
            expires if expires is not None else now + seconds_of(client, "Refresh"),
            scopes if scopes is not None else [],
            group="oauth" if scopes is not None else "",
        )
    return token


def _forget_old(pool: UserPool, now: float) -> None:
    for digest in [d for d, token in pool.refresh_tokens.items() if token.expires < now - 3600]:
        del pool.refresh_tokens[digest]
    for origin in [o for o, expires in pool.revoked.items() if expires < now]:
        del pool.revoked[origin]


def machine_token(pool: UserPool, client: Client, scopes: list[str]) -> dict[str, Any]:
    """The access token of the client credentials grant."""
    now = int(clock.time())
    seconds = seconds_of(client, "Access")
    payload = {
        "sub": client.id,
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": now,
        "iss": pool.issuer,
        "exp": now + seconds,
        "iat": now,
        "version": 2,
        "jti": str(uuid.uuid4()),
        "client_id": client.id,
    }
    return {"access_token": signed(pool.keys[1], payload), "expires_in": seconds}


# --- checking ------------------------------------------------------------------------------------


def parts(token: str) -> tuple[bytes, dict[str, Any], dict[str, Any], bytes]:
    """Message, header, payload, signature; raises ValueError."""
    message, _, tail = token.rpartition(".")
    head, _, body = message.partition(".")
    if not head or not body or "." in body:
        raise ValueError("not a JSON web token")
    header, payload = json.loads(_decode(head)), json.loads(_decode(body))
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise ValueError("not a JSON web token")
    return message.encode(), header, payload, _decode(tail)


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as failure:
        raise ValueError("not base64") from failure


def read(token: str, pool: UserPool | None = None) -> tuple[UserPool, dict[str, Any]]:
    """Pool and payload of a token that a pool of this world signed; raises ValueError for all else.

    Expiry is left to the caller.
    """
    message, header, payload, signature = parts(token)
    issuer = str(payload.get("iss", ""))
    found = pool or models.find_pool(issuer.rpartition("/")[2])
    if found is None or found.issuer != issuer or header.get("alg") != "RS256":
        raise ValueError("issued by nobody here")
    key = next((key for key in found.keys if key.kid == header.get("kid")), None)
    if key is None or not keys.verifies(key, message, signature):
        raise ValueError("the signature is wrong")
    return found, payload


def is_revoked(pool: UserPool, user: User | None, payload: dict[str, Any]) -> bool:
    """Whether RevokeToken, a global sign-out or a deletion ended the token."""
    if payload.get("origin_jti") in pool.revoked:
        return True
    return user is not None and "origin_jti" not in payload and payload["iat"] <= user.signed_out


def authenticate(
    token: str, *, scope: str | None = OWN_SCOPE
) -> tuple[UserPool, Client, User, dict[str, Any]]:
    """Who an access token speaks for; raises NotAuthorizedException in AWS's words."""
    try:
        pool, payload = read(token)
    except (ValueError, KeyError, TypeError):
        raise not_authorized("Invalid Access Token") from None
    if payload.get("token_use") != "access":
        raise not_authorized("Invalid Access Token")
    if clock.time() >= payload["exp"]:
        raise not_authorized("Access Token has expired")
    client = pool.clients.get(payload["client_id"])
    user = users.find(pool, payload.get("username", ""))
    if user is not None and user.sub != payload["sub"]:
        user = None
    if is_revoked(pool, user, payload):
        raise not_authorized("Access Token has been revoked")
    if client is None or user is None:
        # The token was good, what it speaks of is gone.
        raise (not_authorized("Invalid Access Token") if client is None else _gone())
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if scope and scope not in payload.get("scope", "").split():
        raise not_authorized("Access Token does not have required scopes")
    return pool, client, user, payload


def _gone():
    from sandbox.emulator.cognito.errors import no_user

    return no_user()


# --- ending --------------------------------------------------------------------------------------


def revoke(pool: UserPool, token: RefreshToken) -> None:
    """End a refresh token and the tokens that came from the same sign-in."""
    with LOCK:
        for other in pool.refresh_tokens.values():
            if other.origin_jti == token.origin_jti:
                other.revoked = True
        # Access tokens live for a day at most.
        pool.revoked[token.origin_jti] = clock.time() + 86400


def sign_out_everywhere(pool: UserPool, user: User) -> None:
    """End every token of a user, and its sessions in browsers."""
    with LOCK:
        user.signed_out = clock.time()
        for token in list(pool.refresh_tokens.values()):
            if token.username == user.username and not token.revoked:
                revoke(pool, token)
        for cookie in [
            name for name, found in pool.web_sessions.items() if found[0] == user.username
        ]:
            del pool.web_sessions[cookie]
