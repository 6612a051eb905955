"""Integrations: what a method calls, and how its answer is taken.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-integration-settings.html
"""

from __future__ import annotations

from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.gateway_response import InternalServerError
from localstack.services.apigateway.next_gen.execute_api.integrations import REST_API_INTEGRATIONS

from sandbox.emulator.apigateway.http_endpoint import HttpEndpoint
from sandbox.emulator.apigateway.lambda_proxy import LambdaProxy, note
from sandbox.emulator.apigateway.service_call import ServiceCall
from sandbox.emulator.apigateway.transformations import RequestTransformation


class IntegrationRequest:
    """LocalStack's mapping of the request; a Lambda proxy makes its event from the request itself."""

    def __init__(self) -> None:
        self._transformation = RequestTransformation()

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        if context.integration["type"] == "AWS_PROXY":
            return
        self._transformation(chain, context, response)


class IntegrationHandler:
    """Calls the integration and keeps its answer."""

    def __init__(self) -> None:
        self._kinds = dict(REST_API_INTEGRATIONS)
        self._kinds |= {
            "AWS_PROXY": LambdaProxy(),
            "AWS": ServiceCall(),
            "HTTP": HttpEndpoint(),
            "HTTP_PROXY": HttpEndpoint(),
        }

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        kind = context.integration["type"]
        integration = self._kinds.get(kind)
        if integration is None:
            raise InternalServerError("Internal server error")
        if context.integration.get("connectionType") == "VPC_LINK":
            note(
                context, "Execution failed due to configuration error: VPC links are not available"
            )
            raise InternalServerError("Internal server error")
        log = context.log
        if log is not None and kind != "AWS_PROXY":
            log.sending(context)
        context.endpoint_response = integration.invoke(context)
        if log is not None:
            log.received(context)
        if "PROXY" in kind:
            context.invocation_response = context.endpoint_response


# What an integration's answer may not say of the connection: kept under another name, or dropped.
REMAPPED = {"connection", "content-length", "date", "server"}


class ProxyResponse:
    """Takes a Lambda proxy's answer as the method's, in one pass; others go through LocalStack's handler."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        if context.integration["type"] != "AWS_PROXY":
            handlers.method_response_handler(chain, context, response)
            return
        answer = context.invocation_response
        response.status_code = answer["status_code"]
        response.data = answer["body"]
        headers = response.headers
        headers.clear()
        for name, value in answer["headers"]:
            lower = name.lower()
            if lower in REMAPPED:
                headers.add(f"x-amzn-Remapped-{name.title()}", value)
            elif lower != "transfer-encoding":
                headers.add(name, value)
