"""Integrations: what a method calls, and how its answer is taken.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-integration-settings.html
"""

from __future__ import annotations

from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.gateway_response import InternalServerError
from localstack.services.apigateway.next_gen.execute_api.integrations import REST_API_INTEGRATIONS

from sandbox.emulator.apigateway.lambda_proxy import LambdaProxy


class IntegrationRequest:
    """LocalStack's mapping of the request; a Lambda proxy makes its event from the request itself."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        if context.integration["type"] == "AWS_PROXY":
            return
        handlers.integration_request_handler(chain, context, response)


class IntegrationHandler:
    """Calls the integration and keeps its answer."""

    def __init__(self) -> None:
        self._kinds = dict(REST_API_INTEGRATIONS)
        self._kinds["AWS_PROXY"] = LambdaProxy()

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        kind = context.integration["type"]
        integration = self._kinds.get(kind)
        if integration is None:
            raise InternalServerError("Internal server error")
        context.endpoint_response = integration.invoke(context)
        if "PROXY" in kind:
            context.invocation_response = context.endpoint_response
