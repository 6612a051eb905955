"""Function URLs: `http://URLID.lambda-url.REGION.localhost:PORT/` runs a function.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC
from types import SimpleNamespace
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator import clock
from sandbox.emulator.access import credentials, identities
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy.evaluation import Policies, evaluate
from sandbox.emulator.access.principal import ANONYMOUS, Principal
from sandbox.emulator.access.proof import Proof
from sandbox.emulator.state import restore

HOST = re.compile(r"^(?P<id>[a-z0-9-]+)\.lambda-url\.(?P<region>[a-z0-9-]+)\.", re.IGNORECASE)
ACTION = "lambda:InvokeFunctionUrl"
PRELUDE = "application/vnd.awslambda.http-integration-response"
DELIMITER = bytes(8)
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_SERVICE = SimpleNamespace(service_name="lambda")
# Not what a caller may send on: they belong to the hop.
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-authorization"}


class FunctionUrlHandler(Handler):
    """Answers requests whose host is a function URL and ends the chain there."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        host = context.request.headers.get("Host", "")
        if ".lambda-url." in host and (found := HOST.match(host)):
            serve(found["id"].lower(), found["region"].lower(), context, response)
            chain.terminate()


def serve(url_id: str, region: str, context: RequestContext, response: Response) -> None:
    """Run the function of a URL with the request as its event."""
    restore.ensure("lambda")
    found = _find(url_id, region)
    if found is None:
        _refuse(response, 403, None)
        return
    function, config = found
    request = context.request
    cors = config.cors or {}
    origin = request.headers.get("Origin")
    if cors and origin and request.method == "OPTIONS":
        response.set_response(b"")
        response.status_code = 200
        response.headers.clear()
        response.headers.update(_preflight(cors, origin, request))
        return
    try:
        caller = _authorize(config, function, context)
    except CommonServiceException as refusal:
        _refuse(response, 403, refusal.message)
        return
    _run(config, context, response, caller)
    if cors and origin:
        # The URL's configuration wins over what the function says.
        response.headers.update(_shared(cors, origin))


def _find(url_id: str, region: str) -> tuple[Any, Any] | None:
    from localstack.services.lambda_.invocation.models import lambda_stores

    for regions in list(lambda_stores.values()):
        if region not in regions:
            continue
        for function in list(regions[region].functions.values()):
            for config in list(function.function_url_configs.values()):
                if config.url_id.lower() == url_id:
                    return function, config
    return None


def _authorize(config: Any, function: Any, context: RequestContext) -> Principal:
    """Who calls, when they may; raises with AWS's sentence."""
    from sandbox.emulator.lambda_ import permissions

    caller = _authenticate(context.request) if config.auth_type == "AWS_IAM" else ANONYMOUS
    arn = config.function_arn
    parts = arn.split(":")
    qualifier = parts[7] if len(parts) > 7 else None
    if config.auth_type == "AWS_IAM" and caller.anonymous:
        raise CommonServiceException("AccessDeniedException", FORBIDDEN, 403)
    policies = Policies() if caller.anonymous else identities.policies_of(caller)
    own = permissions.policy_of(function, qualifier)
    policies.resource = [own] if own else []
    conditions = RequestConditions(
        context,
        caller,
        resource=arn,
        resource_account=parts[4],
        extra={"lambda:functionurlauthtype": config.auth_type, "lambda:functionarn": arn},
    )
    decision = evaluate(
        caller.caller(), ACTION, arn, policies, conditions, resource_account=parts[4]
    )
    if not decision.allowed:
        raise CommonServiceException("AccessDeniedException", FORBIDDEN, 403)
    return caller


def _authenticate(request: Any) -> Principal:
    proof = Proof(SimpleNamespace(service=_SERVICE, protocol="rest-json", request=request))
    claim = proof.claim()
    if claim is None:
        return ANONYMOUS
    found = credentials.find(claim.access_key)
    if found is None or not found.active:
        raise proof.unknown_key(claim)
    proof.check_token(claim, found)
    proof.check_time(claim)
    proof.check_signature(claim, found.secret)
    return found.principal


def _run(config: Any, context: RequestContext, response: Response, caller: Principal) -> None:
    from localstack.services.plugins import SERVICE_PLUGINS

    from sandbox.emulator.lambda_ import responses

    provider: Any = SERVICE_PLUGINS.get_service("lambda")._provider  # type: ignore[union-attr]
    parts = config.function_arn.split(":")
    request_id = str(uuid.uuid4())
    arguments: dict[str, Any] = {
        "name": parts[6],
        "qualifier": parts[7] if len(parts) > 7 else None,
        "account": parts[4],
        "region": parts[3],
        "payload": json.dumps(event_of(config, context.request, request_id, caller)).encode(),
        "request_id": request_id,
        "trace": context.request.headers.get("X-Amzn-Trace-Id"),
    }
    response.headers.clear()
    try:
        if config.invoke_mode == "RESPONSE_STREAM":
            stream = responses.Stream(
                lambda on_chunk: provider.invocation(**arguments, on_chunk=on_chunk)
            )
            stream.start()
            if stream.failed_early:
                _bad_gateway(response)
            else:
                _answer_stream(response, stream)
        else:
            outcome = provider.invocation(**arguments)
            if outcome.is_error:
                _bad_gateway(response)
            else:
                _answer(response, outcome.payload)
    except CommonServiceException as error:
        _answer_error(response, error)
    response.headers["x-amzn-RequestId"] = request_id
    response.headers.setdefault("Content-Type", "application/json")


