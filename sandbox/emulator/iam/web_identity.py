"""Sessions for holders of a web identity: the role's trust policy decides, nobody signs.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.emulator.access import credentials
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy.evaluation import (
    Caller,
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
)
from sandbox.emulator.access.principal import ANONYMOUS
from sandbox.emulator.access.refusals import named
from sandbox.emulator.iam import sessions, trust

ACTION = "sts:AssumeRoleWithWebIdentity"
COGNITO = "cognito-identity.amazonaws.com"


@dataclass
class WebIdentity:
    """What a token proved: the federated principal, its name in condition keys, and their values."""

    principal: str
    prefix: str
    subject: str
    audience: str
    keys: dict[str, Any]


def decide(context: Any, role: Any, identity: WebIdentity, action: str = ACTION) -> Decision:
    """Whether the role's trust policy lets the identity in."""
    policies = Policies(resource=[trust.policy_of(role)])
    conditions = RequestConditions(
        context,
        ANONYMOUS,
        resource=role.arn,
        resource_account=role.account_id,
        extra={name.lower(): value for name, value in identity.keys.items()},
    )
    caller = Caller("", "", anonymous=True, federated=identity.principal)
    return evaluate(
        caller, action, role.arn, policies, conditions, resource_account=role.account_id
    )


def assume(
    context: Any,
    role_arn: str,
    session_name: str,
    seconds: int,
    identity: WebIdentity,
    *,
    policies: list[tuple[str, str]] | None = None,
    tags: dict[str, str] | None = None,
) -> tuple[Any, Any]:
    """Credentials and role; raises STS's AccessDenied, which does not say why."""
    role = trust.find_role(role_arn)
    actions = [ACTION] + (["sts:TagSession"] if tags else [])
    for action in actions:
        decision = (
            decide(context, role, identity, action)
            if role is not None
            else Decision(
                Outcome.IMPLICIT_DENY,
                Source.RESOURCE,
                action,
                role_arn,
                note=f"there is no role {role_arn}",
            )
        )
        context.sandbox_decision = decision
        if not decision.allowed:
            raise named("AccessDenied", f"Not authorized to perform {action}", 403)
    assert role is not None
    issued = sessions.of_role(
        role,
        session_name,
        seconds,
        policies=policies,
        tags=sessions.as_tags(tags or {}),
        federated_provider=identity.principal,
        web_identity=dict(identity.keys),
    )
    return issued, role


def of_token(token: str) -> WebIdentity | None:
    """The identity that a token of an identity pool, or of a user pool that IAM trusts, proves.

    Raises ExpiredTokenException for one that was good once; None where nobody here signed it.
    """
    from sandbox.emulator import clock
    from sandbox.emulator.cognito import tokens
    from sandbox.emulator.cognito.identity import open_id
    from sandbox.emulator.state import restore

    found = open_id.read(token)
    if found is not None:
        return of_cognito(found["aud"], found["sub"], found["amr"])
    restore.ensure("cognito-idp")
    try:
        pool, claims = tokens.read(token)
    except (ValueError, KeyError, TypeError):
        return None
    if claims.get("token_use") != "id":
        return None
    if clock.time() >= claims["exp"]:
        raise named("ExpiredTokenException", "Token expired: current date/time is after it.", 400)
    arn = f"arn:aws:iam::{pool.account}:oidc-provider/{pool.provider_name}"
    if arn not in credentials.iam_backend(pool.account).open_id_providers:
        raise named(
            "InvalidIdentityToken",
            f"No OpenIDConnect provider found in your account for {pool.issuer}",
            400,
        )
    prefix = pool.provider_name
    keys = {f"{prefix}:aud": claims["aud"], f"{prefix}:sub": claims["sub"]}
    return WebIdentity(arn, prefix, claims["sub"], claims["aud"], keys)


def of_cognito(pool_id: str, identity_id: str, amr: list[str]) -> WebIdentity:
    """An identity of an identity pool, as trust policies see it."""
    keys = {f"{COGNITO}:aud": pool_id, f"{COGNITO}:sub": identity_id, f"{COGNITO}:amr": list(amr)}
    return WebIdentity(COGNITO, COGNITO, identity_id, pool_id, keys)
