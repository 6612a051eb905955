"""Finding users by the names they may be called, and keeping those names unique.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-aliases
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.cognito import attributes
from sandbox.emulator.cognito.errors import error, invalid, no_user
from sandbox.emulator.cognito.models import User, UserPool

SUB = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def key(pool: UserPool, name: str) -> str:
    """A name as it is compared in this pool."""
    return name if pool.case_sensitive else name.lower()


def find(pool: UserPool, name: str) -> User | None:
    """The user of that user name, `sub`, or alias."""
    wanted = key(pool, name)
    found = pool.users.get(wanted)
    if found is not None:
        return found
    for attribute in pool.username_attributes:
        if found := by_attribute(pool, attribute, name):
            return found
    for attribute in pool.alias_attributes:
        if found := by_alias(pool, attribute, name):
            return found
    if SUB.fullmatch(name):
        return next((user for user in list(pool.users.values()) if user.sub == name), None)
    return None


def by_attribute(pool: UserPool, attribute: str, value: str) -> User | None:
    """The user whose attribute has this value."""
    wanted = key(pool, value)
    for user in list(pool.users.values()):
        if (own := user.attributes.get(attribute)) and key(pool, own) == wanted:
            return user
    return None


def by_alias(pool: UserPool, attribute: str, value: str) -> User | None:
    """The user who may sign in with this value: an address counts once it is verified."""
    wanted = key(pool, value)
    for user in list(pool.users.values()):
        own = user.attributes.get(attribute)
        if own and key(pool, own) == wanted and _counts(user, attribute):
            return user
    return None


def _counts(user: User, attribute: str) -> bool:
    if attribute in attributes.VERIFIABLE:
        return user.attributes.get(f"{attribute}_verified") == "true"
    return user.status != "UNCONFIRMED"


def required(pool: UserPool, name: str) -> User:
    """The user; raises UserNotFoundException."""
    found = find(pool, name)
    if found is None:
        raise no_user()
    return found


def internal_name(pool: UserPool, name: str, given: dict[str, str]) -> tuple[str, str]:
    """User name and `sub` of a new user who calls himself `name`.

    In pools with UsernameAttributes the name must be an address and becomes an attribute; the user name
    is then the `sub`. Raises InvalidParameterException and UsernameExistsException.
    """
    sub = str(uuid.uuid4())
    if not pool.username_attributes:
        if "email" in pool.alias_attributes and attributes.EMAIL.fullmatch(name):
            raise invalid(
                "Username cannot be of email format, since user pool is configured for email alias."
            )
        if "phone_number" in pool.alias_attributes and attributes.PHONE.fullmatch(name):
            raise invalid(
                "Username cannot be of phone number format, since user pool is configured for phone "
                "number alias."
            )
        if key(pool, name) in pool.users:
            raise error("UsernameExistsException", "User already exists")
        return name, sub
    attribute = _kind_of_address(pool, name)
    given.setdefault(attribute, name)
    if by_attribute(pool, attribute, name):
        raise exists(attribute)
    return sub, sub


def exists(attribute: str):
    """UsernameExistsException of pools whose user names are addresses."""
    return error(
        "UsernameExistsException", f"An account with the given {attribute} already exists."
    )


def _kind_of_address(pool: UserPool, name: str) -> str:
    allowed = pool.username_attributes
    if "email" in allowed and attributes.EMAIL.fullmatch(name):
        return "email"
    if "phone_number" in allowed and attributes.PHONE.fullmatch(name):
        return "phone_number"
    if len(allowed) > 1:
        raise invalid("Username should be either an email or a phone number.")
    raise invalid(
        "Username should be an email."
        if "email" in allowed
        else "Username should be a phone number."
    )


def check_unique_addresses(pool: UserPool, changes: dict[str, str], user: User | None) -> None:
    """In pools whose user names are addresses, no two users share one."""
    for attribute in pool.username_attributes:
        value = changes.get(attribute)
        other = by_attribute(pool, attribute, value) if value else None
        if other is not None and other is not user:
            raise alias_exists(attribute) if user else exists(attribute)


def alias_exists(attribute: str):
    """AliasExistsException."""
    return error("AliasExistsException", f"An account with the given {attribute} already exists.")


def claim_alias(pool: UserPool, user: User, attribute: str, value: str, *, force: bool) -> None:
    """Make sure that nobody else signs in with `value`; with `force` the other one loses it."""
    if attribute not in pool.alias_attributes:
        return
    other = by_alias(pool, attribute, value)
    if other is None or other is user:
        return
    if not force:
        raise alias_exists(attribute)
    other.attributes[f"{attribute}_verified"] = "false"


def add(pool: UserPool, username: str, sub: str, given: dict[str, str], status: str) -> User:
    """Put a new user into the pool."""
    now = clock.time()
    made = User(username, sub, dict(given), now, now, status)
    pool.users[key(pool, username)] = made
    return made


def touch(user: User) -> None:
    """Note that the user changed now."""
    user.modified = clock.time()


def remove(pool: UserPool, user: User) -> None:
    """Delete a user with everything that was issued to it."""
    pool.users.pop(key(pool, user.username), None)
    for digest in [d for d, t in pool.refresh_tokens.items() if t.username == user.username]:
        pool.refresh_tokens.pop(digest, None)
    for name in [n for n, w in pool.web_sessions.items() if w[0] == user.username]:
        pool.web_sessions.pop(name, None)


def as_type(user: User, *, names: list[str] | None = None) -> dict[str, Any]:
    """UserType, as ListUsers and AdminCreateUser answer it."""
    every = attributes.of_user(user)
    shown = every if names is None else {k: v for k, v in every.items() if k in names}
    return {
        "Username": user.username,
        "Attributes": attributes.as_list(shown),
        "UserCreateDate": user.created,
        "UserLastModifiedDate": user.modified,
        "Enabled": user.enabled,
        "UserStatus": user.status,
    }
