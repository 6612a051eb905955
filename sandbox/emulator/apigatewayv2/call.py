"""One call of an HTTP API: what is known of it, and `$context`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.emulator import clock
from sandbox.emulator.apigatewayv2.models import Api, Resource, Snapshot
from sandbox.emulator.execute_api import identifiers


class Refused(Exception):
    """The gateway answers itself: status, the word of the body, headers."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def server_error() -> Refused:
    """500."""
    return Refused(500, "Internal Server Error")


@dataclass
class Call:
    """A request for an API; `path` has no stage, `raw_path` has it."""

    api: Api
    stage: Resource
    snapshot: Snapshot
    request: Any
    path: str
    raw_path: str
    query: str
    route: Resource = field(default_factory=dict)
    path_parameters: dict[str, str] = field(default_factory=dict)
    authorizer: dict[str, Any] = field(default_factory=dict)
    caller: Any = None
    gateway_context: Any = None
    request_id: str = field(default_factory=identifiers.extended_id)
    time: float = field(default_factory=clock.time)
    _lower: dict[str, str] | None = None
    _query: list[tuple[str, str]] | None = None
    _body: bytes | None = None
    _json: Any = ...

    # Names that access control's conditions ask for.
    @property
    def region(self) -> str:
        """The API's region."""
        return self.api.region

    @property
    def stage_name(self) -> str:
        """The stage's name."""
        return self.stage["StageName"]

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name in lower case, repeated ones joined by commas."""
        if self._lower is None:
            found: dict[str, str] = {}
            for name, value in self.request.headers:
                lower = name.lower()
                found[lower] = f"{found[lower]},{value}" if lower in found else value
            self._lower = found
        return self._lower

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The decoded parameters of the query string, in order."""
        if self._query is None:
            self._query = parse_qsl(self.query, keep_blank_values=True)
        return self._query

    @property
    def body(self) -> bytes:
        """The body as it came."""
        if self._body is None:
            self._body = self.request.get_data(cache=True, parse_form_data=False)
        return self._body

    @property
    def json_body(self) -> Any:
        """The body decoded from JSON; None when it is none."""
        if self._json is ...:
            try:
                self._json = json.loads(self.body)
            except ValueError:
                self._json = None
        return self._json

    @property
    def source_ip(self) -> str:
        """Where the request came from."""
        return self.request.remote_addr or "127.0.0.1"

    @property
    def arn(self) -> str:
        """The ARN of the call: stage, method and path as they were asked for."""
        return f"{self.prefix}/{self.stage_name}/{self.method}{self.path}"

    @property
    def prefix(self) -> str:
        """The ARN of the API."""
        return f"arn:aws:execute-api:{self.api.region}:{self.api.account}:{self.api.id}"

    @property
    def source_arn(self) -> str:
        """The ARN of the route, as a function's permission names it."""
        key = self.route["RouteKey"]
        method, _, path = key.partition(" ")
        if not path:
            return f"{self.prefix}/{self.stage_name}/{method}"
        method = self.method if method == "ANY" else method
        return f"{self.prefix}/{self.stage_name}/{method}{path}"

    def context(self, path: str) -> Any:
        """A variable of `$context` by its path without the prefix; None for an unknown one."""
        if path in _VARIABLES:
            return _VARIABLES[path](self)
        if path.startswith("authorizer."):
            found: Any = self.authorizer
            parts = path.split(".")[1:]
            if parts[0] == "claims":
                parts = ["jwt", *parts]
            elif parts[0] not in ("jwt", "lambda", "iam"):
                parts = ["lambda", *parts]
            for part in parts:
                found = found.get(part) if isinstance(found, dict) else None
            return found
        return None


_VARIABLES = {
    "accountId": lambda call: call.api.account,
    "apiId": lambda call: call.api.id,
    "domainName": lambda call: call.headers.get("host", "").split(":")[0],
    "domainPrefix": lambda call: call.headers.get("host", "").split(".")[0],
    "httpMethod": lambda call: call.method,
    "identity.sourceIp": lambda call: call.source_ip,
    "identity.userAgent": lambda call: call.headers.get("user-agent", ""),
    "path": lambda call: call.raw_path,
    "protocol": lambda call: "HTTP/1.1",
    "requestId": lambda call: call.request_id,
    "extendedRequestId": lambda call: call.request_id,
    "requestTime": lambda call: identifiers.request_time(call.time),
    "requestTimeEpoch": lambda call: int(call.time),
    "routeKey": lambda call: call.route.get("RouteKey"),
    "stage": lambda call: call.stage_name,
}
