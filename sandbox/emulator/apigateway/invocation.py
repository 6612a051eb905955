"""What is known of one call of a REST API, from the HTTP request to `$context`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.context import (
    InvocationRequest,
    RestApiInvocationContext,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.parse import (
    InvocationRequestParser,
)
from localstack.services.apigateway.next_gen.execute_api.header_utils import (
    DROPPED_FROM_REQUEST_COMMON_LOWER,
)
from localstack.services.apigateway.next_gen.execute_api.variables import (
    ContextVariableOverrides,
    ContextVariables,
    ContextVarsIdentity,
    ContextVarsRequestOverride,
    ContextVarsResponseOverride,
)
from werkzeug.datastructures import Headers

from sandbox.emulator import clock
from sandbox.emulator.execute_api import identifiers
from sandbox.emulator.execute_api.addresses import Address

DROPPED = frozenset(DROPPED_FROM_REQUEST_COMMON_LOWER)


class Invocation(RestApiInvocationContext):
    """LocalStack's context with the address of the call and the caller that an authorizer found."""

    address: Address

    def __init__(self, request: Any, address: Address) -> None:
        super().__init__(request)
        self.address = address
        self.gateway_context: Any = None
        self.log: Any = None
        self.usage_key: str | None = None
        self.caller: Any = None
        self.validation_error: str | None = None


class Parser(InvocationRequestParser):
    """LocalStack's parser with the path of the address and times of the sandbox clock."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        context.account_id = context.deployment.account_id
        context.region = context.deployment.region
        context.invocation_request = self.create_invocation_request(context)
        context.context_variables = self.create_context_variables(context)
        context.context_variable_overrides = ContextVariableOverrides(
            requestOverride=ContextVarsRequestOverride(header={}, querystring={}, path={}),
            responseOverride=ContextVarsResponseOverride(header={}, status=0),
        )
        context.stage_variables = self.get_stage_variables(context)
        context.trace_id = trace_id(context.request.headers.get("x-amzn-trace-id"))

    def create_invocation_request(self, context: Any) -> InvocationRequest:
        """The request as the API sees it; the path is not decoded."""
        request = context.request
        singles: dict[str, str] = {}
        multiples: dict[str, list[str]] = defaultdict(list)
        if request.query_string:
            for key, value in request.args.items(multi=True):
                multiples[key].append(value)
                singles[key] = value  # of repeated parameters the last counts
        headers = Headers()
        # The list is made here already; the constructor would check and copy each pair.
        headers._list = [pair for pair in request.headers if pair[0].lower() not in DROPPED]
        path = context.address.path or "/"
        return InvocationRequest(
            http_method=request.method,
            query_string_parameters=singles,
            multi_value_query_string_parameters=dict(multiples),
            headers=headers,
            body=request.get_data(cache=True, parse_form_data=False),
            path=path,
            raw_path=path,
        )

    @staticmethod
    def create_context_variables(context: Any) -> ContextVariables:
        """`$context` before any authorizer."""
        request: InvocationRequest = context.invocation_request
        headers = request["headers"]
        domain = headers.get("Host", "")
        now = clock.time()
        stage = context.stage or "test-invoke-stage"
        address = context.address
        # A custom domain name shows its base path in the place of the stage.
        before = address.base_path if address.domain else f"/{stage}"
        variables = ContextVariables(
            accountId=context.account_id,
            apiId=context.api_id,
            deploymentId=context.deployment_id,
            domainName=domain,
            domainPrefix=domain.split(".")[0],
            extendedRequestId=identifiers.extended_id(),
            httpMethod=request["http_method"],
            identity=ContextVarsIdentity(
                accountId=None,
                accessKey=None,
                caller=None,
                cognitoAuthenticationProvider=None,
                cognitoAuthenticationType=None,
                cognitoIdentityId=None,
                cognitoIdentityPoolId=None,
                principalOrgId=None,
                sourceIp=context.request.remote_addr or "127.0.0.1",
                user=None,
                userAgent=headers.get("User-Agent"),
                userArn=None,
            ),
            path=f"{before}{request['raw_path']}",
            protocol="HTTP/1.1",
            requestId=identifiers.request_id(),
            requestTime=identifiers.request_time(now),
            requestTimeEpoch=int(now * 1000),
            stage=stage,
        )
        if context.is_canary is not None:
            variables["isCanaryRequest"] = context.is_canary
        return variables


def trace_id(incoming: str | None) -> str:
    """The X-Ray header of a call; a root that the caller sent is kept."""
    if not incoming:
        return f"Root={identifiers.trace_root()}"
    return InvocationRequestParser.populate_trace_id(Headers({"x-amzn-trace-id": incoming}))
