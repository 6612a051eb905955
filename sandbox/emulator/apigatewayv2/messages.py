"""What happens to the messages of a websocket: authorizers, integrations, answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
"""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

from sandbox.emulator import clock
from sandbox.emulator.apigatewayv2 import authorization, integrations, selection
from sandbox.emulator.apigatewayv2.call import Call, Refused
from sandbox.emulator.apigatewayv2.models import Resource
from sandbox.emulator.execute_api import functions, identifiers, outgoing, roles

if TYPE_CHECKING:
    from sandbox.emulator.apigatewayv2.connections import Connection

LOG = logging.getLogger(__name__)


class Failed(Exception):
    """The integration gave no answer."""


def connect(connection: Connection) -> None:
    """Ask the $connect route, where there is one; raises Refused when it does not want the client."""
    call = connection.call
    route = _route(call, "$connect")
    if route is None:
        return
    call.route = route
    _authorize(connection)
    try:
        status, _ = _invoke(connection, route, "CONNECT", None)
    except Failed:
        raise Refused(500, "Internal server error") from None
    if not 200 <= status < 300:
        raise Refused(
            status, "Forbidden" if status == 403 else "Unauthorized" if status == 401 else ""
        )


def message(connection: Connection, data: str | bytes, route: Resource | None) -> str | None:
    """The answer to a message, None for none."""
    call = connection.call
    call.request_id = identifiers.extended_id()
    if route is None:
        return _trouble(connection, "Forbidden")
    call.route = route
    try:
        _, body = _invoke(connection, route, "MESSAGE", data)
    except Failed:
        return _trouble(connection, "Internal server error")
    wants_answer = route.get("RouteResponseSelectionExpression") == "$default"
    if wants_answer and body:
        return body.decode("utf-8", "replace")
    return None


def disconnect(connection: Connection, code: int) -> None:
    """Tell the $disconnect route; nobody hears what it says."""
    route = _route(connection.call, "$disconnect")
    if route is None:
        return
    connection.call.route = route
    connection.call.request_id = identifiers.extended_id()
    try:
        _invoke(connection, route, "DISCONNECT", None, code)
    except Failed:
        LOG.debug("$disconnect of API %s failed", connection.call.api.id)


def _route(call: Call, key: str) -> Resource | None:
    return next((route for route in call.snapshot.routes if route["RouteKey"] == key), None)


def _trouble(connection: Connection, text: str) -> str:
    return json.dumps(
        {
            "message": text,
            "connectionId": connection.id,
            "requestId": connection.call.request_id,
        }
    )


def _authorize(connection: Connection) -> None:
    call = connection.call
    kind = call.route.get("AuthorizationType") or "NONE"
    if kind == "AWS_IAM":
        authorization.connect_signed(call)
    if kind != "CUSTOM":
        return
    authorizer = call.snapshot.authorizers.get(call.route.get("AuthorizerId") or "")
    if authorizer is None:
        raise Refused(500, "Internal server error")
    for source in authorizer.get("IdentitySource") or ():
        # Websocket APIs write `route.request.header.Name`.
        if not selection.lookup(source.removeprefix("$").removeprefix("route."), call):
            raise Refused(401, "Unauthorized")
    found = authorization.FUNCTION.search(authorizer.get("AuthorizerUri") or "")
    if found is None:
        raise Refused(500, "Internal server error")
    arn = f"{call.prefix}/{call.stage_name}/$connect"
    event = {
        "type": "REQUEST",
        "methodArn": arn,
        **_handshake(call),
        "stageVariables": call.stage.get("StageVariables") or {},
        "requestContext": _context(connection, "CONNECT"),
    }
    try:
        answer = functions.invoke(
            found["arn"],
            json.dumps(event).encode(),
            source_arn=f"{call.prefix}/authorizers/{authorizer['AuthorizerId']}",
            credentials=authorizer.get("AuthorizerCredentialsArn"),
        )
        given = json.loads(answer.payload or b"null")
    except (functions.CannotInvoke, functions.TimedOut, roles.CannotAssume, ValueError):
        raise Refused(500, "Internal server error") from None
    if answer.error:
        unauthorized = isinstance(given, dict) and given.get("errorMessage") == "Unauthorized"
        raise (
            Refused(401, "Unauthorized") if unauthorized else Refused(500, "Internal server error")
        )
    if not isinstance(given, dict):
        raise Refused(500, "Internal server error")
    authorization.check_policy(call, given, arn)
    context = given.get("context")
    context = context if isinstance(context, dict) else {}
    call.authorizer = {"lambda": {**context, "principalId": str(given.get("principalId", ""))}}


