"""The execution log of a call: what test-invoke-method shows and what CloudWatch Logs keeps.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from localstack.http import Response

from sandbox.emulator import clock
from sandbox.emulator.execute_api import logs

LONGEST = 998


def begin(context: Any) -> None:
    """Start a log for a call of a stage that wants one."""
    settings = context.stage_configuration.get("methodSettings")
    if not settings:
        return
    path = context.resource["path"].replace("/", "~1")
    found = settings.get(f"{path}/{context.request.method}") or settings.get("*/*") or {}
    if found.get("loggingLevel") in ("INFO", "ERROR"):
        context.log = ExecutionLog(
            keeps=found["loggingLevel"] == "INFO", data=bool(found.get("dataTraceEnabled"))
        )
        context.log.begin(context)


def deliver(context: Any, response: Response) -> None:
    """Hand a call's log and its line of the access log to CloudWatch Logs."""
    if context.log is not None and (context.log.keeps or response.status_code >= 500):
        group = f"API-Gateway-Execution-Logs_{context.api_id}/{context.stage}"
        stream = hashlib.md5(context.api_id.encode(), usedforsecurity=False).hexdigest()
        identity = context.context_variables["requestId"]
        for line in context.log.lines:
            message = f"({identity}) {line.partition(' : ')[2]}"
            logs.write(context.account_id, context.region, group, stream, message)
    settings = (context.stage_configuration or {}).get("accessLogSettings")
    if settings and settings.get("destinationArn"):
        line = logs.formatted(
            settings.get("format") or "$context.requestId",
            lambda path: _variable(context, response, path),
        )
        group = logs.group_of(settings["destinationArn"])
        logs.write(context.account_id, context.region, group, context.stage, line)


def _variable(context: Any, response: Response, path: str) -> Any:
    if path == "status":
        return response.status_code
    if path == "responseLength":
        return len(response.data)
    found: Any = context.context_variables
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


class ExecutionLog:
    """Collects the lines of one call."""

    def __init__(self, *, keeps: bool = True, data: bool = True) -> None:
        self.keeps = keeps
        self.data = data
        self.lines: list[str] = []
        self.begun = time.monotonic()
        self.latency_ms = 0

    def trace(self, line: str) -> None:
        """Add a line with data of the call, where the stage wants them."""
        if self.data:
            self.note(line)

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
        self.trace(f"Method request headers: {_headers(request['headers'])}")
        self.trace(f"Method request body before transformations: {_text(request['body'])}")

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
        self.trace(f"Endpoint request headers: {_headers(request['headers'])}")
        self.trace(f"Endpoint request body after transformations: {_text(request['body'])}")
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
        self.trace(f"Endpoint response headers: {_headers(answer['headers'])}")
        self.trace(f"Endpoint response body before transformations: {_text(answer['body'])}")

    def failed(self, exception: Any, answer: Response) -> None:
        """The gateway answers itself."""
        self.note(f"Gateway response type: {exception.type} with status code: {answer.status_code}")
        self.note(f"Gateway response body: {_text(answer.data)}")

    def finished(self, context: Any, response: Response) -> None:
        """The end of the call."""
        if context.invocation_response is not None:
            self.trace(f"Method response body after transformations: {_text(response.data)}")
            told = [pair for pair in response.headers if pair[0].lower() != "content-length"]
            self.trace(f"Method response headers: {_headers(told)}")
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
