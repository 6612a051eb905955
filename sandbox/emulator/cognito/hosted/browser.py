"""What a browser keeps between the hosted pages: who is signed in, and a token against forged forms."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from localstack.http import Request, Response

from sandbox.emulator import clock
from sandbox.emulator.cognito import users
from sandbox.emulator.cognito.models import User, UserPool

SESSION_COOKIE = "cognito"
CSRF_COOKIE = "XSRF-TOKEN"
SESSION_SECONDS = 3600


def csrf_token(request: Request, response: Response) -> str:
    """The token that this browser's forms carry; a new browser gets one."""
    found = request.cookies.get(CSRF_COOKIE, "")
    if len(found) < 32:
        found = secrets.token_urlsafe(32)
    response.set_cookie(CSRF_COOKIE, found, httponly=True, samesite="Lax", path="/")
    return found


def form_is_ours(request: Request) -> bool:
    """Whether a form was filled in on a page of ours, in this browser."""
    cookie, field = request.cookies.get(CSRF_COOKIE, ""), request.form.get("_csrf", "")
    return bool(cookie) and hmac.compare_digest(cookie.encode(), field.encode())


def remember(pool: UserPool, user: User, response: Response) -> int:
    """Keep the user signed in for an hour; returns the time of the sign-in (seconds)."""
    value = secrets.token_urlsafe(48)
    now = clock.time()
    for name in [name for name, found in pool.web_sessions.items() if found[2] < now]:
        pool.web_sessions.pop(name, None)
    pool.web_sessions[_hash(value)] = (user.username, int(now), now + SESSION_SECONDS)
    response.set_cookie(
        SESSION_COOKIE, value, max_age=SESSION_SECONDS, httponly=True, samesite="Lax", path="/"
    )
    return int(now)


def signed_in(pool: UserPool, request: Request) -> tuple[User, int] | None:
    """The user of this browser and when it signed in."""
    found = pool.web_sessions.get(_hash(request.cookies.get(SESSION_COOKIE, "")))
    if found is None or clock.time() > found[2]:
        return None
    user = users.find(pool, found[0])
    return (user, found[1]) if user is not None and user.enabled else None


def forget(pool: UserPool, request: Request, response: Response) -> None:
    """Sign this browser out."""
    pool.web_sessions.pop(_hash(request.cookies.get(SESSION_COOKIE, "")), None)
    response.delete_cookie(SESSION_COOKIE, path="/")


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
