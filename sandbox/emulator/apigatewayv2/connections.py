"""WebSocket APIs: connections, the routes of their messages, and messages back to them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from localstack.aws.api import RequestContext
from localstack.http import Response
from rolo.websocket.errors import WebSocketDisconnectedError
from rolo.websocket.request import WebSocketRequest

from sandbox.emulator import clock
from sandbox.emulator.apigatewayv2 import messages, selection
from sandbox.emulator.apigatewayv2.call import Call, Refused
from sandbox.emulator.apigatewayv2.models import Api, Resource
from sandbox.emulator.execute_api import callers, identifiers
from sandbox.emulator.execute_api.addresses import Address

LOG = logging.getLogger(__name__)
LARGEST_MESSAGE_BYTES = 128 * 1024
MANAGE = "execute-api:ManageConnections"


@dataclass
class Connection:
    """One open websocket. `route` of the call changes with every message."""

    id: str
    call: Call
    socket: Any = None
    connected_at: float = field(default_factory=clock.time)
    active_at: float = field(default_factory=clock.time)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, data: str | bytes) -> None:
        """Send a message to the client; one at a time."""
        with self.lock:
            self.socket.send(data)
        self.active_at = clock.time()


_open: dict[str, Connection] = {}


def serve(api: Api, address: Address, context: RequestContext, response: Response) -> None:
    """A handshake, or a call of the management API."""
    stage_name, path = address.stage, address.path
    if stage_name is None:
        _, _, rest = path.partition("/")
        stage_name, slash, tail = rest.partition("/")
        path = slash + tail
    stage = api.stages.get(stage_name)
    snapshot = api.snapshots.get((stage or {}).get("DeploymentId") or "")
    if stage is None or snapshot is None:
        _refuse(response, 403, "Forbidden")
        return
    if not isinstance(context.request, WebSocketRequest):
        if path.startswith("/@connections/"):
            _manage(api, stage, unquote(path.split("/")[2]), context.request, response)
        else:
            _refuse(response, 403, "Forbidden")
        return
    # The handshake was a GET; signatures are made of that.
    request = context.request
    shim = SimpleNamespace(
        method="GET",
        headers=request.headers,
        remote_addr=request.remote_addr,
        environ=request.environ,
        path=request.path,
        host=request.host,
        scheme="http",
        args=request.args,
        get_data=lambda **_: b"",
    )
    call = Call(api, stage, snapshot, shim, path or "/", address.path, address.query)
    call.gateway_context = context
    connection = Connection(secrets.token_urlsafe(11) + "=", call)
    try:
        messages.connect(connection)
    except Refused as refusal:
        _refuse(response, refusal.status, refusal.message)
        return
    protocols = [
        part.strip()
        for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        if part.strip()
    ]
    connection.socket = request.accept(subprotocol=protocols[0] if protocols else None)
    _open[connection.id] = connection
    try:
        _converse(connection)
    finally:
        _open.pop(connection.id, None)
        code = connection.socket.close_code
        messages.disconnect(connection, code if code is not None else 1000)


def _converse(connection: Connection) -> None:
    while True:
        try:
            data = connection.socket.receive()
        except WebSocketDisconnectedError:
            return
        connection.active_at = clock.time()
        if len(data) > LARGEST_MESSAGE_BYTES:
            connection.socket.close(1009, "Message too big")
            return
        try:
            answer = messages.message(connection, data, _route_of(connection.call, data))
            if answer is not None:
                connection.send(answer)
        except WebSocketDisconnectedError:
            return
        except Exception:
            LOG.exception("a message of API %s failed", connection.call.api.id)


def _route_of(call: Call, data: str | bytes) -> Resource | None:
    """The route that the API's expression selects for a message."""
    by_key = {route["RouteKey"]: route for route in call.snapshot.routes}
    call._body = data.encode() if isinstance(data, str) else data
    call._json = ...
    key = selection.value(call.snapshot.selection, call)
    found = by_key.get(key) if key and not key.startswith("$") else None
    return found or by_key.get("$default")


def _manage(api: Api, stage: Resource, identity: str, request: Any, response: Response) -> None:
    """PostToConnection, GetConnection, DeleteConnection: signed calls."""
    arn = (
        f"arn:aws:execute-api:{api.region}:{api.account}:{api.id}/{stage['StageName']}"
        f"/{request.method}/@connections/{identity}"
    )
    try:
        caller = callers.authenticate(request)
    except callers.Unproven as refusal:
        _refuse(response, 403, refusal.message, refusal.code)
        return
    if caller.anonymous:
        _refuse(
            response, 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
        )
        return
    context = SimpleNamespace(request=request, region=api.region)
    decision = callers.decide(context, caller, arn, api.account, None, action=MANAGE)
    if not decision.allowed:
        _refuse(response, 403, callers.refusal(caller, decision), "ForbiddenException")
        return
    connection = _open.get(identity)
    if connection is None or connection.call.api.id != api.id:
        response.status_code = 410
        response.data = b""
        response.headers["x-amzn-ErrorType"] = "GoneException"
        return
    if request.method == "POST":
        data = request.get_data(cache=True, parse_form_data=False)
        if len(data) > LARGEST_MESSAGE_BYTES:
            _refuse(response, 413, "Message too long", "PayloadTooLargeException")
            return
        try:
            connection.send(data.decode())
        except UnicodeDecodeError:
            connection.send(data)
        response.status_code = 200
    elif request.method == "GET":
        identity_of = {
            "sourceIp": connection.call.source_ip,
            "userAgent": connection.call.headers.get("user-agent", ""),
        }
        body = {
            "connectedAt": identifiers.iso(connection.connected_at),
            "identity": identity_of,
            "lastActiveAt": identifiers.iso(connection.active_at),
        }
        response.status_code = 200
        response.data = json.dumps(body).encode()
        response.headers["Content-Type"] = "application/json"
    elif request.method == "DELETE":
        connection.socket.close(1000)
        _open.pop(identity, None)
        response.status_code = 204
    else:
        _refuse(
            response, 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
        )


def _refuse(
    response: Response, status: int, message: str, kind: str = "ForbiddenException"
) -> None:
    response.status_code = status
    response.data = json.dumps({"message": message}).encode()
    response.headers["Content-Type"] = "application/json"
    response.headers["x-amzn-ErrorType"] = kind
