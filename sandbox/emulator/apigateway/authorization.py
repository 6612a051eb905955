"""Who is calling a method, and may they: the method's authorization type and the API's resource policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

from __future__ import annotations

from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AuthorizerConfigurationError,
)

from sandbox.emulator.apigateway.authorizers import cognito


class AuthorizationHandler:
    """Refuses callers whom the method does not want."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        method = context.resource_method
        kind = method.get("authorizationType") or "NONE"
        if kind == "COGNITO_USER_POOLS":
            authorizer = authorizer_of(context, method)
            token = header_source(context, authorizer.get("identitySource"))
            context.context_variables["authorizer"] = cognito.authorize(
                authorizer, method.get("authorizationScopes"), token
            )


def authorizer_of(context: Any, method: Any) -> Any:
    """The deployed authorizer of a method; a method without one is misconfigured."""
    found = context.deployment.rest_api.authorizers.get(method.get("authorizerId") or "")
    if found is None:
        raise AuthorizerConfigurationError()
    return found


def header_source(context: Any, source: str | None) -> str | None:
    """The header that `method.request.header.NAME` names; Authorization by default."""
    name = (source or "method.request.header.Authorization").rpartition("method.request.header.")[2]
    return context.invocation_request["headers"].get(name)
