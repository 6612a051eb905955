"""Which route of an HTTP API takes a request.

A full match wins over one with a greedy variable, that over `$default`; a method over ANY.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY")
ROUTE_KEY = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)")
_VARIABLE = re.compile(r"\{(?P<name>[\w.:-]+)(?P<greedy>\+?)\}")
# How well a part of a path fits; parts are compared from the left.
_EXACT, _VARIABLE_PART, _GREEDY = 0, 1, 2


class Router:
    """The routes of one snapshot, best first."""

    def __init__(self, routes: list[dict[str, Any]]) -> None:
        self._routes = []
        self.default: dict[str, Any] | None = None
        for route in routes:
            key = route["RouteKey"]
            found = ROUTE_KEY.fullmatch(key)
            if key == "$default":
                self.default = route
            elif found:
                pattern, names, rank = _compile(found["path"])
                order = (rank, found["method"] == "ANY")
                self._routes.append((order, found["method"], pattern, names, route))
        self._routes.sort(key=lambda entry: entry[0])

    def match(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, str]] | None:
        """The route and its path parameters, decoded; None when nothing takes the request."""
        for _, wanted, pattern, names, route in self._routes:
            if wanted not in (method, "ANY"):
                continue
            found = pattern.fullmatch(path)
            if found:
                values = {name: unquote(found[i + 1]) for i, name in enumerate(names)}
                return route, values
        if self.default is not None:
            return self.default, {}
        return None


def of(snapshot: Any) -> Router:
    """The router of a snapshot, made once."""
    found = getattr(snapshot, "_router", None)
    if found is None:
        found = snapshot._router = Router(snapshot.routes)
    return found


def _compile(path: str) -> tuple[re.Pattern[str], list[str], tuple[int, ...]]:
    names, pattern, ranks = [], "", []
    for part in path.split("/")[1:]:
        found = _VARIABLE.fullmatch(part)
        pattern += "/"
        if found is None:
            pattern += re.escape(part)
            ranks.append(_EXACT)
        else:
            names.append(found["name"])
            pattern += "(.+)" if found["greedy"] else "([^/]+)"
            ranks.append(_GREEDY if found["greedy"] else _VARIABLE_PART)
    # Whatever has a greedy part comes after whatever has none.
    return re.compile(pattern), names, (int(_GREEDY in ranks), *ranks)
