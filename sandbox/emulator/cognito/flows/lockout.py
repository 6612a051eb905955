"""Wrong passwords: five are free, then every further one makes the next attempt wait longer.

https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html#authentication-flow-lockout-behavior
"""

from __future__ import annotations

from sandbox.emulator import clock
from sandbox.emulator.cognito.errors import not_authorized
from sandbox.emulator.cognito.models import LOCK, Attempts, User

FREE = 5
LONGEST_SECONDS = 900
QUIET_SECONDS = 900


def check(user: User) -> None:
    """Raise NotAuthorizedException while the user is locked."""
    if clock.time() < user.locked_until:
        raise not_authorized("Password attempts exceeded")


def wrong(user: User) -> None:
    """Count a wrong password."""
    now = clock.time()
    with LOCK:
        found = user.attempts.get("password")
        if found is None or now > found.since + QUIET_SECONDS:
            found = user.attempts["password"] = Attempts(now)
        found.since = now
        found.count += 1
        if found.count >= FREE:
            user.locked_until = now + min(2 ** (found.count - FREE), LONGEST_SECONDS)
