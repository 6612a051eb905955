"""The execution log of a call: what test-invoke-method shows and what CloudWatch Logs keeps.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import time
from typing import Any

from localstack.http import Response

from sandbox.emulator import clock

LONGEST = 998


class ExecutionLog:
    """Collects the lines of one call."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun = time.monotonic()
        self.latency_ms = 0

    def note(self, line: str) -> None:
        """Add a line with the present moment of the sandbox clock."""
        self.lines.append(f"{clock.now().strftime('%a %b %d %H:%M:%S UTC %Y')} : {line}")

    def begin(self, context: Any) -> None:
        """What the caller sent."""
        request = context.invocation_request
        self.note(f"Starting execution for request: {context.context_variables['requestId']}")
        self.note(
            f"HTTP Method: {request['http_method']}, Resource Path: {context.resource['path']}"
        )
        self.note(f"Method request path: {_pairs(request.get('path_parameters') or {})}")
        self.note(f"Method request query string: {_pairs(request['query_string_parameters'])}")
        self.note(f"Method request headers: {_headers(request['headers'])}")
        self.note(f"Method request body before transformations: {_text(request['body'])}")

    def sending(self, context: Any) -> None:
        """What the integration is sent."""
        request = context.integration_request
        if request is None or context.integration["type"] == "MOCK":
            return
        uri = request["uri"] or ""
        if ":lambda:path/" in uri:
            region = uri.split(":")[3]
            uri = f"https://lambda.{region}.amazonaws.com/{uri.partition(':lambda:path/')[2]}"
        self.note(f"Endpoint request URI: {uri}")
        self.note(f"Endpoint request headers: {_headers(request['headers'])}")
        self.note(f"Endpoint request body after transformations: {_text(request['body'])}")
        self.note(f"Sending request to {uri}")
        self.begun = time.monotonic()

    def received(self, context: Any) -> None:
        """What the integration answered."""
        answer = context.endpoint_response
        if answer is None or context.integration["type"] == "MOCK":
            return
        self.latency_ms = round((time.monotonic() - self.begun) * 1000)
        self.note(
            f"Received response. Status: {answer['status_code']}, Integration latency: "
            f"{self.latency_ms} ms"
        )
        self.note(f"Endpoint response headers: {_headers(answer['headers'])}")
        self.note(f"Endpoint response body before transformations: {_text(answer['body'])}")

    def failed(self, exception: Any, answer: Response) -> None:
        """The gateway answers itself."""
        self.note(f"Gateway response type: {exception.type} with status code: {answer.status_code}")
        self.note(f"Gateway response body: {_text(answer.data)}")

    def finished(self, context: Any, response: Response) -> None:
        """The end of the call."""
        if context.invocation_response is not None:
            self.note(f"Method response body after transformations: {_text(response.data)}")
            self.note(f"Method response headers: {_headers(response.headers)}")
            self.note("Successfully completed execution")
        self.note(f"Method completed with status: {response.status_code}")

    def text(self, request_id: str) -> str:
        """The whole log, as test-invoke-method returns it."""
        return "\n".join([f"Execution log for request {request_id}", *self.lines, ""])


def _pairs(values: Any) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in values.items()) + "}"


def _headers(headers: Any) -> str:
    found: dict[str, list[str]] = {}
    for name, value in headers or ():
        found.setdefault(name, []).append(
            "*" * len(value) if name.lower() == "authorization" else value
        )
    return _cut(_pairs({name: ",".join(values) for name, values in found.items()}))


def _text(body: Any) -> str:
    if not body:
        return ""
    return _cut(body if isinstance(body, str) else bytes(body).decode("utf-8", "replace"))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} [TRUNCATED]"
