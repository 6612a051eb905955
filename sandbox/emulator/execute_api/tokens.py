"""JSON web tokens of callers: the signature, the issuer and the times, for REST and HTTP APIs alike.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import urlsplit

from sandbox.emulator import clock

ALGORITHMS = ("RS256", "RS384", "RS512")
COGNITO_ISSUER = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/([\w-]+)")
LARGEST_TOKEN = 16 * 1024
# A verified token is remembered, so that its signature costs once; its times are looked at each time.
MOST_REMEMBERED = 2_000
# Somebody who invents key ids must not make us fetch the keys for every request.
REFETCH_SECONDS = 1.0
FETCH_TIMEOUT_SECONDS = 3.0


class Refused(Exception):
    """The token proves nothing; `reason` says why, for logs and for `www-authenticate`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Expired(Refused):
    """The token was good once."""


def issuer_of_pool(arn: str) -> str:
    """The issuer of a user pool's ARN `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL`."""
    parts = arn.split(":")
    if len(parts) < 6:
        return ""
    return f"https://cognito-idp.{parts[3]}.amazonaws.com/{parts[5].partition('/')[2]}"


def unverified_claims(token: str) -> dict[str, Any]:
    """What the token says, whoever made it; raises Refused when it is no token."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LARGEST_TOKEN:
        raise Refused("the token is not a JSON web token")
    return _decoded(parts[1])


def verify(token: str, issuers: tuple[str, ...]) -> dict[str, Any]:
    """The claims of a token that one of `issuers` signed and that is valid on the sandbox clock.

    Raises Expired for a token that was valid, Refused for all others.
    """
    digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
    claims = _remembered(digest)
    if claims is None:
        claims = _check_signature(token, issuers)
        _remember(digest, claims)
    elif claims.get("iss") not in issuers:
        raise Refused("the issuer is not the one that is trusted")
    _check_times(claims)
    return claims


def _check_times(claims: dict[str, Any]) -> None:
    now = clock.time()
    try:
        if "exp" not in claims:
            raise Refused("the token has no expiration")
        if now >= float(claims["exp"]):
            raise Expired("the token has expired")
        if "nbf" in claims and now < float(claims["nbf"]):
            raise Refused("the token is not valid yet")
        # Tokens are made with the same clock; a minute for issuers that run elsewhere on this machine.
        if "iat" in claims and now < float(claims["iat"]) - 60:
            raise Refused("the token was issued in the future")
    except (TypeError, ValueError):
        raise Refused("the times of the token are not numbers") from None


def _check_signature(token: str, issuers: tuple[str, ...]) -> dict[str, Any]:
    claims = unverified_claims(token)
    header = _decoded(token.split(".", 1)[0])
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in issuers:
        raise Refused("the issuer is not the one that is trusted")
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise Refused("the signing method is invalid")
    key = keys.find(issuer, kid)
    from joserfc import errors, jws

    try:
        jws.deserialize_compact(token.encode(), key, algorithms=[algorithm])
    except (errors.JoseError, ValueError):
        raise Refused("the signature is invalid") from None
    return claims


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        raise Refused("the token is not a JSON web token") from None
    if not isinstance(found, dict):
        raise Refused("the token is not a JSON web token")
    return found


_verified: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def _remembered(digest: bytes) -> dict[str, Any] | None:
    with _lock:
        found = _verified.get(digest)
        if found is not None:
            _verified.move_to_end(digest)
        return found


def _remember(digest: bytes, claims: dict[str, Any]) -> None:
    with _lock:
        _verified[digest] = claims
        while len(_verified) > MOST_REMEMBERED:
            _verified.popitem(last=False)


class Keys:
    """The public keys of issuers, by key id; fetched again when a token names an unknown one."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str | None, Any]] = {}
        self._fetched: dict[str, float] = {}
        self._lock = threading.Lock()

    def find(self, issuer: str, kid: str | None) -> Any:
        """The key; raises Refused when the issuer has none of that id."""
        found = self._keys.get(issuer, {}).get(kid)
        if found is not None:
            return found
        with self._lock:
            found = self._keys.get(issuer, {}).get(kid)
            if found is None:
                if time.monotonic() - self._fetched.get(issuer, -1e9) < REFETCH_SECONDS:
                    raise Refused("the key is unknown")
                self._keys[issuer] = _fetch(issuer)
                self._fetched[issuer] = time.monotonic()
                found = self._keys[issuer].get(kid)
        if found is None:
            raise Refused("the key is unknown")
        return found


keys = Keys()


def _fetch(issuer: str) -> dict[str | None, Any]:
    from joserfc.jwk import RSAKey

    document = _json(_jwks_address(issuer))
    found: dict[str | None, Any] = {}
    for key in document.get("keys") or ():
        if isinstance(key, dict) and key.get("kty") == "RSA":
            try:
                found[key.get("kid")] = RSAKey.import_key(
                    {name: key[name] for name in ("kty", "n", "e") if name in key}
                )
            except (ValueError, KeyError):
                continue
    if len(found) == 1:
        # A token without a key id is checked with the only key there is.
        found.setdefault(None, next(iter(found.values())))
    return found


def _jwks_address(issuer: str) -> str:
    pool = COGNITO_ISSUER.fullmatch(issuer)
    if pool:
        return f"{_own_endpoint()}/{pool[2]}/.well-known/jwks.json"
    configuration = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    address = configuration.get("jwks_uri")
    if not isinstance(address, str):
        raise Refused("the issuer does not say where its keys are")
    pool = COGNITO_ISSUER.match(address)
    return f"{_own_endpoint()}{urlsplit(address).path}" if pool else address


def _own_endpoint() -> str:
    from localstack import config

    return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"


def _json(address: str) -> dict[str, Any]:
    """A JSON object from this machine; the sandbox calls nobody else."""
    import http.client

    parts = urlsplit(address)
    host = parts.hostname or ""
    if host not in ("localhost", "127.0.0.1", "::1") and not host.endswith(".localhost"):
        raise Refused("the issuer is not on this machine")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    options: dict[str, Any] = {"timeout": FETCH_TIMEOUT_SECONDS}
    if parts.scheme == "https":
        import ssl

        # Certificates of programs on this machine are their own.
        options["context"] = ssl._create_unverified_context()
    connection = kind("127.0.0.1" if host != "::1" else host, parts.port, **options)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Host": parts.netloc})
        answer = connection.getresponse()
        body = answer.read(1 << 20)
        found = json.loads(body) if answer.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        raise Refused("the issuer's keys cannot be read") from None
    finally:
        connection.close()
    if not isinstance(found, dict):
        raise Refused("the issuer's keys cannot be read")
    return found
