"""A function's own policy: which services and other accounts may invoke it.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
Callers with credentials are decided by the gateway's access control, which reads the same policies through
`access/resources.py`; here it is services that call on behalf of their resources.
"""

from __future__ import annotations

import dataclasses
import json
import operator
import re
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.services.lambda_.invocation.models import lambda_stores

from sandbox.emulator.access import credentials, decisions, messages
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import Caller, Decision, Policies, evaluate
from sandbox.emulator.access.refusals import named
from sandbox.emulator.lambda_ import constraints

ACTION = "lambda:InvokeFunction"
# The service itself (event source mappings) acts with the execution role, checked elsewhere.
OWN = {"lambda", "lambda.amazonaws.com"}


_parsed: dict[int, tuple[list[Any], Policy]] = {}
MOST_PARSED = 1000
SERVICE_NAME = re.compile(r"[\w.-]+\.amazon(aws)?\.com(\.cn)?")
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(user|role)/(.+)")


def statement_builder(original: Any) -> Any:
    """upstream's `build_statement` with Alexa's principals, and without those that do not exist."""

    def build_statement(*, principal: str, **given: Any) -> dict[str, Any]:
        constraints.check_action(given["action"])
        if SERVICE_NAME.fullmatch(principal) and not principal.endswith(".amazonaws.com"):
            made = original(principal="lambda.amazonaws.com", **given)
            return made | {"Principal": {"Service": principal}}
        if PRINCIPAL.fullmatch(principal) and not _exists(principal):
            raise InvalidParameterValueException(
                "The provided principal was invalid. Please check the principal and try again.",
                Type="User",
            )
        return original(principal=principal, **given)

    return build_statement


def _exists(arn: str) -> bool:
    """Whether the user or role of an ARN is there."""
    _, _, _, _, account, path = arn.split(":", 5)
    backend = credentials.iam_backend(account)
    if path.startswith("user/"):
        return path.rpartition("/")[2] in backend.users
    return any(role.arn == arn for role in backend.roles.values())


def policy_of(function: Any, qualifier: str | None) -> Policy | None:
    """The policy of a function, version or alias."""
    found = function.permissions.get(qualifier or "$LATEST")
    if found is None:
        return None
    statements = found.policy.Statement
    known = _parsed.get(id(found))
    # The statements are kept beside what was made of them: nobody else can be at their place then.
    if (
        known is not None
        and len(known[0]) == len(statements)
        and all(map(operator.is_, known[0], statements))
    ):
        return known[1]
    policy = document.parse(json.dumps(dataclasses.asdict(found.policy)), "function policy")
    if len(_parsed) >= MOST_PARSED:
        _parsed.clear()
    _parsed[id(found)] = (list(statements), policy)
    return policy


def decide_service(
    function: Any,
    qualifier: str | None,
    arn: str,
    service: str,
    source_arn: str | None,
    source_account: str | None,
    action: str = ACTION,
) -> Decision:
    """Whether `service` (`apigateway.amazonaws.com`) may act for `source_arn`."""
    found = policy_of(function, qualifier)
    parts = (source_arn or "").split(":")
    owner = parts[4] if len(parts) > 4 and parts[4] else source_account
    context = {
        "aws:sourcearn": source_arn,
        "aws:sourceaccount": owner,
        "aws:principalservicename": service,
        "aws:principalisawsservice": "true",
    }
    return evaluate(
        Caller(account="", arn="", service=service),
        action,
        arn,
        Policies(resource=[found] if found else []),
        {key: value for key, value in context.items() if value is not None},
        resource_account=arn.split(":")[4],
    )


def check_service(
    arn: str,
    service: str,
    source_arn: str | None = None,
    source_account: str | None = None,
) -> None:
    """Raise AccessDeniedException unless the function's policy lets the service invoke it.

    `arn` is the invoked ARN, with or without a qualifier. A function that does not exist passes: its error
    comes from the invocation.
    """
    if service in OWN:
        return
    if "." not in service:
        service = f"{service}.amazonaws.com"
    parts = arn.split(":")
    function = lambda_stores[parts[4]][parts[3]].functions.get(parts[6])
    if function is None:
        return
    qualifier = parts[7] if len(parts) > 7 else None
    decision = decide_service(function, qualifier, arn, service, source_arn, source_account)
    if not decision.allowed:
        raise denied(service, decision)


def check_internal(context: Any, arn: str) -> None:
    """Decide an invocation that another service of the sandbox makes.

    A service principal is decided by the function's policy; credentials of a role (Step Functions, Pipes)
    by that role's policies; the emulator's own calls by nobody.
    """
    params = context.internal_request_params
    if params is None:
        return
    service = params.get("service_principal")
    if service:
        check_service(arn, service, params.get("source_arn"), context.account_id)
        return
    from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header

    key = extract_access_key_id_from_auth_header(context.request.headers) or ""
    if not key.startswith("ASIA"):
        return
    found = credentials.find(key)
    if found is None:
        return
    decision = decisions.decide(found.principal, Requirement(ACTION, arn), context)
    if not decision.allowed:
        raise messages.denied(found.principal, decision, "lambda", "rest-json")


def denied(service: str, decision: Decision) -> CommonServiceException:
    """The refusal of a service."""
    text = (
        f"User: {service} is not authorized to perform: {decision.action} on resource: "
        f"{decision.resource} {messages.reason(decision)}"
    )
    return named("AccessDeniedException", text, 403)
