"""What routes of HTTP APIs call: functions, other servers, and services of AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations.html
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlencode

from sandbox.emulator.apigatewayv2 import events, selection, services
from sandbox.emulator.apigatewayv2.call import Call, Refused, server_error
from sandbox.emulator.apigatewayv2.events import Answer
from sandbox.emulator.apigatewayv2.models import Resource
from sandbox.emulator.execute_api import functions, outgoing, roles

FUNCTION = re.compile(r"functions/(?P<arn>arn:[^/]+)/invocations$")
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
}
NOT_SENT_ON = HOP_BY_HOP | {"host", "content-length", "expect", "x-forwarded-for"}
# Request parameters that nobody may change.
RESERVED = re.compile(
    r"(access-control-.*|apigw-.*|authorization|connection|content-encoding|content-length|"
    r"content-location|forwarded|keep-alive|origin|proxy-.*|te|trailers|transfer-encoding|upgrade|"
    r"x-amz-.*|x-amzn-.*|x-forwarded-.*|via)",
    re.IGNORECASE,
)
_encode = json.JSONEncoder(separators=(",", ":")).encode
WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}


def of_route(call: Call) -> Resource:
    """The integration that the matched route names."""
    target = (call.route.get("Target") or "").removeprefix("integrations/")
    found = call.snapshot.integrations.get(target)
    if found is None:
        raise server_error()
    return found


def invoke(call: Call) -> Answer:
    """Call the integration of the matched route; raises Refused."""
    integration = of_route(call)
    kind = integration["IntegrationType"]
    if kind == "AWS_PROXY" and integration.get("IntegrationSubtype"):
        answer = services.invoke(call, integration)
    elif kind == "AWS_PROXY":
        answer = _function(call, integration)
    elif kind == "HTTP_PROXY":
        answer = _http(call, integration)
    else:
        raise server_error()
    return _mapped(call, integration, answer)


def timeout_seconds(integration: Resource) -> float:
    """How long an integration may take; 30 s unless it says less."""
    return int(integration.get("TimeoutInMillis") or 30_000) / 1000


def function_arn(uri: str) -> str:
    """The function of an integration's URI, which may be its plain ARN."""
    found = FUNCTION.search(uri)
    return found["arn"] if found else uri


def _function(call: Call, integration: Resource) -> Answer:
    uri = selection.value(integration.get("IntegrationUri") or "", call) or ""
    second = (integration.get("PayloadFormatVersion") or "1.0") == "2.0"
    event = events.version_2(call) if second else events.version_1(call)
    try:
        answer = functions.invoke(
            function_arn(uri),
            _encode(event).encode(),
            source_arn=call.source_arn,
            credentials=integration.get("CredentialsArn"),
            timeout=timeout_seconds(integration),
        )
    except functions.TimedOut:
        raise Refused(503, "Service Unavailable") from None
    except functions.CannotInvoke as refusal:
        if refusal.code == "RequestTooLargeException":
            raise Refused(413, "Request Entity Too Large") from None
        raise server_error() from None
    except roles.CannotAssume:
        raise server_error() from None
    if answer.error:
        raise server_error()
    try:
        return events.response_2(answer.payload) if second else events.response_1(answer.payload)
    except events.Malformed:
        raise server_error() from None


def _http(call: Call, integration: Resource) -> Answer:
    uri = integration.get("IntegrationUri") or ""
    uri = selection.INLINE.sub(lambda found: selection.value(found[0], call) or "", uri)
    for name, value in call.path_parameters.items():
        safe = (
            "/-._~!$&'()*+,;=:@" if f"{{{name}+}}" in uri or "/" in value else "-._~!$&'()*+,;=:@"
        )
        uri = uri.replace(f"{{{name}+}}", quote(value, safe=safe))
        uri = uri.replace(f"{{{name}}}", quote(value, safe=safe))
    method = integration.get("IntegrationMethod") or "ANY"
    if method == "ANY":
        method = call.method
    headers = {n: v for n, v in call.headers.items() if n not in NOT_SENT_ON}
    host = call.headers.get("host", "")
    proto = call.request.environ.get("wsgi.url_scheme", "http")
    headers["forwarded"] = f"by={call.source_ip};for={call.source_ip};host={host};proto={proto}"
    query = list(call.query_pairs)
    uri, query = _map_request(call, integration, headers, query, uri)
    if query:
        uri += ("&" if "?" in uri else "?") + urlencode(query)
    body = None if method in WITHOUT_BODY and not call.body else call.body
    try:
        reply = outgoing.send(method, uri, headers, body, timeout_seconds(integration))
    except outgoing.TimedOut:
        raise Refused(503, "Service Unavailable") from None
    except outgoing.Unreachable:
        raise Refused(503, "Service Unavailable") from None
    kept = [(n, v) for n, v in reply.headers if n.lower() not in HOP_BY_HOP]
    return Answer(reply.status, kept, reply.body)


def _map_request(
    call: Call,
    integration: Resource,
    headers: dict[str, str],
    query: list[tuple[str, str]],
    uri: str,
) -> tuple[str, list[tuple[str, str]]]:
    """Apply `overwrite:header.x` and its like; `headers` is changed in place."""
    for key, expression in (integration.get("RequestParameters") or {}).items():
        verb, _, place = key.partition(":")
        kind, _, name = place.partition(".")
        value = selection.value(expression, call)
        if kind == "path" and verb == "overwrite" and value is not None:
            scheme, separator, rest = uri.partition("://")
            host = rest.split("/", 1)[0].split("?", 1)[0]
            uri = f"{scheme}{separator}{host}{value if value.startswith('/') else '/' + value}"
        elif kind == "header":
            name = name.lower()
            if verb == "remove" or (verb == "overwrite" and value is None):
                headers.pop(name, None)
            elif value is not None:
                old = headers.get(name) if verb == "append" else None
                headers[name] = f"{old},{value}" if old else value
        elif kind == "querystring":
            if verb in ("remove", "overwrite"):
                query = [pair for pair in query if pair[0] != name]
            if verb != "remove" and value is not None:
                query.append((name, value))
    return uri, query


def _mapped(call: Call, integration: Resource, answer: Answer) -> Answer:
    """Apply the response parameters for the answer's status."""
    parameters = (integration.get("ResponseParameters") or {}).get(str(answer.status))
    if not parameters:
        return answer
    given = {name.lower(): value for name, value in answer.headers}
    seen = (answer.status, given, answer.body)
    headers = list(answer.headers)
    status = answer.status
    for key, expression in parameters.items():
        verb, _, place = key.partition(":")
        kind, _, name = place.partition(".")
        value = selection.value(expression, call, seen)
        if kind == "statuscode" and value and value.isdigit():
            status = int(value)
        elif kind == "header":
            if verb in ("remove", "overwrite"):
                headers = [pair for pair in headers if pair[0].lower() != name.lower()]
            if verb != "remove" and value is not None:
                headers.append((name, value))
    return Answer(status, headers, answer.body)
