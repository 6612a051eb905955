"""The decision: which statement of which policy allows or refuses a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from sandbox.emulator.access.policy import conditions, patterns
from sandbox.emulator.access.policy.document import Policy, Statement

ANONYMOUS = "anonymous"


class Outcome(StrEnum):
    """What policies say about a request, in the words of the policy simulator."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class Source(StrEnum):
    """The kind of policy that decided, in the words of AWS's error messages."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    ROOT = "account root user"
    ACL = "access control list"
    BLOCK_PUBLIC_ACCESS = "Block Public Access"
    OWNERSHIP = "bucket ownership"
    SERVICE = "the service itself"


class Grip(IntEnum):
    """How a Principal element names a caller."""

    NONE = 0
    ACCOUNT = 1  # the account: the account's own policies still have to allow
    ROLE = 2  # the role: its boundary and session policies still limit the session
    EXACT = 3  # the user, the session, or everybody


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as policies are concerned.

    `arn` is the user's, root's or session's ARN; `role_arn` the role of a session; `account` is ""
    for an anonymous caller; `service` the principal name of an AWS service.
    """

    account: str
    arn: str
    root: bool = False
    anonymous: bool = False
    role_arn: str | None = None
    service: str | None = None
    federated: str | None = None
    canonical_id: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that matched, and the policy it stands in."""

    policy: Policy
    statement: Statement
    source: Source
    grip: Grip = Grip.EXACT


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: `match` is the statement that decided, None where nothing spoke for the request."""

    outcome: Outcome
    source: Source
    action: str = ""
    resource: str = ""
    match: Match | None = None
    note: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.outcome is Outcome.ALLOWED

    @property
    def rule(self) -> str:
        """One line that says what decided: `explicit deny: NoDeletes in policy guard`."""
        if self.match:
            verb = "allow" if self.allowed else "explicit deny"
            return f"{verb}: {self.match.statement.label} in {self.match.policy.name}"
        if self.note:
            return self.note
        if self.allowed:
            return f"allow: {self.source.value}"
        return f"no {self.source.value} allows {self.action}"


@dataclass(slots=True)
class Policies:
    """Every policy that has a say in one request; `boundary` and `session` are None when absent.

    `resource_required`: the resource's own policy must allow in any case (role trust, KMS keys).
    """

    identity: list[Policy] = field(default_factory=list)
    resource: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    session: list[Policy] | None = None
    resource_required: bool = False
    has_resource_policy_support: bool = False


def action_matches(statement: Statement, action: str) -> bool:
    """Whether the Action or NotAction element covers `action` (`s3:GetObject`, any case)."""
    if statement.actions is not None:
        return any(patterns.matches(p, action, ignore_case=True) for p in statement.actions)
    if statement.not_actions is not None:
        return not any(patterns.matches(p, action, ignore_case=True) for p in statement.not_actions)
    return False


def resource_matches(
    statement: Statement, resource: str, context: Mapping[str, object], version: str
) -> bool:
    """Whether the Resource or NotResource element covers `resource`; a trust policy has none."""
    if statement.resources is not None:
        return _any_resource(statement.resources, resource, context, version)
    if statement.not_resources is not None:
        return not _any_resource(statement.not_resources, resource, context, version)
    return True


def _any_resource(
    wanted: Iterable[str], resource: str, context: Mapping[str, object], version: str
) -> bool:
    for pattern in wanted:
        text = patterns.substitute(pattern, context, version)
        if text is not None and patterns.matches(text, resource):
            return True
    return False


def principal_grip(statement: Statement, caller: Caller) -> Grip:
    """How far the Principal or NotPrincipal element covers the caller."""
    if statement.principals is not None:
        return max((_grip(k, v, caller) for k, v in statement.principals), default=Grip.NONE)
    if statement.not_principals is not None:
        excepted = any(_grip(k, v, caller) is not Grip.NONE for k, v in statement.not_principals)
        return Grip.NONE if excepted else Grip.EXACT
    return Grip.NONE


