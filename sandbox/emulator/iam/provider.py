"""AWS IAM: LocalStack's provider over moto, with documents checked and simulations that are true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.iam import (
    GetContextKeysForPolicyResponse,
    SimulateCustomPolicyRequest,
    SimulatePolicyResponse,
    SimulatePrincipalPolicyRequest,
)
from localstack.services.iam.provider import IamProvider
from localstack.services.moto import MotoFallbackDispatcher

from sandbox.emulator.access import credentials, principal
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.evaluation import Policies
from sandbox.emulator.access.principal import Kind
from sandbox.emulator.access.refusals import named
from sandbox.emulator.iam import documents, managed, patches, simulation

IDENTITY_DOCUMENTS = {
    "CreatePolicy",
    "CreatePolicyVersion",
    "PutUserPolicy",
    "PutRolePolicy",
    "PutGroupPolicy",
}
TRUST_DOCUMENTS = {
    "CreateRole": "AssumeRolePolicyDocument",
    "UpdateAssumeRolePolicy": "PolicyDocument",
}


class SandboxIamProvider(IamProvider):
    """`iam:sandbox`."""

    def __init__(self) -> None:
        super().__init__()
        patches.apply()

    @handler("SimulatePrincipalPolicy", expand=False)
    def simulate_principal_policy(
        self, context: RequestContext, request: SimulatePrincipalPolicyRequest
    ) -> SimulatePolicyResponse:
        """What a user, group or role may do."""
        arn = request["PolicySourceArn"]
        policies = simulation.policies_of_arn(arn)
        for number, text in enumerate(request.get("PolicyInputList") or (), 1):
            policies.identity.append(document.parse(text, f"PolicyInputList.{number}"))
        return _simulate(request, policies, request.get("CallerArn") or arn)

    @handler("SimulateCustomPolicy", expand=False)
    def simulate_custom_policy(
        self, context: RequestContext, request: SimulateCustomPolicyRequest
    ) -> SimulatePolicyResponse:
        """What policies that exist nowhere would allow."""
        policies = Policies()
        for number, text in enumerate(request.get("PolicyInputList") or (), 1):
            documents.check_identity(text)
            policies.identity.append(document.parse(text, f"PolicyInputList.{number}"))
        arn = request.get("CallerArn") or f"arn:aws:iam::{context.account_id}:user/simulated"
        return _simulate(request, policies, arn)

    def get_context_keys_for_custom_policy(
        self, context: RequestContext, policy_input_list: list[str], **kwargs: Any
    ) -> GetContextKeysForPolicyResponse:
        """The condition keys that policies ask for."""
        policies = [document.parse(text, "") for text in policy_input_list]
        return GetContextKeysForPolicyResponse(ContextKeyNames=simulation.keys_in(policies))

    def get_context_keys_for_principal_policy(
        self,
        context: RequestContext,
        policy_source_arn: str,
        policy_input_list: list[str] | None = None,
        **kwargs: Any,
    ) -> GetContextKeysForPolicyResponse:
        """The condition keys that the policies of a user, group or role ask for."""
        found = simulation.policies_of_arn(policy_source_arn).identity
        found += [document.parse(text, "") for text in policy_input_list or ()]
        return GetContextKeysForPolicyResponse(ContextKeyNames=simulation.keys_in(found))


def _simulate(request: Any, policies: Policies, caller_arn: str) -> SimulatePolicyResponse:
    boundaries = request.get("PermissionsBoundaryPolicyInputList") or ()
    for text in boundaries:
        policies.boundary = document.parse(text, "PermissionsBoundaryPolicyInputList.1")
    results = simulation.simulate(
        policies,
        request.get("ActionNames") or (),
        request.get("ResourceArns"),
        simulation.context_of(request.get("ContextEntries")),
        caller_arn=caller_arn,
        resource_policy=request.get("ResourcePolicy"),
        resource_owner=request.get("ResourceOwner"),
    )
    return SimulatePolicyResponse(EvaluationResults=results, IsTruncated=False)


def dispatcher(provider: IamProvider) -> dict[str, Callable]:
    """LocalStack's dispatch table (provider first, then moto) with our checks before each call."""
    table = MotoFallbackDispatcher(provider)
    return {operation: _checked(operation, call) for operation, call in table.items()}


def _checked(operation: str, call: Callable) -> Callable:
    def checked(context: RequestContext, request: Mapping[str, Any]) -> Any:
        given = request or {}
        if operation in IDENTITY_DOCUMENTS:
            documents.check_identity(given.get("PolicyDocument") or "")
        elif operation in TRUST_DOCUMENTS:
            documents.check_trust(given.get(TRUST_DOCUMENTS[operation]) or "")
        backend = credentials.iam_backend(context.account_id)
        for parameter in ("PolicyArn", "PermissionsBoundary"):
            managed.ensure(backend, given.get(parameter))
        boundary = given.get("PermissionsBoundary")
        if boundary and boundary not in backend.managed_policies:
            raise named(
                "NoSuchEntity", f"Scope ARN: {boundary} does not exist or is not attachable.", 404
            )
        if operation == "CreateAccessKey" and not given.get("UserName"):
            _require_user(context)
        if operation == "ListPolicies" and given.get("Scope") != "Local":
            with managed.all_present(backend):
                return call(context, request)
        return call(context, request)

    return checked


def _require_user(context: RequestContext) -> None:
    caller = principal.of(context)
    if caller.kind not in (Kind.USER, Kind.INTERNAL):
        raise named(
            "ValidationError", "Must specify userName when calling with non-User credentials", 400
        )
