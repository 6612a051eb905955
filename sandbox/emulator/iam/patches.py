"""What moto's IAM models do unlike AWS, put right."""

from __future__ import annotations

import secrets

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_done = False


def unique_id(prefix: str) -> str:
    """An IAM unique id: the prefix tells the kind (AIDA user, AGPA group, ANPA policy)."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(17))


def apply() -> None:
    """Give users, groups and policies ids with AWS's prefixes.

    Replaces what `moto.iam.models.User.__init__`, `Group.__init__` and `Policy.__init__` set; moto's ids
    are lower-case letters without one.
    """
    global _done
    if _done:
        return
    _done = True
    from moto.iam import models

    for kind, prefix in ((models.User, "AIDA"), (models.Group, "AGPA"), (models.Policy, "ANPA")):
        _prefix_ids(kind, prefix)


def _prefix_ids(kind: type, prefix: str) -> None:
    original = kind.__init__  # type: ignore[misc]

    def with_prefix(self, *args, **kwargs):
        original(self, *args, **kwargs)
        if not str(self.id).startswith(prefix):
            self.id = unique_id(prefix)

    kind.__init__ = with_prefix  # type: ignore[misc]
