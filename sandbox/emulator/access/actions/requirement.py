"""What one request needs to be allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# In the place of a resource: the caller itself (IAM operations without a UserName).
OWN = "self"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One action on one resource.

    `account` owns the resource (None: the caller's account). `context` has condition keys of this
    requirement alone, in lower case. `item` names the part of a batch that this stands for: its refusal
    is then that part's, not the request's.
    """

    action: str
    resource: str = "*"
    account: str | None = None
    context: Mapping[str, object] = field(default_factory=dict)
    item: object = None
