"""AWS_PROXY: a function gets the whole request and answers with the whole response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.context import EndpointResponse
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    InternalServerError,
    RequestTooLargeError,
)
from localstack.services.apigateway.next_gen.execute_api.helpers import (
    render_uri_with_stage_variables,
)
from werkzeug.datastructures import Headers

from sandbox.emulator.apigateway.errors import Coded
from sandbox.emulator.apigateway.media import is_binary
from sandbox.emulator.execute_api import functions, roles

FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
FUNCTION = re.compile(r":lambda:path/+[^/]+/functions/(?P<arn>.+)/invocations$")
_encode = json.JSONEncoder(separators=(",", ":")).encode
# These two arrive as CloudFront writes them, the others as the caller wrote them.
_TITLED = {"authorization": "Authorization", "user-agent": "User-Agent"}


class LambdaProxy:
    """The integration of type AWS_PROXY."""

    def invoke(self, context: Any) -> EndpointResponse:
        """Call the function and read its answer; raises the gateway errors of AWS."""
        integration = context.integration
        uri = render_uri_with_stage_variables(integration.get("uri"), context.stage_variables)
        found = FUNCTION.search(uri or "")
        if found is None or (integration.get("httpMethod") or "POST") != "POST":
            note(context, "Execution failed due to configuration error: Invalid endpoint address")
            raise InternalServerError("Internal server error")
        event = event_of(context)
        payload = _encode(event).encode()
        context.integration_request = {
            "http_method": "POST",
            "uri": uri,
            "query_string_parameters": {},
            "headers": Headers(),
            "body": payload,
        }
        if context.log is not None:
            context.log.sending(context)
        credentials = render_uri_with_stage_variables(
            integration.get("credentials"), context.stage_variables
        )
        answer = call(context, found["arn"], payload, credentials)
        return self._response(context, answer)

    def _response(self, context: Any, answer: functions.Answer) -> EndpointResponse:
        try:
            given = json.loads(answer.payload or b"null")
        except ValueError:
            given = None
        if answer.error or not _valid(given):
            if answer.error:
                note(
                    context,
                    "Lambda execution failed with status 200 due to customer function error: "
                    f"{_error_message(given)}. Lambda request id: {context.context_variables['requestId']}",
                )
            else:
                note(
                    context,
                    "Execution failed due to configuration error: Malformed Lambda proxy response",
                )
            raise InternalServerError("Internal server error", status_code=502)
        given = given or {}
        headers = Headers({"Content-Type": "application/json"})
        _put_headers(headers, given)
        body = given.get("body")
        data = b"" if body is None else body if isinstance(body, bytes) else body.encode()
        if data and given.get("isBase64Encoded"):
            types = context.deployment.rest_api.rest_api.get("binaryMediaTypes") or ()
            if is_binary(context.invocation_request["headers"].get("Accept"), types):
                try:
                    data = base64.b64decode(data)
                except ValueError:
                    raise InternalServerError("Internal server error", status_code=500) from None
        return EndpointResponse(
            headers=headers, body=data, status_code=int(given.get("statusCode") or 200)
        )


def call(
    context: Any,
    arn: str,
    payload: bytes,
    credentials: str | None,
    *,
    asynchronous: bool = False,
) -> functions.Answer:
    """Invoke the function of an integration; raises what the caller of the API sees."""
    try:
        return functions.invoke(
            arn,
            payload,
            source_arn=source_arn(context),
            credentials=credentials,
            asynchronous=asynchronous,
            timeout=timeout_seconds(context.integration),
            trace=context.trace_id,
        )
    except functions.TimedOut:
        note(context, "Execution failed due to a timeout error")
        raise timed_out() from None
    except roles.CannotAssume:
        note(
            context,
            "Execution failed due to configuration error: API Gateway does not have permission to "
            f"assume the provided role {credentials}",
        )
        raise InternalServerError("Internal server error", status_code=500) from None
    except functions.CannotInvoke as refusal:
        if refusal.forbidden:
            note(
                context,
                "Execution failed due to configuration error: Invalid permissions on Lambda function",
            )
            raise InternalServerError("Internal server error", status_code=500) from None
        if refusal.code == "RequestTooLargeException":
            raise RequestTooLargeError("Request Too Long") from None
        if refusal.code == "TooManyRequestsException":
            note(context, "Lambda invocation failed with status: 429.")
            raise InternalServerError("Internal server error", status_code=500) from None
        note(context, f"Execution failed due to configuration error: {refusal.message}")
        raise InternalServerError("Internal server error", status_code=500) from None


def timed_out() -> Coded:
    """504 after the integration's time."""
    return Coded(
        "INTEGRATION_TIMEOUT", "InternalServerErrorException", "Endpoint request timed out", 504
    )


