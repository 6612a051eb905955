"""Mapping templates: what of Velocity and of Java's objects LocalStack's engine leaves out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from typing import Any

from airspeed import operators
from localstack.services.apigateway.next_gen.execute_api import template_mapping
from localstack.services.apigateway.next_gen.execute_api.template_mapping import (
    ApiGatewayVtlTemplate,
    AttributeDict,
    VelocityInput,
    VelocityUtilApiGateway,
    VTLJsonDict,
    VTLJsonList,
    VTLMap,
)

# A path that may mean several things gives a list, however many it finds.
INDEFINITE = re.compile(r"\*|\.\.|\[\?|\[[^\]'\"]*[,:][^\]'\"]*\]|\['[^']*'\s*,")
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Entry:
    """One pair of a map, as `entrySet()` gives it."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value

    def getKey(self) -> Any:
        """The key."""
        return self.key

    def getValue(self) -> Any:
        """The value."""
        return self.value

    def __str__(self) -> str:
        return f"{text(self.key)}={text(self.value)}"


def text(value: Any) -> str:
    """A value as Java prints it: `{a=1, b=[x, y]}`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) or type(value) in (VTLMap, VTLJsonDict, VTLJsonList):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(k)}={text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple | set | KeysView | ValuesView | ItemsView):
        return "[" + ", ".join(text(item) for item in value) + "]"
    return str(value)


def _add(values: list, value: Any) -> bool:
    values.append(value)
    return True


def _find(self: str, part: str) -> int:
    return self.find(part)


STRINGS = {
    "charAt": lambda self, index: self[index],
    "concat": lambda self, other: self + str(other),
    "endsWith": lambda self, end: self.endswith(end),
    "equals": lambda self, other: self == other,
    "equalsIgnoreCase": lambda self, other: self.lower() == str(other).lower(),
    "indexOf": _find,
    "isEmpty": lambda self: not self,
    "lastIndexOf": lambda self, part: self.rfind(part),
    "replaceFirst": lambda self, pattern, new: re.sub(pattern, new, self, count=1),
    "toLowerCase": lambda self: self.lower(),
    "toString": lambda self: self,
    "toUpperCase": lambda self: self.upper(),
    "trim": lambda self: self.strip(),
}
LISTS = {
    "add": _add,
    "addAll": lambda self, others: bool(self.extend(others) or others),
    "indexOf": lambda self, value: self.index(value) if value in self else -1,
    "toString": text,
}
MAPS = {
    "containsKey": lambda self, key: key in self,
    "containsValue": lambda self, value: value in self.values(),
    "entrySet": lambda self: [Entry(key, value) for key, value in self.items()],
    "getOrDefault": lambda self, key, other: self.get(key, other),
    "isEmpty": lambda self: not self,
    "keySet": lambda self: list(self),
    "remove": lambda self, key: self.pop(key, None),
    "size": lambda self: len(self),
    "toString": text,
}


def install() -> None:
    """Teach the engine Java's methods and Java's way of printing; patches `airspeed.operators`."""
    known = operators.__additional_methods__
    known[str].update(STRINGS)
    known[list].update(LISTS)
    known[dict].update(MAPS)
    known[AttributeDict] = known[dict]
    operators.value_to_string = text


class Util(VelocityUtilApiGateway):
    """`$util`."""

    def base64Decode(self, encoded: Any) -> str:
        """The text of base64."""
        found = base64.b64decode(encoded if isinstance(encoded, str) else json.dumps(encoded))
        return found.decode("utf-8", "replace")

    def urlEncode(self, value: Any) -> str:
        """A value as part of a query."""
        return super().urlEncode(value if isinstance(value, str) else text(value))

    def urlDecode(self, value: Any) -> str:
        """The reverse."""
        return super().urlDecode(value if isinstance(value, str) else text(value))

    def escapeJavaScript(self, value: Any) -> str:
        """A text for the inside of a string of JavaScript; single quotes are escaped, too."""
        found = super().escapeJavaScript(value)
        return found.replace("'", "\\'") if isinstance(value, str) else found

    def parseJson(self, source: Any) -> Any:
        """The value of JSON; what is none is a null."""
        try:
            return super().parseJson(source)
        except (TypeError, ValueError):
            return None


class Input(VelocityInput):
    """`$input`; a request without a body is an empty object."""

    def __init__(self, body: Any, params: Any) -> None:
        super().__init__(body if body else "{}", params)

    def _extract_json_path(self, path: str) -> Any:
        found = super()._extract_json_path(path)
        if found is not None and INDEFINITE.search(path):
            # LocalStack gives a single match by itself.
            expression = template_mapping.parse(path)
            value = self.value if isinstance(self.value, dict) else json.loads(self.value)
            return [match.value for match in expression.find(value)]
        return found

    def json(self, path: str) -> str:
        """The JSON of what a path finds, without spaces."""
        matching = self._extract_json_path(path or "$")
        return _compact("" if matching is None else matching)


class MappingTemplate(ApiGatewayVtlTemplate):
    """LocalStack's engine with our `$input` and `$util`."""

    def prepare_namespace(self, variables: Any, source: str = "") -> dict[str, Any]:
        """The variables of a template."""
        namespace = super().prepare_namespace(variables)
        given = variables.get("input") or {}
        namespace["input"] = Input(given.get("body"), given.get("params"))
        namespace["util"] = Util()
        return namespace


install()
