"""Which resource and method of an API a path means."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from weakref import WeakKeyDictionary

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    BaseGatewayException,
    MissingAuthTokenError,
    RequestTooLargeError,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.resource_router import (
    InvocationRequestRouter,
    RestAPIResourceRouter,
)

from sandbox.emulator.apigateway import execution_log
from sandbox.emulator.apigateway.errors import Coded

LARGEST_BODY_BYTES = 10 * 1024**2


_routers: WeakKeyDictionary[Any, RestAPIResourceRouter] = WeakKeyDictionary()


class Router(InvocationRequestRouter):
    """LocalStack's router; a path that is none is refused as AWS refuses it."""

    @staticmethod
    def get_router_for_deployment(deployment: Any) -> RestAPIResourceRouter:
        """The table of a deployment's paths, forgotten with it; upstream keeps every one for ever."""
        found = _routers.get(deployment)
        if found is None:
            found = _routers[deployment] = RestAPIResourceRouter(deployment)
        return found

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        if len(context.invocation_request["body"]) > LARGEST_BODY_BYTES:
            raise RequestTooLargeError("Request Too Long")
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
