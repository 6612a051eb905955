"""TOKEN and REQUEST authorizers: a function that returns a policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AuthorizerConfigurationError,
)

from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import (
    Caller,
    Decision,
    Match,
    Outcome,
    Source,
    matching,
)
from sandbox.emulator.access.principal import ANONYMOUS
from sandbox.emulator.apigateway import lambda_proxy
from sandbox.emulator.apigateway.errors import access_denied, unauthorized
from sandbox.emulator.execute_api import callers, functions, roles
from sandbox.emulator.execute_api.cache import TimedCache

FUNCTION = re.compile(r":lambda:path/+[^/]+/functions/(?P<arn>.+?)(?:/invocations)?$")
STANDARD_TTL_SECONDS = 300

results = TimedCache()


@dataclass(frozen=True, slots=True)
class Result:
    """What an authorizer function answered."""

    principal_id: str
    policy: Policy
    text: str
    context: dict[str, Any]
    usage_key: str | None


def authorize(
    context: Any, authorizer: Mapping[str, Any], arn: str, resource_policy: Policy | None
) -> Result:
    """The result for a caller who may; raises the gateway error otherwise."""
    found = ask(context, authorizer, arn)
    decision = decide(context, found.policy, arn, resource_policy)
    if not decision.allowed:
        callers.remember(context.gateway_context, ANONYMOUS, decision)
        from sandbox.emulator.access import messages

        raise access_denied(
            f"User is not authorized to access this resource {messages.reason(decision)}"
        )
    return found


def ask(context: Any, authorizer: Mapping[str, Any], arn: str) -> Result:
    """The function's answer, from the cache if it is there."""
    values = identity_values(context, authorizer)
    ttl = authorizer.get("authorizerResultTtlInSeconds")
    ttl = STANDARD_TTL_SECONDS if ttl is None else int(ttl)
    key = (context.api_id, context.stage, authorizer["id"], values)
    if ttl > 0 and values:
        found = results.get(key)
        if found is not None:
            return found
    found = parse(_call(context, authorizer, arn, values))
    if ttl > 0 and values:
        results.put(key, found, ttl)
    return found


def identity_values(context: Any, authorizer: Mapping[str, Any]) -> tuple[str, ...]:
    """What identifies the caller; 401 without a call of the function when a part is missing."""
    if authorizer["type"] == "TOKEN":
        token = _source(context, authorizer.get("identitySource") or "")
        if not token:
            raise unauthorized()
        expression = authorizer.get("identityValidationExpression")
        if expression and not _matches(expression, token):
            raise unauthorized()
        return (token,)
    sources = [part.strip() for part in (authorizer.get("identitySource") or "").split(",")]
    values = tuple(_source(context, source) for source in sources if source)
    if not all(values):
        raise unauthorized()
    return tuple(str(value) for value in values)


def _matches(expression: str, token: str) -> bool:
    try:
        return re.fullmatch(expression, token) is not None
    except re.error:
        return False


def _source(context: Any, source: str) -> str | None:
    request = context.invocation_request
    stem, _, name = source.rpartition(".")
    if stem == "method.request.header":
        return request["headers"].get(name)
    if stem == "method.request.querystring":
        return request["query_string_parameters"].get(name)
    if source.startswith("stageVariables."):
        return (context.stage_variables or {}).get(source.partition(".")[2])
    if source.startswith("context."):
        found: Any = context.context_variables
        for part in source.split(".")[1:]:
            found = found.get(part) if isinstance(found, Mapping) else None
        return None if found is None else str(found)
    return None


def _event(
    context: Any, authorizer: Mapping[str, Any], arn: str, values: tuple[str, ...]
) -> dict[str, Any]:
    if authorizer["type"] == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": values[0]}
    event = lambda_proxy.event_of(context)
    event.pop("body")
    event.pop("isBase64Encoded")
    for name in (
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
    ):
        event[name] = event[name] or {}
    return {"type": "REQUEST", "methodArn": arn, **event}


def _call(context: Any, authorizer: Mapping[str, Any], arn: str, values: tuple[str, ...]) -> Any:
    found = FUNCTION.search(authorizer.get("authorizerUri") or "")
    if found is None:
        raise AuthorizerConfigurationError()
    event = _event(context, authorizer, arn, values)
    source = (
        f"arn:aws:execute-api:{context.region}:{context.account_id}:{context.api_id}"
        f"/authorizers/{authorizer['id']}"
    )
    try:
        answer = functions.invoke(
            found["arn"],
            json.dumps(event).encode(),
            source_arn=source,
            credentials=authorizer.get("authorizerCredentials"),
        )
    except (functions.CannotInvoke, functions.TimedOut, roles.CannotAssume) as refusal:
        if context.log is not None:
            context.log.note(f"Execution failed due to an authorizer error: {refusal}")
        raise AuthorizerConfigurationError() from None
    try:
        given = json.loads(answer.payload or b"null")
    except ValueError:
        raise AuthorizerConfigurationError() from None
    if answer.error:
        # A function refuses by failing with exactly this word.
        if isinstance(given, dict) and given.get("errorMessage") == "Unauthorized":
            raise unauthorized()
        raise AuthorizerConfigurationError()
    return given


def parse(given: Any) -> Result:
    """The result of a function's answer; 500 with a null message for a malformed one."""
    if not isinstance(given, dict):
        raise AuthorizerConfigurationError()
    principal, policy = given.get("principalId"), given.get("policyDocument")
    values = given.get("context") or {}
    if not isinstance(principal, str | int) or isinstance(principal, bool):
        raise AuthorizerConfigurationError()
    if not isinstance(policy, dict) or not isinstance(policy.get("Statement"), list | dict):
        raise AuthorizerConfigurationError()
    if not isinstance(values, dict) or any(
        isinstance(value, dict | list) for value in values.values()
    ):
        raise AuthorizerConfigurationError()
    return Result(
        str(principal),
        document.from_dict(policy, "the authorizer's policy"),
        json.dumps(policy),
        {name: _text(value) for name, value in values.items() if value is not None},
        given.get("usageIdentifierKey"),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def decide(context: Any, policy: Policy, arn: str, resource_policy: Policy | None) -> Decision:
    """The authorizer's policy and the API's together: a denial in either ends it, one must allow."""
    conditions = RequestConditions(
        context, ANONYMOUS, resource=arn, resource_account=context.account_id
    )
    found = list(matching([policy], Source.IDENTITY, None, callers.ACTION, arn, conditions))
    if resource_policy is not None:
        caller: Caller = ANONYMOUS.caller()
        found += matching(
            [resource_policy], Source.RESOURCE, caller, callers.ACTION, arn, conditions
        )

    def decision(outcome: Outcome, source: Source, match: Match | None = None) -> Decision:
        return Decision(outcome, source, callers.ACTION, arn, match)

    for match in found:
        if match.statement.effect == "Deny":
            return decision(Outcome.EXPLICIT_DENY, match.source, match)
    for match in found:
        if match.statement.effect == "Allow":
            return decision(Outcome.ALLOWED, match.source, match)
    return decision(Outcome.IMPLICIT_DENY, Source.IDENTITY)
