"""Whether a caller may assume a role: the role's trust policy and the caller's own policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.access import credentials, identities
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.evaluation import (
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
)
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.access.refusals import named


def authorize(
    context: RequestContext, caller: Principal, role_arn: str, request: Mapping[str, Any]
) -> Any:
    """moto's role when the caller may assume it; else AccessDenied, which does not say why."""
    account = role_arn.split(":")[4]
    role = next(
        (role for role in credentials.iam_backend(account).roles.values() if role.arn == role_arn),
        None,
    )
    if caller.trusted and role is not None:
        return role
    if caller.kind is Kind.ROOT:
        context.sandbox_decision = Decision(
            Outcome.EXPLICIT_DENY,
            Source.SERVICE,
            "sts:AssumeRole",
            role_arn,
            note="the root user cannot assume roles",
        )
        raise named("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    actions = ["sts:AssumeRole"]
    if request.get("Tags"):
        actions.append("sts:TagSession")
    if request.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    for action in actions:
        decision = _decide(context, caller, role, action, role_arn, account)
        if action == "sts:AssumeRole" or not decision.allowed:
            context.sandbox_decision = decision
        if not decision.allowed:
            raise named(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: {action} on resource: {role_arn}",
                403,
            )
    return role


def _decide(
    context: RequestContext,
    caller: Principal,
    role: Any,
    action: str,
    role_arn: str,
    account: str,
) -> Decision:
    if role is None:
        return Decision(
            Outcome.IMPLICIT_DENY,
            Source.RESOURCE,
            action,
            role_arn,
            note=f"there is no role {role_arn}",
        )
    policies: Policies = identities.policies_of(caller)
    policies.resource = [
        document.parse(role.assume_role_policy_document, f"trust policy of {role.name}")
    ]
    policies.resource_required = True
    conditions = RequestConditions(context, caller, resource=role_arn, resource_account=account)
    return evaluate(
        caller.caller(), action, role_arn, policies, conditions, resource_account=account
    )