def event_of(
    config: Any, request: Any, request_id: str, caller: Principal = ANONYMOUS
) -> dict[str, Any]:
    """The event in payload format 2.0."""
    host = request.headers.get("Host", "")
    uri = request.environ.get("RAW_URI") or request.full_path
    path, _, query = uri.partition("?")
    now = clock.now()
    headers = {
        name.lower(): value
        for name, value in request.headers.items()
        if name.lower() not in HOP_HEADERS and name.lower() != "cookie"
    }
    source = request.remote_addr or "127.0.0.1"
    port = host.rpartition(":")[2] if ":" in host else "80"
    headers |= {"x-forwarded-for": source, "x-forwarded-proto": "http", "x-forwarded-port": port}
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(clock.time()):08x}-{uuid.uuid4().hex[:24]}")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous" if caller.anonymous else caller.account,
            "apiId": config.url_id,
            "domainName": host.partition(":")[0],
            "domainPrefix": config.url_id,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
    }
    if not caller.anonymous:
        event["requestContext"]["authorizer"] = {
            "iam": {
                "accessKey": caller.access_key,
                "accountId": caller.account,
                "callerId": caller.user_id,
                "cognitoIdentity": None,
                "principalOrgId": None,
                "userArn": caller.arn,
                "userId": caller.user_id,
            }
        }
    if request.args:
        event["queryStringParameters"] = {
            name: ",".join(request.args.getlist(name)) for name in request.args
        }
    cookies = request.headers.get("Cookie")
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    data = request.get_data(cache=True)
    event["isBase64Encoded"] = False
    if data:
        kind = request.headers.get("Content-Type", "").lower()
        text = kind.startswith("text/") or any(
            word in kind for word in ("json", "xml", "javascript", "x-www-form-urlencoded")
        )
        if text and kind.startswith("application/x-www-form-urlencoded"):
            text = False
        try:
            event["body"] = data.decode() if text else base64.b64encode(data).decode()
            event["isBase64Encoded"] = not text
        except UnicodeDecodeError:
            event["body"] = base64.b64encode(data).decode()
            event["isBase64Encoded"] = True
    return event


def _answer(response: Response, payload: bytes) -> None:
    try:
        given = json.loads(payload or b"null")
    except ValueError:
        given = payload.decode(errors="replace")
    if not (isinstance(given, dict) and "statusCode" in given):
        # Anything else is the body itself, written without spaces as on AWS.
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        text = given if isinstance(given, str) else _compact(given)
        response.set_response(text.encode())
        return
    _head(response, given)
    body = given.get("body")
    if body is None:
        data = b""
    elif isinstance(body, str):
        data = base64.b64decode(body) if given.get("isBase64Encoded") else body.encode()
    else:
        data = json.dumps(body).encode()
    response.set_response(data)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _head(response: Response, given: dict[str, Any]) -> None:
    response.status_code = int(given.get("statusCode") or 200)
    for name, value in (given.get("headers") or {}).items():
        response.headers[name] = str(value)
    for cookie in given.get("cookies") or ():
        response.headers.add("Set-Cookie", cookie)


def _answer_stream(response: Response, stream: Any) -> None:
    pieces = iter(stream)
    response.status_code = 200
    response.headers["Content-Type"] = stream.content_type
    first = b""
    if stream.content_type.startswith(PRELUDE):
        while DELIMITER not in first:
            piece = next(pieces, None)
            if piece is None:
                break
            first += piece
        head, _, first = first.partition(DELIMITER)
        del response.headers["Content-Type"]
        try:
            _head(response, json.loads(head))
        except ValueError:
            response.status_code = 502
    response.response = _rest(first, pieces)


def _rest(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from pieces


def _bad_gateway(response: Response) -> None:
    response.status_code = 502
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.set_response(b"Internal Server Error")


def _answer_error(response: Response, error: CommonServiceException) -> None:
    response.status_code = error.status_code or 500
    response.headers["x-amzn-ErrorType"] = error.code
    body: dict[str, Any] = {"Message": error.message}
    if getattr(error, "Reason", None):
        body = {"Reason": error.Reason, "Type": "User", "message": error.message}
    response.set_response(json.dumps(body).encode())


def _refuse(response: Response, status: int, message: str | None) -> None:
    response.headers.clear()
    response.status_code = status
    response.headers["Content-Type"] = "application/json"
    response.headers["x-amzn-ErrorType"] = "AccessDeniedException"
    response.set_response(json.dumps({"Message": message}, separators=(",", ":")).encode())


def _allowed_origin(cors: Any, origin: str) -> str | None:
    allowed = cors.get("AllowOrigins") or []
    if "*" in allowed:
        return origin if cors.get("AllowCredentials") else "*"
    return origin if origin in allowed else None


def _shared(cors: Any, origin: str) -> dict[str, str]:
    allowed = _allowed_origin(cors, origin)
    if allowed is None:
        return {}
    headers = {"Access-Control-Allow-Origin": allowed}
    if allowed != "*":
        headers["Vary"] = "Origin"
    if cors.get("AllowCredentials"):
        headers["Access-Control-Allow-Credentials"] = "true"
    if cors.get("ExposeHeaders"):
        headers["Access-Control-Expose-Headers"] = ",".join(cors["ExposeHeaders"])
    return headers


def _preflight(cors: Any, origin: str, request: Any) -> dict[str, str]:
    headers = _shared(cors, origin)
    if not headers:
        return {}
    if cors.get("AllowMethods"):
        headers["Access-Control-Allow-Methods"] = ",".join(cors["AllowMethods"])
    if cors.get("AllowHeaders"):
        headers["Access-Control-Allow-Headers"] = ",".join(cors["AllowHeaders"])
    if cors.get("MaxAge") is not None:
        headers["Access-Control-Max-Age"] = str(cors["MaxAge"])
    return headers
