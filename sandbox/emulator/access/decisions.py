"""The decision about one requirement: gathers the policies that have a say and asks the engine."""

from __future__ import annotations

from typing import Any

from sandbox.emulator.access import identities, resources
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy.evaluation import (
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
)
from sandbox.emulator.access.principal import Kind, Principal


def decide(principal: Principal, requirement: Requirement, context: Any) -> Decision:
    """Whether `principal` may; `context` is the request's LocalStack context."""
    if requirement.action.startswith("s3:"):
        from sandbox.emulator.access import s3

        return s3.decide(principal, requirement, context)
    owner = requirement.account or _owner(requirement.resource) or principal.account
    found, required = resources.resource_policies(requirement.resource)
    same = owner == principal.account
    if principal.kind is Kind.ROOT and same and not found:
        return Decision(Outcome.ALLOWED, Source.ROOT, requirement.action, requirement.resource)
    policies = Policies() if principal.anonymous else identities.policies_of(principal)
    policies.resource = found
    policies.resource_required = required
    conditions = RequestConditions(
        context,
        principal,
        resource=requirement.resource,
        resource_account=owner,
        extra=requirement.context,
    )
    return evaluate(
        principal.caller(),
        requirement.action,
        requirement.resource,
        policies,
        conditions,
        resource_account=owner,
    )


def _owner(arn: str) -> str | None:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None
