"""An OpenID Connect issuer on loopback, for tests of token authorizers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.emulator.apigateway.apis import backend


class Issuer:
    """Signs tokens; `address` is its name."""

    def __init__(self) -> None:
        self.address = ""
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.fetched = 0

    def answer(self, handler: Any) -> tuple[int, dict[str, str], bytes]:
        if handler.path == "/.well-known/openid-configuration":
            found: dict[str, Any] = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
        elif handler.path == "/keys":
            self.fetched += 1
            found = {"keys": [{**self.key.as_dict(private=False), "kid": self.key.kid}]}
        else:
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def token(self, key: RSAKey | None = None, **claims: Any) -> str:
        """A token that is good for an hour unless `claims` say otherwise."""
        now = int(time.time())
        signing = key or self.key
        found = {"iss": self.address, "aud": "app", "sub": "ann", "iat": now, "exp": now + 3600}
        found |= claims
        found = {name: value for name, value in found.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": signing.kid}, found, signing)


@contextmanager
def issuer() -> Iterator[Issuer]:
    """An issuer that serves its keys."""
    made = Issuer()
    with backend(made.answer) as address:
        made.address = address
        yield made
