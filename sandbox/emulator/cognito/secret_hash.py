"""SECRET_HASH: how a client with a secret proves that it is the client.

https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from sandbox.emulator.cognito.errors import not_authorized
from sandbox.emulator.cognito.models import Client


def of(client: Client, username: str) -> str:
    """Base64 of HMAC-SHA256(secret, user name + client id)."""
    message = f"{username}{client.id}".encode()
    return base64.b64encode(
        hmac.new(client.secret.encode(), message, hashlib.sha256).digest()
    ).decode()


def check(client: Client, names: str | Iterable[str], given: str | None) -> None:
    """Raise NotAuthorizedException unless the hash fits one of the names that the caller may have used."""
    if not client.secret:
        if given:
            raise not_authorized(f"Unable to verify secret hash for client {client.id}")
        return
    if not given:
        raise not_authorized(
            f"Client {client.id} is configured with secret but SECRET_HASH was not received"
        )
    wanted = [names] if isinstance(names, str) else list(names)
    if not any(hmac.compare_digest(of(client, name), given) for name in wanted):
        raise not_authorized(f"Unable to verify secret hash for client {client.id}")