def _grip(kind: str, value: str, caller: Caller) -> Grip:
    if kind in ("*", "AWS"):
        if value == "*":
            return Grip.NONE if caller.service and kind == "AWS" else Grip.EXACT
        if caller.anonymous or caller.service:
            return Grip.NONE
        if value == caller.account or value.endswith(f"::{caller.account}:root"):
            return Grip.EXACT if caller.root else Grip.ACCOUNT
        if value == caller.arn:
            return Grip.EXACT
        if caller.role_arn and value == caller.role_arn:
            return Grip.ROLE
    elif kind == "Service":
        if caller.service and value in (caller.service, "*"):
            return Grip.EXACT
    elif kind == "Federated":
        if caller.federated and value in (caller.federated, "*"):
            return Grip.EXACT
    elif kind == "CanonicalUser" and caller.canonical_id and value == caller.canonical_id:
        return Grip.EXACT if caller.root else Grip.ACCOUNT
    return Grip.NONE


def matching(
    policies: Iterable[Policy],
    source: Source,
    caller: Caller | None,
    action: str,
    resource: str,
    context: Mapping[str, object],
) -> Iterator[Match]:
    """The statements that apply; `caller` is given for policies with principals."""
    for policy in policies:
        for statement in policy.statements:
            if not action_matches(statement, action):
                continue
            grip = Grip.EXACT
            if caller is not None:
                grip = principal_grip(statement, caller)
                if grip is Grip.NONE:
                    continue
            if not resource_matches(statement, resource, context, policy.version):
                continue
            if conditions.all_hold(statement.conditions, context, policy.version):
                yield Match(policy, statement, source, grip)


def evaluate(
    caller: Caller,
    action: str,
    resource: str,
    policies: Policies,
    context: Mapping[str, object],
    *,
    resource_account: str | None = None,
) -> Decision:
    """Decide one action on one resource.

    `context` maps condition keys in lower case to values; `resource_account` owns the resource (None:
    the caller's own account).
    """
    identity = list(matching(policies.identity, Source.IDENTITY, None, action, resource, context))
    by_resource = list(
        matching(policies.resource, Source.RESOURCE, caller, action, resource, context)
    )
    boundary = None
    if policies.boundary is not None:
        boundary = list(
            matching([policies.boundary], Source.BOUNDARY, None, action, resource, context)
        )
    session = None
    if policies.session is not None:
        session = list(matching(policies.session, Source.SESSION, None, action, resource, context))

    def decide(outcome: Outcome, source: Source, match: Match | None = None) -> Decision:
        return Decision(outcome, source, action, resource, match)

    for found in (*identity, *by_resource, *(boundary or ()), *(session or ())):
        if found.statement.effect == "Deny":
            return decide(Outcome.EXPLICIT_DENY, found.source, found)

    granted = max(by_resource, key=lambda found: found.grip, default=None)
    if caller.anonymous or caller.service:
        if granted:
            return decide(Outcome.ALLOWED, Source.RESOURCE, granted)
        return decide(Outcome.IMPLICIT_DENY, Source.RESOURCE)

    same_account = resource_account is None or resource_account == caller.account
    if granted is None and (policies.resource_required or not same_account):
        return decide(Outcome.IMPLICIT_DENY, Source.RESOURCE)
    if caller.root:
        return decide(Outcome.ALLOWED, Source.ROOT, granted)
    if same_account and granted and granted.grip is Grip.EXACT:
        return decide(Outcome.ALLOWED, Source.RESOURCE, granted)
    by_role = same_account and granted is not None and granted.grip is Grip.ROLE
    if not identity and not by_role:
        return decide(Outcome.IMPLICIT_DENY, Source.IDENTITY)
    if boundary is not None and not boundary:
        return decide(Outcome.IMPLICIT_DENY, Source.BOUNDARY)
    if session is not None and not session:
        return decide(Outcome.IMPLICIT_DENY, Source.SESSION)
    if identity:
        return decide(Outcome.ALLOWED, Source.IDENTITY, identity[0])
    return decide(Outcome.ALLOWED, Source.RESOURCE, granted)
