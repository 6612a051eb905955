"""The filter of ListUsers: `email = "ada@example.com"`, `name ^= "A"`.

https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html#cognito-user-pools-searching-for-users-using-listusers-api
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.emulator.cognito.errors import invalid
from sandbox.emulator.cognito.models import User

SEARCHABLE = {
    *("username", "email", "phone_number", "name", "given_name", "family_name"),
    *("preferred_username", "cognito:user_status", "status", "sub"),
}
FILTER = re.compile(r'\s*"?([\w:]+)"?\s*(\^=|=)\s*"((?:[^"\\]|\\.)*)"\s*')


def parse(text: str | None) -> Callable[[User], bool]:
    """Whether a user fits; raises InvalidParameterException for what is no filter."""
    if not text:
        return lambda user: True
    match = FILTER.fullmatch(text)
    if match is None:
        raise invalid("Error while parsing filter.")
    name, operator, raw = match.groups()
    if name not in SEARCHABLE:
        raise invalid(f"Invalid search attribute: {name}")
    wanted = re.sub(r"\\(.)", r"\1", raw)
    if operator == "=":
        return lambda user: _value(user, name) == wanted
    return lambda user: _value(user, name).startswith(wanted)


def _value(user: User, name: str) -> str:
    if name == "username":
        return user.username
    if name == "sub":
        return user.sub
    if name == "cognito:user_status":
        return user.status
    if name == "status":
        return "Enabled" if user.enabled else "Disabled"
    return user.attributes.get(name, "")
