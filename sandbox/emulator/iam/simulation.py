"""The policy simulator, answered by the engine that decides about real requests.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localstack.aws.api.iam import (
    ContextEntry,
    EvaluationResult,
    PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType,
    Statement,
)

from sandbox.emulator.access import credentials, identities
from sandbox.emulator.access.canonical import canonical_id
from sandbox.emulator.access.policy import document, patterns
from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import (
    Caller,
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
    matching,
)
from sandbox.emulator.access.refusals import named

SOURCE_TYPES = {"user": "user", "group": "group", "role": "role"}


def policies_of_arn(arn: str) -> Policies:
    """The policies of a user, group or role; raises NoSuchEntity."""
    parts = arn.split(":", 5)
    account, rest = parts[4], parts[5]
    kind, _, path = rest.partition("/")
    name = path.rsplit("/", 1)[-1]
    backend = credentials.iam_backend(account)
    if kind == "user" and name in backend.users:
        return identities.of_user(account, name)
    if kind == "group" and name in backend.groups:
        return Policies(identity=identities.attached(backend.groups[name]))
    if kind == "role" and any(role.arn == arn for role in backend.roles.values()):
        return identities.of_role(account, arn)
    raise named("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def context_of(entries: Iterable[ContextEntry] | None) -> dict[str, object]:
    """The condition keys of a simulation, in lower case."""
    found: dict[str, object] = {}
    for entry in entries or ():
        values = list(entry.get("ContextKeyValues") or ())
        many = str(entry.get("ContextKeyType", "")).endswith("List")
        found[entry["ContextKeyName"].lower()] = values if many else (values[0] if values else None)
    return found


def simulate(
    policies: Policies,
    actions: Iterable[str],
    resources: Iterable[str] | None,
    context: Mapping[str, object],
    *,
    caller_arn: str,
    resource_policy: str | None = None,
    resource_owner: str | None = None,
) -> list[EvaluationResult]:
    """One result per action and resource."""
    account = caller_arn.split(":")[4] if caller_arn.count(":") >= 4 else ""
    caller = Caller(account, caller_arn, canonical_id=canonical_id(account))
    if resource_policy:
        policies.resource = [document.parse(resource_policy, "ResourcePolicy")]
    owner = resource_owner.split(":")[4] if resource_owner else None
    results = []
    for action in actions:
        for resource in resources or ("*",):
            decision = evaluate(caller, action, resource, policies, context, resource_account=owner)
            results.append(_result(decision, policies, caller, action, resource, context))
    return results


def _result(
    decision: Decision,
    policies: Policies,
    caller: Caller,
    action: str,
    resource: str,
    context: Mapping[str, object],
) -> EvaluationResult:
    wanted = "Deny" if decision.outcome is Outcome.EXPLICIT_DENY else "Allow"
    found = [
        match
        for group, source, who in (
            (policies.identity, Source.IDENTITY, None),
            (policies.resource, Source.RESOURCE, caller),
        )
        for match in matching(group, source, who, action, resource, context)
        if match.statement.effect == wanted
    ]
    if decision.outcome is Outcome.IMPLICIT_DENY:
        found = []
    result = EvaluationResult(
        EvalActionName=action,
        EvalResourceName=resource,
        EvalDecision=PolicyEvaluationDecisionType(decision.outcome.value),
        MatchedStatements=[_statement(match.policy) for match in found],
        MissingContextValues=missing_keys(policies, context),
    )
    if policies.boundary is not None:
        allowed = any(
            match.statement.effect == "Allow"
            for match in matching(
                [policies.boundary], Source.BOUNDARY, None, action, resource, context
            )
        )
        result["PermissionsBoundaryDecisionDetail"] = PermissionsBoundaryDecisionDetail(
            AllowedByPermissionsBoundary=allowed and decision.source is not Source.BOUNDARY
        )
    return result


def _statement(policy: Policy) -> Statement:
    managed = policy.name.startswith("arn:")
    lines = policy.source.splitlines() or [""]
    return Statement(
        SourcePolicyId=policy.name.rsplit("/", 1)[-1] if managed else policy.name,
        SourcePolicyType="IAM Policy",
        StartPosition={"Line": 1, "Column": 1},
        EndPosition={"Line": len(lines), "Column": len(lines[-1]) + 1},
    )


def keys_in(policies: Iterable[Policy]) -> list[str]:
    """The condition keys that policies ask for, variables included."""
    found: dict[str, str] = {}
    for policy in policies:
        for statement in policy.statements:
            for condition in statement.conditions:
                found.setdefault(condition.key.lower(), condition.key)
                for value in condition.values:
                    _add_variables(found, value)
            for resource in (statement.resources or ()) + (statement.not_resources or ()):
                _add_variables(found, resource)
    return sorted(found.values())


def _add_variables(found: dict[str, str], text: str) -> None:
    for name in patterns.VARIABLE.findall(text):
        key = name.partition(",")[0].strip()
        if ":" in key:
            found.setdefault(key.lower(), key)


def missing_keys(policies: Policies, context: Mapping[str, object]) -> list[str]:
    """The keys that the policies ask for and the simulation was not told."""
    everything = [*policies.identity, *policies.resource]
    if policies.boundary:
        everything.append(policies.boundary)
    return [key for key in keys_in(everything) if key.lower() not in context]
