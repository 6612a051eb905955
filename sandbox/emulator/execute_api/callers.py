"""AWS_IAM: who signed a call of an API, and what the policies say.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from localstack.aws.api import CommonServiceException

from sandbox.emulator.access import credentials, identities, messages
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import Decision, Policies, evaluate
from sandbox.emulator.access.principal import ANONYMOUS, Principal
from sandbox.emulator.access.proof import Proof

ACTION = "execute-api:Invoke"
COGNITO = "cognito-identity.amazonaws.com"
_SERVICE = SimpleNamespace(service_name="execute-api")


class Unproven(Exception):
    """The signature proves nobody; `code` and `message` as AWS words them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def authenticate(request: Any) -> Principal:
    """The principal who signed; ANONYMOUS for a request without a signature. Raises Unproven."""
    context: Any = SimpleNamespace(service=_SERVICE, protocol="rest-json", request=request)
    try:
        proof = Proof(context)
        claim = proof.claim()
        if claim is None:
            return ANONYMOUS
        found = credentials.find(claim.access_key)
        if found is None or not found.active:
            raise proof.unknown_key(claim)
        proof.check_token(claim, found)
        proof.check_time(claim)
        proof.check_signature(claim, found.secret)
    except CommonServiceException as refusal:
        raise Unproven(refusal.code, refusal.message) from None
    return found.principal


def decide(
    context: Any,
    principal: Principal,
    arn: str,
    account: str,
    resource_policy: Policy | None,
    *,
    action: str = ACTION,
) -> Decision:
    """Whether the caller may invoke the method; `context` has the HTTP `request`."""
    policies = Policies() if principal.anonymous else identities.policies_of(principal)
    if resource_policy is not None:
        policies.resource = [resource_policy]
    conditions = RequestConditions(context, principal, resource=arn, resource_account=account)
    return evaluate(principal.caller(), action, arn, policies, conditions, resource_account=account)


def refusal(principal: Principal, decision: Decision) -> str:
    """AWS's sentence, in which the account of the API is half hidden."""
    shown = replace(decision, resource=masked(decision.resource))
    if principal.anonymous:
        return (
            f"User: anonymous is not authorized to perform: {decision.action} on resource: "
            f"{shown.resource} {messages.reason(shown)}"
        )
    return messages.sentence(principal, shown, "execute-api")


def masked(arn: str) -> str:
    """The ARN with the first eight digits of its account hidden."""
    parts = arn.split(":")
    if len(parts) > 4:
        parts[4] = "*" * 8 + parts[4][-4:]
    return ":".join(parts)


def identity(principal: Principal) -> dict[str, Any]:
    """The caller as `$context.identity` shows it."""
    found: dict[str, Any] = {
        "accountId": principal.account,
        "accessKey": principal.access_key,
        "caller": principal.user_id,
        "user": principal.user_id,
        "userArn": principal.arn,
    }
    session = credentials.sessions(principal.account).get(principal.access_key) or {}
    told = session.get("web_identity") or {}
    if told.get(f"{COGNITO}:sub"):
        means = [str(item) for item in told.get(f"{COGNITO}:amr") or ()]
        found |= {
            "cognitoIdentityId": told[f"{COGNITO}:sub"],
            "cognitoIdentityPoolId": told.get(f"{COGNITO}:aud"),
            "cognitoAuthenticationType": means[0] if means else None,
            "cognitoAuthenticationProvider": ",".join(means[1:]) or None,
        }
    return found


def remember(context: Any, principal: Principal, decision: Decision) -> None:
    """Leave a refusal for `sandbox events`, which tells the rule that decided."""
    if context is not None:
        context.sandbox_principal = principal
        context.sandbox_decision = decision
