"""TestInvokeMethod and TestInvokeAuthorizer: calls from the console, without a stage.

https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from localstack.aws.api.apigateway import (
    BadRequestException,
    TestInvokeAuthorizerResponse,
    TestInvokeMethodResponse,
)
from localstack.http import Request, Response
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    BaseGatewayException,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.resource_router import (
    RestAPIResourceRouter,
)
from rolo.gateway.chain import HandlerChain
from werkzeug.datastructures import Headers

from sandbox.emulator.apigateway import lambda_proxy
from sandbox.emulator.apigateway.authorizers import cognito, functions
from sandbox.emulator.apigateway.execution_log import ExecutionLog
from sandbox.emulator.apigateway.failures import FailureHandler
from sandbox.emulator.apigateway.integrations import (
    IntegrationHandler,
    IntegrationRequest,
    ProxyResponse,
)
from sandbox.emulator.apigateway.invocation import Invocation, Parser
from sandbox.emulator.apigateway.transformations import ResponseTransformation
from sandbox.emulator.apigateway.validation import ValidationHandler
from sandbox.emulator.execute_api.addresses import Address


def _headers(request: Mapping[str, Any]) -> Headers:
    headers = Headers(request.get("headers") or {})
    for name, values in (request.get("multiValueHeaders") or {}).items():
        headers.setlist(name, values)
    return headers


def _invocation(request: Mapping[str, Any], deployment: Any, method: str, path: str) -> Invocation:
    parts = urlsplit(path)
    body = (request.get("body") or "").encode()
    http = Request(
        method=method,
        path=parts.path or "/",
        raw_path=parts.path or "/",
        query_string=parts.query,
        headers=_headers(request),
        body=body,
        remote_addr="test-invoke-source-ip",
    )
    invocation = Invocation(http, Address(request["restApiId"], parts.path or "/", parts.query))
    invocation.deployment = deployment
    invocation.api_id = request["restApiId"]
    invocation.stage = None
    invocation.deployment_id = ""
    invocation.stage_configuration = {"variables": request.get("stageVariables") or {}}
    Parser()(None, invocation, Response())
    given = {name.lower() for name, _ in _headers(request)}
    kept = [(n, v) for n, v in invocation.invocation_request["headers"] if n.lower() in given]
    invocation.invocation_request["headers"] = Headers(kept)
    invocation.context_variables["domainName"] = "testPrefix.testDomainName"
    invocation.context_variables["domainPrefix"] = "testPrefix"
    invocation.log = ExecutionLog()
    return invocation


def method(request: Mapping[str, Any], deployment: Any) -> TestInvokeMethodResponse:
    """Call a method of the API as it stands now; no authorizer and no API key is asked for."""
    resource = deployment.rest_api.resources[request["resourceId"]]
    path = request.get("pathWithQueryString") or resource["path"]
    invocation = _invocation(request, deployment, request["httpMethod"], path)
    invocation.invocation_request["path_parameters"] = _path_parameters(invocation, deployment)
    methods = resource["resourceMethods"]
    invocation.resource = resource
    invocation.resource_method = methods.get(request["httpMethod"]) or methods["ANY"]
    invocation.integration = invocation.resource_method.get("methodIntegration")
    if not invocation.integration:
        raise BadRequestException("No integration defined for method")
    handlers.route_request.update_context_variables_with_resource(
        invocation.context_variables, resource
    )
    invocation.log.begin(invocation)
    chain: Any = HandlerChain(
        request_handlers=[
            ValidationHandler(),
            IntegrationRequest(),
            IntegrationHandler(),
            ResponseTransformation(),
            ProxyResponse(),
        ],
        exception_handlers=[FailureHandler()],
    )
    response = Response(headers={"Content-Type": "application/json"})
    begun = time.monotonic()
    chain.handle(invocation, response)
    latency = round((time.monotonic() - begun) * 1000)
    dropped = {"content-length"}
    if invocation.context_variables.get("error"):
        dropped.add("content-type")
    headers = Headers([(n, v) for n, v in response.headers if n.lower() not in dropped])
    if invocation.integration["type"] != "MOCK" and invocation.invocation_response is not None:
        headers.setdefault("X-Amzn-Trace-Id", invocation.trace_id)
    invocation.log.finished(invocation, response)
    multiples: dict[str, list[str]] = {}
    for name, value in headers:
        multiples.setdefault(name, []).append(value)
    return TestInvokeMethodResponse(
        log=invocation.log.text(invocation.context_variables["requestId"]),
        status=response.status_code,
        body=response.get_data(as_text=True),
        headers={name: values[-1] for name, values in multiples.items()},
        multiValueHeaders=multiples,
        latency=latency,
    )


def _path_parameters(invocation: Invocation, deployment: Any) -> dict[str, str]:
    # The console takes any path; one that does not fit gives no parameters.
    try:
        return RestAPIResourceRouter(deployment).match(invocation)[1]
    except BaseGatewayException:
        return {}


def authorizer(
    request: Mapping[str, Any], deployment: Any, found: Mapping[str, Any]
) -> TestInvokeAuthorizerResponse:
    """Ask an authorizer about made-up headers."""
    path = request.get("pathWithQueryString") or "/"
    invocation = _invocation(request, deployment, "GET", path)
    invocation.invocation_request["path_parameters"] = {}
    invocation.resource = {"path": "/", "id": ""}
    for name, value in (request.get("additionalContext") or {}).items():
        invocation.context_variables[name] = value  # type: ignore[literal-required]
    arn = lambda_proxy.source_arn_of(invocation, "GET", "/")
    begun = time.monotonic()
    answer = TestInvokeAuthorizerResponse(clientStatus=200)
    try:
        if found["type"] == "COGNITO_USER_POOLS":
            source = (found.get("identitySource") or "").rpartition(".")[2] or "Authorization"
            token = invocation.invocation_request["headers"].get(source)
            answer["claims"] = cognito.authorize(found, None, token)["claims"]
        else:
            result = functions.ask(invocation, found, arn)
            answer["principalId"] = result.principal_id
            answer["policy"] = result.text
    except BaseGatewayException as refusal:
        answer["clientStatus"] = int(
            str(getattr(refusal.status_code, "value", refusal.status_code))
        )
        invocation.log.note(str(refusal.message or "Execution failed due to an authorizer error"))
    answer["latency"] = round((time.monotonic() - begun) * 1000)
    answer["log"] = invocation.log.text(invocation.context_variables["requestId"])
    return answer
