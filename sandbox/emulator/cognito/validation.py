"""Requests against the service's own model: what AWS refuses before it looks at anything.

All violations come in one ValidationException-like sentence, which Cognito sends as
InvalidParameterException.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito.errors import error, invalid


def check(context: RequestContext, request: Mapping[str, Any]) -> None:
    """Raise InvalidParameterException for a request that the operation's model does not allow."""
    assert context.operation
    shape = context.operation.input_shape
    if shape is None:
        return
    _check_type(shape, request)
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
    _check_type(shape, value)
    if kind == "structure":
        yield from _structure(shape, value, path)
        return
    if kind == "list":
        yield from _length(shape, value, path, str(value))
        for position, item in enumerate(value, start=1):
            if item is None:
                yield _sentence("null", f"{path}.{position}.member", "Member must not be null")
                continue
            yield from _value(shape.member, item, f"{path}.{position}.member")
        return
    if kind == "map":
        for item in value.values():
            if item is not None:
                _check_type(shape.value, item)
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


JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
}
NAMES = {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}


def _check_type(shape: Any, value: Any) -> None:
    """Raise SerializationException for JSON that does not fit the model at all."""
    wanted = JSON_TYPES.get(shape.type_name)
    if wanted is None or (
        isinstance(value, wanted) and (wanted != (int,) or not isinstance(value, bool))
    ):
        return
    if isinstance(value, list):
        text = "Start of list found where not expected"
    elif isinstance(value, Mapping):
        text = "Start of structure or map found where not expected."
    else:
        kind = "STRING" if isinstance(value, str) else "NUMBER"
        kind = str(value).upper() if isinstance(value, bool) else kind
        name = NAMES.get(shape.type_name)
        text = (
            f"{kind}_VALUE can not be converted to {name}"
            if name
            else "Unexpected token received from parser"
        )
    raise error("SerializationException", text)


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
