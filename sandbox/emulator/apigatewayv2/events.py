"""The events that functions get from HTTP APIs, in payload formats 1.0 and 2.0, and their answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.apigatewayv2.call import Call
from sandbox.emulator.execute_api import identifiers

TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}
STANDARD_TYPE = "text/plain;charset=UTF-8"


class Malformed(Exception):
    """The function's answer is no response."""


@dataclass(slots=True)
class Answer:
    """A response: `headers` as pairs."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _body(call: Call) -> tuple[str | None, bool]:
    if not call.body:
        return None, False
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if (
        not kind
        or kind in TEXT_TYPES
        or kind.startswith("text/")
        or kind.endswith(("+json", "+xml"))
    ):
        try:
            return call.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(call.body).decode(), True


def _forwarded(call: Call) -> dict[str, str]:
    environ = call.request.environ
    return {
        "x-amzn-trace-id": f"Root={identifiers.trace_root()}",
        "x-forwarded-for": call.source_ip,
        "x-forwarded-port": str(environ.get("SERVER_PORT", "")),
        "x-forwarded-proto": environ.get("wsgi.url_scheme", "http"),
    }


def _queries(call: Call) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in call.query_pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def version_2(call: Call) -> dict[str, Any]:
    """The event of payload format 2.0."""
    headers = dict(call.headers)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    headers |= _forwarded(call)
    body, encoded = _body(call)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": call.route["RouteKey"],
        "rawPath": call.raw_path,
        "rawQueryString": call.query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    queries = _queries(call)
    if queries:
        event["queryStringParameters"] = queries
    event["requestContext"] = _context_2(call)
    if call.path_parameters:
        event["pathParameters"] = call.path_parameters
    if call.stage.get("StageVariables"):
        event["stageVariables"] = call.stage["StageVariables"]
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = encoded
    return event


def _context_2(call: Call) -> dict[str, Any]:
    host = call.headers.get("host", "").split(":")[0]
    context: dict[str, Any] = {"accountId": call.api.account, "apiId": call.api.id}
    if call.authorizer:
        context["authorizer"] = call.authorizer
    return context | {
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": call.method,
            "path": call.raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": call.source_ip,
            "userAgent": call.headers.get("user-agent", ""),
        },
        "requestId": call.request_id,
        "routeKey": call.route["RouteKey"],
        "stage": call.stage_name,
        "time": identifiers.request_time(call.time),
        "timeEpoch": int(call.time * 1000),
    }


def version_1(call: Call) -> dict[str, Any]:
    """The event of payload format 1.0, nearly that of REST APIs."""
    body, encoded = _body(call)
    headers: dict[str, str] = {}
    multiples: dict[str, list[str]] = {}
    for name, value in [*call.request.headers, *_forwarded(call).items()]:
        headers[name] = value
        multiples.setdefault(name, []).append(value)
    queries: dict[str, list[str]] = {}
    for name, value in call.query_pairs:
        queries.setdefault(name, []).append(value)
    return {
        "version": "1.0",
        "resource": call.route["RouteKey"].partition(" ")[2] or "$default",
        "path": call.raw_path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": multiples,
        "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None,
        "multiValueQueryStringParameters": queries or None,
        "requestContext": _context_1(call),
        "pathParameters": call.path_parameters or None,
        "stageVariables": call.stage.get("StageVariables") or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _context_1(call: Call) -> dict[str, Any]:
    host = call.headers.get("host", "").split(":")[0]
    iam = call.authorizer.get("iam") or {}
    authorizer: Any = None
    if "jwt" in call.authorizer:
        authorizer = call.authorizer["jwt"]
    elif "lambda" in call.authorizer:
        authorizer = call.authorizer["lambda"]
    context = {
        "accountId": call.api.account,
        "apiId": call.api.id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "extendedRequestId": call.request_id,
        "httpMethod": call.method,
        "identity": {
            "accessKey": iam.get("accessKey"),
            "accountId": iam.get("accountId"),
            "caller": iam.get("callerId"),
            "cognitoAmr": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": call.source_ip,
            "user": iam.get("userId"),
            "userAgent": call.headers.get("user-agent", ""),
            "userArn": iam.get("userArn"),
        },
        "path": call.raw_path,
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": identifiers.request_time(call.time),
        "requestTimeEpoch": int(call.time * 1000),
        "resourceId": call.route["RouteKey"],
        "resourcePath": call.route["RouteKey"].partition(" ")[2] or "$default",
        "stage": call.stage_name,
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    return context


def authorizer_version_2(call: Call, values: list[str]) -> dict[str, Any]:
    """What a Lambda authorizer gets in format 2.0."""
    event = version_2(call)
    event.pop("body", None)
    event.pop("isBase64Encoded", None)
    return event | {"type": "REQUEST", "routeArn": call.arn, "identitySource": values or None}


def authorizer_version_1(call: Call, values: list[str]) -> dict[str, Any]:
    """What a Lambda authorizer gets in format 1.0."""
    event = version_1(call)
    event.pop("body", None)
    event.pop("isBase64Encoded", None)
    return event | {
        "type": "REQUEST",
        "methodArn": call.arn,
        "identitySource": ",".join(values),
        "authorizationToken": values[0] if values else None,
    }


# --- answers -------------------------------------------------------------------------------------


def response_2(payload: bytes) -> Answer:
    """The response that a function's answer in format 2.0 means; raises Malformed."""
    if not payload:
        return Answer(200, [("content-type", "application/json")], b"")
    try:
        given = json.loads(payload)
    except ValueError:
        raise Malformed from None
    if not isinstance(given, dict) or "statusCode" not in given:
        # Without a status the whole answer is the body.
        body = given.encode() if isinstance(given, str) else payload
        return Answer(200, [("content-type", "application/json")], body)
    headers = _given_headers(given)
    for cookie in given.get("cookies") or ():
        headers.append(("set-cookie", str(cookie)))
    return _answer(given, headers)


def response_1(payload: bytes) -> Answer:
    """The response that a function's answer in format 1.0 means; raises Malformed."""
    try:
        given = json.loads(payload or b"null")
    except ValueError:
        raise Malformed from None
    if not isinstance(given, dict) or "statusCode" not in given:
        raise Malformed
    headers = _given_headers(given)
    multiples = given.get("multiValueHeaders") or {}
    if not isinstance(multiples, dict):
        raise Malformed
    for name, values in multiples.items():
        headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        headers += [(name, str(value)) for value in values]
    return _answer(given, headers)


def _given_headers(given: dict[str, Any]) -> list[tuple[str, str]]:
    headers = given.get("headers") or {}
    if not isinstance(headers, dict):
        raise Malformed
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in headers.items()
        if value is not None
    ]


def _answer(given: dict[str, Any], headers: list[tuple[str, str]]) -> Answer:
    try:
        status = int(given["statusCode"])
    except (TypeError, ValueError):
        raise Malformed from None
    body = given.get("body")
    if not 100 <= status <= 599 or not (body is None or isinstance(body, str)):
        raise Malformed
    data = (body or "").encode()
    if data and given.get("isBase64Encoded"):
        try:
            data = base64.b64decode(data)
        except ValueError:
            raise Malformed from None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", STANDARD_TYPE))
    return Answer(status, headers, data)
