"""The handlers that a call of a REST API passes.

LocalStack's chain with ours between: who is calling and may they, limits, and answers as AWS words them.
"""

from __future__ import annotations

from localstack.services.apigateway.next_gen.execute_api.gateway import RestApiGateway

from sandbox.emulator.apigateway.authorization import AuthorizationHandler
from sandbox.emulator.apigateway.failures import FailureHandler, ResponseHeaders
from sandbox.emulator.apigateway.integrations import (
    IntegrationHandler,
    IntegrationRequest,
    ProxyResponse,
)
from sandbox.emulator.apigateway.invocation import Parser
from sandbox.emulator.apigateway.routing import Router
from sandbox.emulator.apigateway.transformations import ResponseTransformation
from sandbox.emulator.apigateway.usage import UsageHandler
from sandbox.emulator.apigateway.validation import ValidationHandler


class RestChain(RestApiGateway):
    """LocalStack's gateway of REST APIs with handlers of ours in the place of some of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.request_handlers[:] = [
            Parser(),
            Router(),
            AuthorizationHandler(),
            UsageHandler(),
            ValidationHandler(),
            IntegrationRequest(),
            IntegrationHandler(),
            ResponseTransformation(),
            ProxyResponse(),
        ]
        self.exception_handlers[:] = [FailureHandler()]
        self.response_handlers[:] = [ResponseHeaders()]
