"""The sessions between the steps of a sign-in."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import users
from sandbox.emulator.cognito.errors import not_authorized
from sandbox.emulator.cognito.models import LOCK, Client, Session, User, UserPool

USED = "used"
INVALID = "Invalid session for the user."
EXPIRED = "Invalid session for the user, session is expired."
ONCE = "Invalid session for the user, session can only be used once."
TOKEN_BYTES = 600


def open_session(pool: UserPool, client: Client, username: str, kind: str, **data: Any) -> str:
    """Remember a sign-in that waits for `kind`; returns its token (AuthSessionValidity minutes)."""
    token = "AYABe" + base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip(
        "="
    )
    seconds = 60 * (client.settings.get("AuthSessionValidity") or 3)
    now = clock.time()
    with LOCK:
        for name in [name for name, old in pool.sessions.items() if old.expires < now - 600]:
            del pool.sessions[name]
        pool.sessions[_hash(token)] = Session(kind, client.id, username, now + seconds, data)
    return token


def find(pool: UserPool, client: Client | None, token: str | None, *kinds: str) -> Session:
    """The open session of a token; raises NotAuthorizedException. It stays open until `close`."""
    found = pool.sessions.get(_hash(token or ""))
    if found is None or (client is not None and found.client_id != client.id):
        raise not_authorized(INVALID)
    if found.kind == USED:
        raise not_authorized(ONCE)
    if clock.time() > found.expires:
        raise not_authorized(EXPIRED)
    if found.kind not in kinds:
        raise not_authorized(INVALID)
    return found


def close(pool: UserPool, token: str) -> None:
    """A session fits once; raises when another request was quicker."""
    with LOCK:
        found = pool.sessions.get(_hash(token))
        if found is None or found.kind == USED:
            raise not_authorized(ONCE)
        found.kind = USED
        found.data = {}


def user_of(pool: UserPool, session: Session) -> User:
    """The user of a session; raises NotAuthorizedException when it is gone meanwhile."""
    found = users.find(pool, session.username)
    if found is None:
        raise not_authorized(INVALID)
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
