"""Confirmation codes: six digits that fit once, for a day, and not for guessers."""

from __future__ import annotations

import hmac
import secrets

from sandbox.emulator import clock
from sandbox.emulator.cognito.errors import error, limit_exceeded
from sandbox.emulator.cognito.models import LOCK, Attempts, Code, User

SIGN_UP_SECONDS = 24 * 3600
RESET_SECONDS = 3600
ATTRIBUTE_SECONDS = 24 * 3600
MFA_SECONDS = 3 * 60
MISMATCH = "Invalid verification code provided, please try again."
EXPIRED = "Invalid code provided, please request a code again."
# What AWS counts is not published; these are the numbers that its users report.
WINDOW_SECONDS = 3600
MOST_WRONG_CODES = 5
MOST_SENT_CODES = 5


def new(seconds: float, attribute: str = "") -> Code:
    """A fresh code that ends `seconds` from now."""
    return Code(f"{secrets.randbelow(1_000_000):06d}", clock.time() + seconds, attribute)


def mismatch():
    """CodeMismatchException."""
    return error("CodeMismatchException", MISMATCH)


def expired():
    """ExpiredCodeException, also for a code that was never sent."""
    return error("ExpiredCodeException", EXPIRED)


def check(user: User, code: Code | None, given: str, purpose: str) -> None:
    """Raise unless `given` is the code; wrong ones are counted per user and purpose.

    Raises CodeMismatchException, ExpiredCodeException, and LimitExceededException after five wrong
    codes within an hour.
    """
    with LOCK:
        if tries(user, f"wrong-{purpose}") >= MOST_WRONG_CODES:
            raise limit_exceeded()
        if code is None:
            raise expired()
        if not hmac.compare_digest(code.value.encode(), given.encode()):
            count(user, f"wrong-{purpose}")
            raise mismatch()
        if clock.time() > code.expires:
            raise expired()
        user.attempts.pop(f"wrong-{purpose}", None)


def count_sent(user: User, purpose: str) -> None:
    """Count a message to the user; LimitExceededException after five within an hour."""
    with LOCK:
        if tries(user, f"sent-{purpose}") >= MOST_SENT_CODES:
            raise limit_exceeded()
        count(user, f"sent-{purpose}")
        # A new code gives new tries.
        user.attempts.pop(f"wrong-{purpose}", None)


def count(user: User, what: str) -> int:
    """Count one more attempt within the hour; returns how many there were."""
    tries(user, what)
    found = user.attempts.setdefault(what, Attempts(clock.time()))
    found.count += 1
    return found.count


def tries(user: User, what: str) -> int:
    """How often something was tried within the hour."""
    found = user.attempts.get(what)
    if found is None:
        return 0
    if clock.time() > found.since + WINDOW_SECONDS:
        del user.attempts[what]
        return 0
    return found.count
