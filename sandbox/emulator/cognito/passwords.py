"""The password policy of a pool, and what is kept of a password.

https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import srp
from sandbox.emulator.cognito.errors import error
from sandbox.emulator.cognito.models import User, UserPool

SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "
DEFAULT_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}


def policy_of(pool: UserPool) -> dict[str, Any]:
    """The pool's PasswordPolicy with AWS's defaults."""
    return pool.settings["Policies"]["PasswordPolicy"]


def check(pool: UserPool, password: str) -> None:
    """Raise InvalidPasswordException for the first rule of the policy that is not kept."""
    policy = policy_of(pool)
    if not password.strip() or password != password.strip():
        raise _refused("Password should not have leading or trailing spaces")
    if len(password) < policy.get("MinimumLength", 8):
        raise _refused("Password not long enough")
    for setting, letters, words in (
        ("RequireUppercase", str.isupper, "uppercase"),
        ("RequireLowercase", str.islower, "lowercase"),
        ("RequireNumbers", str.isdigit, "numeric"),
        ("RequireSymbols", SYMBOLS.__contains__, "symbol"),
    ):
        if policy.get(setting) and not any(map(letters, password)):
            raise _refused(f"Password must have {words} characters")


def _refused(reason: str):
    return error("InvalidPasswordException", f"Password did not conform with policy: {reason}")


def check_history(pool: UserPool, user: User, password: str) -> None:
    """Raise PasswordHistoryPolicyViolationException for one of the last passwords."""
    size = policy_of(pool).get("PasswordHistorySize") or 0
    known = [(user.salt, user.verifier), *user.previous_passwords][:size]
    name = srp.pool_name(pool.id)
    if any(
        srp.matches(name, user.username, password, salt, verifier)
        for salt, verifier in known
        if verifier
    ):
        raise error(
            "PasswordHistoryPolicyViolationException",
            "Password has previously been used and cannot be reused.",
        )


def store(pool: UserPool, user: User, password: str) -> None:
    """Keep the SRP verifier of a new password."""
    size = policy_of(pool).get("PasswordHistorySize") or 0
    if size and user.verifier:
        user.previous_passwords = [(user.salt, user.verifier), *user.previous_passwords][:size]
    name = srp.pool_name(pool.id)
    user.salt, user.verifier = srp.make_verifier(name, user.username, password)
    user.password_changed = clock.time()


def is_right(pool: UserPool, user: User, password: str) -> bool:
    """Whether the user's password is this one."""
    if not user.verifier:
        return False
    name = srp.pool_name(pool.id)
    return srp.matches(name, user.username, password, user.salt, user.verifier)


def temporary(pool: UserPool) -> str:
    """A random password that keeps the pool's policy, without letters that look like others."""
    length = max(8, policy_of(pool).get("MinimumLength", 8))
    kinds = [
        "".join(c for c in string.ascii_uppercase if c not in "IO"),
        "".join(c for c in string.ascii_lowercase if c not in "l"),
        "23456789",
        "!@#$%^&*",
    ]
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds[:3])) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


def temporary_has_expired(pool: UserPool, user: User) -> bool:
    """Whether the temporary password of an invited user is too old."""
    days = policy_of(pool).get("TemporaryPasswordValidityDays") or 7
    return clock.time() > user.password_changed + days * 86400