def _handshake(call: Call) -> dict[str, Any]:
    headers: dict[str, str] = {}
    multiples: dict[str, list[str]] = {}
    for name, value in call.request.headers:
        headers[name] = value
        multiples.setdefault(name, []).append(value)
    queries: dict[str, list[str]] = {}
    for name, value in call.query_pairs:
        queries.setdefault(name, []).append(value)
    found: dict[str, Any] = {"headers": headers, "multiValueHeaders": multiples}
    if queries:
        found["queryStringParameters"] = {name: values[-1] for name, values in queries.items()}
        found["multiValueQueryStringParameters"] = queries
    return found


def _context(connection: Connection, kind: str, code: int | None = None) -> dict[str, Any]:
    call, now = connection.call, clock.time()
    context: dict[str, Any] = {
        "routeKey": call.route["RouteKey"],
        "eventType": kind,
        "extendedRequestId": identifiers.extended_id(),
        "requestTime": identifiers.request_time(now),
        "messageDirection": "IN",
        "stage": call.stage_name,
        "connectedAt": int(connection.connected_at * 1000),
        "requestTimeEpoch": int(now * 1000),
        "identity": {
            "userAgent": call.headers.get("user-agent"),
            "sourceIp": call.source_ip,
        },
        "requestId": call.request_id,
        "domainName": call.headers.get("host", ""),
        "connectionId": connection.id,
        "apiId": call.api.id,
    }
    if kind == "MESSAGE":
        context["messageId"] = identifiers.extended_id()
    if kind == "DISCONNECT":
        context |= {"disconnectStatusCode": code, "disconnectReason": ""}
    if "lambda" in call.authorizer:
        context["authorizer"] = call.authorizer["lambda"]
    return context


def _invoke(
    connection: Connection,
    route: Resource,
    kind: str,
    data: str | bytes | None,
    code: int | None = None,
) -> tuple[int, bytes]:
    """Status and body of the integration's answer; raises Failed."""
    call = connection.call
    target = (route.get("Target") or "").removeprefix("integrations/")
    integration = call.snapshot.integrations.get(target)
    if integration is None:
        raise Failed
    if integration["IntegrationType"] == "MOCK":
        return 200, b""
    if integration["IntegrationType"] == "HTTP_PROXY":
        return _http(call, integration, data)
    event: dict[str, Any] = {}
    if kind in ("CONNECT", "DISCONNECT"):
        event |= _handshake(call)
    event["requestContext"] = _context(connection, kind, code)
    if call.stage.get("StageVariables"):
        event["stageVariables"] = call.stage["StageVariables"]
    event["isBase64Encoded"] = isinstance(data, bytes)
    if data is not None:
        event["body"] = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    uri = selection.value(integration.get("IntegrationUri") or "", call) or ""
    try:
        answer = functions.invoke(
            integrations.function_arn(uri),
            json.dumps(event, separators=(",", ":")).encode(),
            source_arn=f"{call.prefix}/{call.stage_name}/{route['RouteKey']}",
            credentials=integration.get("CredentialsArn"),
            timeout=integrations.timeout_seconds(integration),
        )
        given = json.loads(answer.payload or b"null")
    except (functions.CannotInvoke, functions.TimedOut, roles.CannotAssume, ValueError):
        raise Failed from None
    if answer.error:
        raise Failed
    if not isinstance(given, dict) or "statusCode" not in given:
        if kind == "CONNECT":
            raise Failed
        return 200, answer.payload
    body = given.get("body")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    try:
        return int(given["statusCode"]), text.encode()
    except (TypeError, ValueError):
        raise Failed from None


def _http(call: Call, integration: Resource, data: str | bytes | None) -> tuple[int, bytes]:
    body = data.encode() if isinstance(data, str) else data or b""
    method = integration.get("IntegrationMethod") or "POST"
    uri = selection.value(integration.get("IntegrationUri") or "", call) or ""
    try:
        reply = outgoing.send(
            "POST" if method == "ANY" else method,
            uri,
            {"Content-Type": "application/json"},
            body,
            integrations.timeout_seconds(integration),
        )
    except (outgoing.TimedOut, outgoing.Unreachable):
        raise Failed from None
    return reply.status, reply.body
