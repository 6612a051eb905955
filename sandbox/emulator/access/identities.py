"""The policies that are attached to a principal in IAM."""

from __future__ import annotations

from typing import Any

from sandbox.emulator.access import credentials
from sandbox.emulator.access.actions import catalog
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.document import Policy, Statement
from sandbox.emulator.access.policy.evaluation import Policies
from sandbox.emulator.access.principal import Kind, Principal

# moto keeps a role's boundary under the first name, LocalStack a user's under the second.
BOUNDARY_ATTRIBUTES = ("permissions_boundary_arn", "permissions_boundary")
EVERYTHING = Policy("account root user", (Statement("Allow", actions=("*",), resources=("*",)),))


def policies_of(principal: Principal) -> Policies:
    """Identity policies, boundary and session policies of a principal."""
    if principal.kind is Kind.USER:
        found = of_user(principal.account, principal.name)
    elif principal.kind is Kind.ROLE and principal.role_arn:
        found = of_role(principal.account, principal.role_arn)
    elif principal.kind is Kind.FEDERATED:
        # A federated user has the rights of the user who asked for the token, narrowed by the policies
        # that were passed; without any, none.
        # Asked for by the root user, the token has no name and all rights to be narrowed.
        found = (
            of_user(principal.account, principal.name)
            if principal.name
            else Policies(identity=[EVERYTHING])
        )
        found.session = list(principal.session_policies or ())
        return found
    else:
        found = Policies()
    if principal.session_policies is not None:
        found.session = list(principal.session_policies)
    return found


def of_user(account: str, name: str) -> Policies:
    """The policies of a user, its groups' included."""
    backend = credentials.iam_backend(account)
    user = backend.users.get(name)
    if user is None:
        return Policies()
    found = Policies(identity=attached(user), boundary=_boundary(backend, user))
    for group in backend.groups.values():
        if any(member.name == name for member in group.users):
            found.identity += attached(group)
    return found


def of_role(account: str, arn: str) -> Policies:
    """The policies of a role."""
    backend = credentials.iam_backend(account)
    role = next((role for role in backend.roles.values() if role.arn == arn), None)
    if role is None:
        return Policies()
    return Policies(identity=attached(role), boundary=_boundary(backend, role))


def attached(holder: Any) -> list[Policy]:
    """Inline and managed policies of a moto user, group or role."""
    found = [document.parse(_text(text), name) for name, text in list(holder.policies.items())]
    for arn, policy in list(holder.managed_policies.items()):
        found.append(document.parse(default_document(policy), arn))
    return found


def default_document(policy: Any) -> str:
    """The document of a managed policy's default version."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return _text(version.document)
    return _text(policy.document) if getattr(policy, "document", None) else "{}"


def managed(backend: Any, arn: str) -> Policy | None:
    """A managed policy of the account or of AWS by its ARN."""
    policy = backend.managed_policies.get(arn)
    if policy is not None:
        return document.parse(default_document(policy), arn)
    known = catalog.managed_policy(arn)
    if known is None:
        return None
    return document.parse(_text(known[1]["Document"]), arn)


def _boundary(backend: Any, holder: Any) -> Policy | None:
    arn = next(
        (
            value
            for value in (getattr(holder, name, None) for name in BOUNDARY_ATTRIBUTES)
            if isinstance(value, str) and value
        ),
        None,
    )
    if not arn:
        return None
    # A boundary that was deleted allows nothing.
    return managed(backend, arn) or Policy(arn, ())


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value)
