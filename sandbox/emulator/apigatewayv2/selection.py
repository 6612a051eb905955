"""Values out of a request: `$request.header.name`, `${context.path}` and their like.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.emulator.apigatewayv2.call import Call

INLINE = re.compile(r"\$\{([^}]+)\}")
_WHOLE = re.compile(r"\$[A-Za-z][\w.\[\]$'\"*@-]*")


def value(expression: str, call: Call, answer: Any = None) -> str | None:
    """The text of an expression; a text without variables is itself, None for an absent value.

    `answer` is the integration's response, for `$response...`: (status, headers in lower case, body).
    """
    if "${" in expression:
        return INLINE.sub(lambda found: _text(lookup(found[1], call, answer)) or "", expression)
    if _WHOLE.fullmatch(expression):
        return _text(lookup(expression[1:], call, answer))
    return expression


def _text(found: Any) -> str | None:
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, separators=(",", ":"))


def lookup(path: str, call: Call, answer: Any = None) -> Any:
    """The value of `request.header.name` and its like; None when there is none."""
    stem, _, rest = path.partition(".")
    if stem == "context":
        return call.context(rest)
    if stem == "stageVariables":
        return (call.stage.get("StageVariables") or {}).get(rest)
    if stem == "request":
        return _of_request(rest, call)
    if stem == "response" and answer is not None:
        status, headers, body = answer
        kind, _, name = rest.partition(".")
        if kind == "statuscode":
            return str(status)
        if kind == "header":
            return headers.get(name.lower())
        if kind == "body":
            try:
                return json_path(json.loads(body), name)
            except ValueError:
                return None
    return None


def _of_request(rest: str, call: Call) -> Any:
    kind, _, name = rest.partition(".")
    if kind == "header":
        return call.headers.get(name.lower())
    if kind == "querystring":
        values = [v for n, v in call.query_pairs if n == name]
        return ",".join(values) if values else None
    if kind == "path":
        return call.path_parameters.get(name) if name else call.path
    if kind == "body":
        if not name:
            return call.body.decode("utf-8", "replace")
        return json_path(call.json_body, name)
    return None


def json_path(document: Any, path: str) -> Any:
    """A part of a JSON document by names and numbers: `user.names[0]`."""
    found = document
    for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if number:
            index = int(number)
            if not isinstance(found, list) or index >= len(found):
                return None
            found = found[index]
        elif name == "$":
            continue
        elif isinstance(found, dict):
            found = found.get(name)
        else:
            return None
    return found
