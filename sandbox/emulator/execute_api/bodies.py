"""The JSON types of requests of the control plane; LocalStack's parser takes what it finds."""

from __future__ import annotations

import json
import re
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext


def check(context: RequestContext) -> None:
    """Raise SerializationException for a body whose members have other types than the operation's."""
    shape = context.operation.input_shape
    if shape is None or "payload" in shape.serialization:
        return
    data = context.request.get_data(cache=True)
    if not data:
        return
    try:
        found = json.loads(data)
    except ValueError:
        raise _serialization("Unable to parse the request's body as JSON") from None
    if not isinstance(found, dict):
        raise _serialization("The request's body must be a JSON object")
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        key = member.serialization.get("name", name)
        if key in found:
            _check_value(member, found[key])


def _check_value(shape: Any, value: Any) -> None:
    if value is None:
        return
    kind = shape.type_name
    if kind == "string":
        if isinstance(value, bool):
            raise _serialization("class java.lang.Boolean can not be converted to an String")
        if isinstance(value, int | float):
            raise _serialization(
                "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted "
                "to an String"
            )
        if isinstance(value, dict):
            raise _serialization("Start of structure or map found where not expected.")
        if isinstance(value, list):
            raise _serialization("Start of list found where not expected")
    elif kind == "structure":
        if not isinstance(value, dict):
            raise _serialization("Expected a structure")
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            if key in value:
                _check_value(member, value[key])
    elif kind == "map":
        if not isinstance(value, dict):
            raise _serialization("Expected a map")
        for item in value.values():
            _check_value(shape.value, item)
    elif kind == "list":
        if not isinstance(value, list):
            raise _serialization("Expected list or null")
        for item in value:
            _check_value(shape.member, item)
    elif kind in ("integer", "long", "double", "float"):
        if isinstance(value, bool | dict | list) or (
            isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value)
        ):
            raise _serialization("The value can not be converted to a number")
    elif kind == "boolean" and not (
        isinstance(value, bool) or str(value).lower() in ("true", "false")
    ):
        raise _serialization("The value can not be converted to a Boolean")


def _serialization(message: str) -> CommonServiceException:
    return CommonServiceException("SerializationException", message)