def timeout_seconds(integration: Any) -> float:
    """How long an integration may take; 29 s unless it says less."""
    return int(integration.get("timeoutInMillis") or 29_000) / 1000


def source_arn(context: Any) -> str:
    """The ARN of the method, as the function's permission names it."""
    method = context.invocation_request["http_method"]
    return source_arn_of(context, method, context.resource["path"])


def source_arn_of(context: Any, method: str, path: str) -> str:
    """The ARN of a method and a resource's path; the console's calls have a stage of their own."""
    return (
        f"arn:aws:execute-api:{context.region}:{context.account_id}:{context.api_id}"
        f"/{context.stage or 'test-invoke-stage'}/{method}{path}"
    )


def event_of(context: Any) -> dict[str, Any]:
    """The event of a Lambda proxy integration."""
    request = context.invocation_request
    headers, multiples = _headers(context)
    body: str | None = None
    encoded = False
    if request["body"]:
        types = context.deployment.rest_api.rest_api.get("binaryMediaTypes") or ()
        if is_binary(request["headers"].get("Content-Type"), types):
            body, encoded = base64.b64encode(request["body"]).decode(), True
        else:
            body = request["body"].decode("utf-8", "replace")
    variables = dict(context.context_variables)
    variables.pop("error", None)
    return {
        "resource": context.resource["path"],
        "path": f"{context.address.base_path}{request['path']}",
        "httpMethod": request["http_method"],
        "headers": headers,
        "multiValueHeaders": multiples,
        "queryStringParameters": request["query_string_parameters"] or None,
        "multiValueQueryStringParameters": request["multi_value_query_string_parameters"] or None,
        "pathParameters": request["path_parameters"] or None,
        "stageVariables": context.stage_variables or None,
        "requestContext": variables,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _headers(context: Any) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    singles: dict[str, str] = {}
    multiples: dict[str, list[str]] = {}
    for name, value in context.invocation_request["headers"]:
        name = _TITLED.get(name.lower(), name)
        singles[name] = value
        multiples.setdefault(name, []).append(value)
    if context.stage is None:
        # The test console sends what it was given and nothing else.
        return singles or None, multiples or None
    environ = context.request.environ
    added = {
        "X-Amzn-Trace-Id": context.trace_id,
        "X-Forwarded-For": context.request.remote_addr or "127.0.0.1",
        "X-Forwarded-Port": environ.get("SERVER_PORT", ""),
        "X-Forwarded-Proto": environ.get("wsgi.url_scheme", "http"),
    }
    for name, value in added.items():
        singles[name] = value
        multiples[name] = [value]
    return singles, multiples


def _valid(given: Any) -> bool:
    if not isinstance(given, dict) or set(given) - FIELDS:
        return False
    body = given.get("body")
    if body is not None and not isinstance(body, str):
        return False
    headers = given.get("headers")
    if headers is not None and (
        not isinstance(headers, dict)
        or any(not isinstance(value, str | bool | int | float) for value in headers.values())
    ):
        return False
    multiples = given.get("multiValueHeaders")
    if multiples is not None and (
        not isinstance(multiples, dict)
        or any(not isinstance(values, list) for values in multiples.values())
    ):
        return False
    try:
        return 100 <= int(given.get("statusCode") or 200) <= 599
    except (TypeError, ValueError):
        return False


def _error_message(given: Any) -> str:
    return str(given.get("errorMessage", "")) if isinstance(given, dict) else ""


def _put_headers(headers: Headers, given: dict[str, Any]) -> None:
    multiples = given.get("multiValueHeaders") or {}
    for name, values in multiples.items():
        headers.setlist(name, [_header_text(value) for value in values])
    for name, value in (given.get("headers") or {}).items():
        text = _header_text(value)
        if name.lower() in (other.lower() for other in multiples):
            if text not in headers.getlist(name):
                headers.add(name, text)
        else:
            headers.set(name, text)


def _header_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def note(context: Any, line: str) -> None:
    """Write a line to the execution log, where one is kept."""
    if context.log is not None:
        context.log.note(line)
