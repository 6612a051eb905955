"""Requests against the service's own model: what AWS refuses before it looks at anything.

All violations come in one ValidationException-like sentence, which Cognito sends as
InvalidParameterException.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito.errors import invalid


def check(context: RequestContext, request: Mapping[str, Any]) -> None:
    """Raise InvalidParameterException for a request that the operation's model does not allow."""
    assert context.operation
    shape = context.operation.input_shape
    if shape is None:
        return
    found = list(_structure(shape, request, ""))
    if found:
        plural = "" if len(found) == 1 else "s"
        count = len(found)
        raise invalid(f"{count} validation error{plural} detected: " + "; ".join(found))


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _sentence("null", _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        given = value.get(name)
        if given is not None:
            yield from _value(member, given, _join(path, name))


def _value(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if isinstance(value, Mapping):
            yield from _structure(shape, value, path)
        return
    if kind == "list":
        yield from _length(shape, value, path, str(value))
        for position, item in enumerate(value, start=1):
            yield from _value(shape.member, item, f"{path}.{position}.member")
        return
    if kind == "map":
        return
    sensitive = bool(shape.metadata.get("sensitive"))
    shown = None if sensitive else f"'{value}'"
    if kind == "string":
        yield from _string(shape, str(value), path, shown)
    elif kind in ("integer", "long"):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _sentence(shown, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _sentence(shown, path, f"Member must have value less than or equal to {high}")


def _string(shape: Any, value: str, path: str, shown: str | None) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield _sentence(shown, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")
        return
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        yield _sentence(shown, path, f"Member must satisfy regular expression pattern: {pattern}")
    yield from _length(shape, value, path, shown)


def _length(shape: Any, value: Any, path: str, shown: str | None) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _sentence(shown, path, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield _sentence(shown, path, f"Member must have length less than or equal to {high}")


@lru_cache(maxsize=128)
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern)


def _join(path: str, name: str) -> str:
    lower = name[:1].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


def _sentence(shown: str | None, path: str, constraint: str) -> str:
    value = f"Value {shown} at" if shown is not None else "Value at"
    return f"{value} '{path}' failed to satisfy constraint: {constraint}"
