"""Which resource and method of an API a path means."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    BaseGatewayException,
    MissingAuthTokenError,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.resource_router import (
    InvocationRequestRouter,
)

from sandbox.emulator.apigateway import execution_log
from sandbox.emulator.apigateway.errors import Coded


class Router(InvocationRequestRouter):
    """LocalStack's router; a path that is none is refused as AWS refuses it."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        try:
            self.route_and_enrich(context)
        except MissingAuthTokenError:
            raise unknown(context.invocation_request["headers"].get("Authorization")) from None
        execution_log.begin(context)


def unknown(authorization: str | None) -> BaseGatewayException:
    """The refusal of a path or method that the API has not.

    AWS looks for a signature there, so that a bearer token in the header gives an error of its own.
    """
    if authorization and not authorization.startswith("AWS4-HMAC-SHA256"):
        digest = base64.b64encode(hashlib.sha256(authorization.encode()).digest()).decode()
        return Coded(
            "MISSING_AUTHENTICATION_TOKEN",
            "IncompleteSignatureException",
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
            f"SHA-256 and encoded with Base64): '{digest}'.",
            403,
        )
    return MissingAuthTokenError("Missing Authentication Token")
