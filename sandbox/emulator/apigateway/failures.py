"""Answers that the gateway gives itself: gateway responses, and the headers of every answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    BaseGatewayException,
    InternalServerError,
    get_gateway_response_or_default,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.gateway_exception import (
    GatewayExceptionHandler,
)
from werkzeug.datastructures import Headers

from sandbox.emulator.apigateway import execution_log

LOG = logging.getLogger(__name__)
DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
# Only names are put in; no template language runs here.
_VARIABLE = re.compile(r"\$\{?(context|stageVariables|method\.request)\.([A-Za-z0-9_.\-]+)\}?")


class FailureHandler(GatewayExceptionHandler):
    """Turns an exception into the API's gateway response of that type."""

    def __call__(self, chain: Any, exception: Any, context: Any, response: Response) -> None:
        if not isinstance(exception, BaseGatewayException):
            LOG.error("a call of API %s failed: %s", context.api_id, exception, exc_info=exception)
            exception = InternalServerError("Internal server error")
        self.set_error_context(exception, context)
        problem = context.validation_error
        if problem and exception.type == "BAD_REQUEST_BODY":
            context.context_variables["error"]["validationErrorString"] = problem
        answer = _answer(exception, context)
        response.status_code = answer.status_code
        response.data = answer.data
        response.headers.clear()
        response.headers.extend(answer.headers)
        # The console's log tells what went wrong, but not how a stage would have said it.
        if context.log is not None and context.stage is not None:
            context.log.failed(exception, answer)


def _answer(exception: BaseGatewayException, context: Any) -> Response:
    responses = context.deployment.rest_api.gateway_responses
    found = get_gateway_response_or_default(exception.type, responses)
    status = found.get("statusCode")
    if not status:
        status = exception.status_code or 500
    kind, template = _template(found, context)
    headers = Headers({"Content-Type": kind, "x-amzn-ErrorType": exception.code})
    for name, value in (found.get("responseParameters") or {}).items():
        stem, _, header = name.partition("gatewayresponse.header.")
        if stem == "" and header:
            text = _parameter(value, context)
            if text is not None:
                headers.set(header, text)
    if template == DEFAULT_TEMPLATE:
        body = _default_body(exception)
    else:
        body = _render(template, context)
    return Response(body, status=int(str(getattr(status, "value", status))), headers=headers)


def _template(found: Mapping[str, Any], context: Any) -> tuple[str, str]:
    """The content type and the template for what the caller accepts."""
    templates = found.get("responseTemplates") or {"application/json": DEFAULT_TEMPLATE}
    accepted = (context.invocation_request or {}).get("headers", {}).get("Accept", "")
    for kind in accepted.split(","):
        kind = kind.split(";")[0].strip()
        if kind in templates:
            return kind, templates[kind]
    if "application/json" in templates:
        return "application/json", templates["application/json"]
    return next(iter(templates.items()))


def _default_body(exception: BaseGatewayException) -> str:
    # AWS writes this one type with a capital letter, whatever GetGatewayResponse says.
    name = "Message" if exception.type == "ACCESS_DENIED" else "message"
    return json.dumps({name: exception.message}, separators=(",", ":"))


def _parameter(value: str, context: Any) -> str | None:
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1]
    request = context.invocation_request or {}
    stem, _, name = value.rpartition(".")
    if stem == "method.request.header":
        return request.get("headers", {}).get(name)
    if stem == "method.request.querystring":
        return (request.get("query_string_parameters") or {}).get(name)
    if stem == "method.request.path":
        return (request.get("path_parameters") or {}).get(name)
    if value.startswith("context."):
        found = _lookup(context.context_variables or {}, value[len("context.") :])
        return None if found is None else str(found)
    if value.startswith("stageVariables."):
        return (context.stage_variables or {}).get(value[len("stageVariables.") :])
    return None


def _render(template: str, context: Any) -> str:
    def text(match: re.Match[str]) -> str:
        kind, path = match[1], match[2]
        # A full stop that ends a sentence is not part of the name.
        tail = "." if path.endswith(".") else ""
        path = path.rstrip(".")
        if kind == "stageVariables":
            return (context.stage_variables or {}).get(path, "") + tail
        if kind == "method.request":
            return (_parameter(f"method.request.{path}", context) or "") + tail
        if path == "error.messageString":
            found = _lookup(context.context_variables or {}, "error.message")
            return json.dumps(found) + tail
        found = _lookup(context.context_variables or {}, path)
        return ("" if found is None else str(found)) + tail

    return _VARIABLE.sub(text, template)


def _lookup(values: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return None
        values = values[part]
    return values


class ResponseHeaders:
    """The headers that API Gateway adds to every answer of a REST API."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        headers, variables = response.headers, context.context_variables
        own = headers.get("x-amzn-RequestId")
        if own is not None and context.integration:
            headers.set("x-amzn-Remapped-x-amzn-RequestId", own)
        headers.set("x-amzn-RequestId", variables["requestId"])
        headers.set("x-amz-apigw-id", variables["extendedRequestId"])
        if (
            context.integration
            and context.integration["type"] not in ("HTTP_PROXY", "MOCK")
            and not variables.get("error")
        ):
            headers.set("X-Amzn-Trace-Id", context.trace_id)
        if context.log is not None:
            context.log.finished(context, response)
        configuration = context.stage_configuration
        if context.log is not None or configuration.get("accessLogSettings"):
            execution_log.deliver(context, response)
