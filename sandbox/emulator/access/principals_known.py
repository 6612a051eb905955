"""Whether the principals that a policy names exist: AWS refuses a policy for a user that does not."""

from __future__ import annotations

import re

from sandbox.emulator.access import canonical, credentials

_ARN = re.compile(r"arn:aws[\w-]*:(?P<service>iam|sts)::(?P<account>\d{12}):(?P<rest>.+)")


def exists(kind: str, value: str) -> bool:
    """Whether an AWS principal (ARN or account) or a canonical user id is known.

    Accounts need no creation in the sandbox, so every account exists.
    """
    if kind == "CanonicalUser":
        return (
            canonical.account_of(value) is not None
            or re.fullmatch(r"[0-9a-f]{64}", value) is not None
        )
    found = _ARN.fullmatch(value)
    if not found or found["rest"] == "root":
        return True
    what, _, rest = found["rest"].partition("/")
    backend = credentials.iam_backend(found["account"])
    if what == "user":
        return any(user.arn == value for user in backend.users.values())
    if what == "role":
        return any(role.arn == value for role in backend.roles.values())
    if what == "assumed-role":
        name = rest.split("/", 1)[0]
        return "/" in rest and any(role.name == name for role in backend.roles.values())
    return True
