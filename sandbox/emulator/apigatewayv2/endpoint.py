"""From an address to a stage of an HTTP API, its route, and the answer."""

from __future__ import annotations

import json
import logging
from typing import Any

from localstack.aws.api import RequestContext
from localstack.http import Response
from werkzeug.datastructures import Headers

from sandbox.emulator.apigatewayv2 import authorization, cors, integrations, routing
from sandbox.emulator.apigatewayv2.call import Call, Refused, server_error
from sandbox.emulator.apigatewayv2.events import Answer
from sandbox.emulator.apigatewayv2.models import Api, find
from sandbox.emulator.execute_api import identifiers, throttle
from sandbox.emulator.execute_api.addresses import Address

LOG = logging.getLogger(__name__)
LARGEST_BODY_BYTES = 10 * 1024**2


def knows(api_id: str) -> bool:
    """Whether there is an HTTP or WebSocket API of that id."""
    return find(api_id) is not None


def serve(address: Address, context: RequestContext, response: Response) -> None:
    """Answer a call of an HTTP API."""
    api = find(address.api_id)
    assert api is not None
    if api.websocket:
        from sandbox.emulator.apigatewayv2 import connections

        connections.serve(api, address, context, response)
        return
    call = None
    try:
        if api.details.get("DisableExecuteApiEndpoint") and not address.domain:
            raise Refused(404, "Not Found")
        call = _call(api, address, context.request)
        if call is None:
            raise Refused(404, "Not Found")
        call.gateway_context = context
        answer = _answer(call)
    except Refused as refusal:
        answer = _refusal(refusal)
    except Exception:
        LOG.exception("a call of API %s failed", api.id)
        answer = _refusal(server_error())
    _write(call, answer, response)
    if call is not None and call.stage.get("AccessLogSettings"):
        from sandbox.emulator.apigatewayv2 import access_log

        access_log.write(call, response)


def _call(api: Api, address: Address, request: Any) -> Call | None:
    path = address.path or "/"
    name, raw_path = address.stage, f"{address.base_path}{path}"
    if name is None:
        first, _, rest = path[1:].partition("/")
        if first in api.stages and first != "$default":
            name, path = first, f"/{rest}"
        else:
            name = "$default"
    stage = api.stages.get(name)
    if stage is None:
        return None
    snapshot = api.snapshots.get(stage.get("DeploymentId") or "")
    if snapshot is None:
        return None
    return Call(api, stage, snapshot, request, path, raw_path, address.query)


def _answer(call: Call) -> Answer:
    if len(call.body) > LARGEST_BODY_BYTES:
        raise Refused(413, "Request Entity Too Large")
    sharing = call.snapshot.cors
    if sharing is not None and call.method == "OPTIONS" and "origin" in call.headers:
        return Answer(204, list(cors.preflight(sharing, call.headers).items()), b"")
    found = routing.of(call.snapshot).match(call.method, call.path)
    if found is None:
        raise Refused(404, "Not Found")
    call.route, call.path_parameters = found
    _throttle(call)
    authorization.authorize(call)
    return integrations.invoke(call)


def _throttle(call: Call) -> None:
    key = call.route["RouteKey"]
    settings = (call.stage.get("RouteSettings") or {}).get(key) or {}
    scope = key
    if settings.get("ThrottlingRateLimit") is None:
        settings, scope = call.stage.get("DefaultRouteSettings") or {}, ""
    rate = settings.get("ThrottlingRateLimit")
    if rate is None:
        return
    burst = settings.get("ThrottlingBurstLimit")
    limit = float(burst if burst is not None else max(rate, 1))
    if not throttle.take((call.api.id, call.stage_name, scope or key), float(rate), limit):
        raise Refused(429, "Too Many Requests")


def _refusal(refusal: Refused) -> Answer:
    body = json.dumps({"message": refusal.message}, separators=(",", ":")).encode()
    headers = [("content-type", "application/json"), *refusal.headers.items()]
    return Answer(refusal.status, headers, body)


def _write(call: Call | None, answer: Answer, response: Response) -> None:
    headers = answer.headers
    sharing = call.snapshot.cors if call is not None else None
    if call is not None and sharing is not None and call.method != "OPTIONS":
        # The API's own word on sharing replaces the integration's.
        headers = [pair for pair in headers if not pair[0].lower().startswith(cors.PREFIX)]
        headers += cors.of_answer(sharing, call.headers).items()
    response.status_code = answer.status
    response.data = answer.body
    made = Headers([pair for pair in headers if pair[0].lower() != "content-length"])
    made.set("apigw-requestid", call.request_id if call is not None else identifiers.extended_id())
    if answer.status != 204 or answer.body:
        made.set("content-length", str(len(answer.body)))
    response.headers = made
