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
from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import (
    Caller,
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
)
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.access.refusals import named


def find_role(role_arn: str) -> Any:
    """moto's role of an ARN; None when there is none."""
    parts = role_arn.split(":")
    if len(parts) < 6 or not parts[4]:
        return None
    roles = credentials.iam_backend(parts[4]).roles.values()
    return next((role for role in roles if role.arn == role_arn), None)


def policy_of(role: Any) -> Policy:
    """The role's trust policy."""
    return document.parse(role.assume_role_policy_document, f"trust policy of {role.name}")


def service_may_assume(role: Any, service: str) -> bool:
    """Whether the trust policy lets a service in, `lambda.amazonaws.com` for instance."""
    policies = Policies(resource=[policy_of(role)], resource_required=True)
    context = {"aws:sourceaccount": role.account_id, "aws:principalisawsservice": "true"}
    caller = Caller(account="", arn="", service=service)
    return evaluate(caller, "sts:AssumeRole", role.arn, policies, context).allowed


def authorize(
    context: RequestContext, caller: Principal, role_arn: str, request: Mapping[str, Any]
) -> Any:
    """moto's role when the caller may assume it; else AccessDenied, which does not say why."""
    account = role_arn.split(":")[4]
    role = find_role(role_arn)
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
    policies.resource = [policy_of(role)]
    policies.resource_required = True
    conditions = RequestConditions(context, caller, resource=role_arn, resource_account=account)
    return evaluate(
        caller.caller(), action, role_arn, policies, conditions, resource_account=account
    )
