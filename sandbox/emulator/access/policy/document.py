"""A policy document as objects that can be matched.

Reading is lenient: what a policy may not say is refused by `validation` when the policy is saved.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a Condition block: `StringEquals` `aws:username` [`alice`]."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `principals` is a tuple of (type, value), ("*", "*") for everybody."""

    effect: str
    sid: str | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: tuple[tuple[str, str], ...] | None = None
    not_principals: tuple[tuple[str, str], ...] | None = None
    conditions: tuple[Condition, ...] = ()
    position: int = 0

    @property
    def label(self) -> str:
        """How a person finds the statement: its Sid, or its place in the document."""
        return self.sid or f"statement {self.position + 1}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A named document: `name` is the inline policy's name or the managed policy's ARN."""

    name: str
    statements: tuple[Statement, ...]
    version: str = "2008-10-17"
    source: str = field(default="", compare=False)


def _many(value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(item) for item in value)
    return (_text(value),)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _optional(statement: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    return _many(statement[element]) if element in statement else None


def _principals(value: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, str):
        return (("*", value),)
    if isinstance(value, Mapping):
        return tuple((kind, text) for kind, found in value.items() for text in _many(found))
    return ()


def _conditions(block: Any) -> Iterable[Condition]:
    if isinstance(block, Mapping):
        for operator, keys in block.items():
            if isinstance(keys, Mapping):
                for key, values in keys.items():
                    yield Condition(operator, key, _many(values))


def _statement(position: int, given: Mapping[str, Any]) -> Statement:
    return Statement(
        effect=str(given.get("Effect", "")),
        sid=given.get("Sid") or None,
        actions=_optional(given, "Action"),
        not_actions=_optional(given, "NotAction"),
        resources=_optional(given, "Resource"),
        not_resources=_optional(given, "NotResource"),
        principals=_principals(given["Principal"]) if "Principal" in given else None,
        not_principals=_principals(given["NotPrincipal"]) if "NotPrincipal" in given else None,
        conditions=tuple(_conditions(given.get("Condition"))),
        position=position,
    )


def from_dict(document: Mapping[str, Any], name: str, source: str = "") -> Policy:
    """The policy of a decoded document."""
    statements = document.get("Statement") or []
    if isinstance(statements, Mapping):
        statements = [statements]
    return Policy(
        name=name,
        statements=tuple(
            _statement(position, given)
            for position, given in enumerate(statements)
            if isinstance(given, Mapping)
        ),
        version=str(document.get("Version", "2008-10-17")),
        source=source,
    )


@lru_cache(maxsize=1024)
def parse(text: str, name: str) -> Policy:
    """The policy of a JSON text; a text that is none is a policy without statements."""
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    return from_dict(document if isinstance(document, Mapping) else {}, name, text)
