"""Who is calling a method, and may they: the method's authorization type and the API's resource policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

import time
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AuthorizerConfigurationError,
)

from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import Outcome
from sandbox.emulator.access.principal import ANONYMOUS
from sandbox.emulator.apigateway import resource_policy
from sandbox.emulator.apigateway.authorizers import cognito, functions
from sandbox.emulator.apigateway.errors import Coded, access_denied
from sandbox.emulator.apigateway.routing import unknown
from sandbox.emulator.execute_api import callers

# Gateway response type of each way in which a signature fails.
SIGNATURE_TYPES = {
    "UnrecognizedClientException": "INVALID_SIGNATURE",
    "InvalidSignatureException": "INVALID_SIGNATURE",
    "IncompleteSignatureException": "MISSING_AUTHENTICATION_TOKEN",
    "ExpiredTokenException": "EXPIRED_TOKEN",
}


class AuthorizationHandler:
    """Refuses callers whom the method or the API does not want."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        method = context.resource_method
        kind = method.get("authorizationType") or "NONE"
        policy = resource_policy.of(context.deployment, context.api_id)
        if kind == "NONE":
            if policy is not None:
                _require(context, policy)
        elif kind == "AWS_IAM":
            _signed(context, policy)
        elif kind == "COGNITO_USER_POOLS":
            authorizer = authorizer_of(context, method)
            token = header_source(context, authorizer.get("identitySource"))
            context.context_variables["authorizer"] = cognito.authorize(
                authorizer, method.get("authorizationScopes"), token
            )
            if policy is not None:
                _require(context, policy)
        else:
            _custom(context, authorizer_of(context, method), policy)


def method_arn(context: Any) -> str:
    """The ARN of the call: stage, method and path as they were asked for."""
    request = context.invocation_request
    return (
        f"arn:aws:execute-api:{context.region}:{context.account_id}:{context.api_id}"
        f"/{context.stage}/{request['http_method']}{request['path']}"
    )


def _require(context: Any, policy: Policy) -> None:
    """The resource policy must allow everybody who comes without credentials of IAM."""
    decision = callers.decide(context, ANONYMOUS, method_arn(context), context.account_id, policy)
    if not decision.allowed:
        callers.remember(context.gateway_context, ANONYMOUS, decision)
        raise access_denied(callers.refusal(ANONYMOUS, decision))


def _signed(context: Any, policy: Policy | None) -> None:
    try:
        caller = callers.authenticate(context.request)
    except callers.Unproven as refusal:
        raise Coded(
            SIGNATURE_TYPES.get(refusal.code, "INVALID_SIGNATURE"),
            refusal.code,
            refusal.message,
            403,
        ) from None
    if caller.anonymous:
        raise unknown(context.invocation_request["headers"].get("Authorization"))
    decision = callers.decide(context, caller, method_arn(context), context.account_id, policy)
    if not decision.allowed:
        callers.remember(context.gateway_context, caller, decision)
        raise access_denied(callers.refusal(caller, decision))
    context.caller = caller
    context.context_variables["identity"].update(callers.identity(caller))


def _custom(context: Any, authorizer: Any, policy: Policy | None) -> None:
    arn = method_arn(context)
    if policy is not None:
        decision = callers.decide(context, ANONYMOUS, arn, context.account_id, policy)
        if decision.outcome is Outcome.EXPLICIT_DENY:
            callers.remember(context.gateway_context, ANONYMOUS, decision)
            raise access_denied(callers.refusal(ANONYMOUS, decision))
    begun = time.monotonic()
    found = functions.authorize(context, authorizer, arn, policy)
    context.usage_key = found.usage_key
    context.context_variables["authorizer"] = {
        **found.context,
        "principalId": found.principal_id,
        "integrationLatency": round((time.monotonic() - begun) * 1000),
    }


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
