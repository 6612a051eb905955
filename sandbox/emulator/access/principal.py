"""Who sent a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.emulator.access.policy.document import Policy
from sandbox.emulator.access.policy.evaluation import Caller

DEFAULT_ACCOUNT = "000000000000"


class Kind(StrEnum):
    """The value of `aws:PrincipalType`, and of `userIdentity.type` in CloudTrail."""

    ROOT = "Root"
    USER = "IAMUser"
    ROLE = "AssumedRole"
    FEDERATED = "FederatedUser"
    SERVICE = "AWSService"
    ANONYMOUS = "AWSAccount"
    INTERNAL = "Internal"


@dataclass(frozen=True, slots=True)
class Principal:
    """The resolved caller of a request.

    `arn` is "" for anonymous callers; `session_policies` None when the session was made without any;
    `issued_at` and `mfa` describe temporary credentials (seconds since the epoch, sandbox clock).
    """

    kind: Kind
    account: str
    arn: str
    user_id: str
    access_key: str = ""
    name: str = ""
    role_arn: str | None = None
    session_name: str | None = None
    session_policies: tuple[Policy, ...] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    source_identity: str | None = None
    federated_provider: str | None = None
    # Condition keys of the token that a session was made with: `cognito-identity.amazonaws.com:sub`.
    web_identity: dict[str, Any] = field(default_factory=dict)
    issued_at: float | None = None
    mfa: bool | None = None
    service: str | None = None

    @property
    def anonymous(self) -> bool:
        """Whether the request carried no credentials."""
        return self.kind is Kind.ANONYMOUS

    @property
    def trusted(self) -> bool:
        """Whether the call comes from inside the emulator, which checks nothing."""
        return self.kind is Kind.INTERNAL

    def caller(self) -> Caller:
        """The principal as the policy engine sees it."""
        from sandbox.emulator.access.canonical import canonical_id

        return Caller(
            account=self.account if not self.anonymous else "",
            arn=self.arn,
            root=self.kind is Kind.ROOT,
            anonymous=self.anonymous,
            role_arn=self.role_arn,
            service=self.service,
            canonical_id=None if self.anonymous else canonical_id(self.account),
        )


ANONYMOUS = Principal(Kind.ANONYMOUS, DEFAULT_ACCOUNT, "", "ANONYMOUS_PRINCIPAL")


def internal(account: str) -> Principal:
    """A call that the emulator makes to itself on behalf of a service."""
    return Principal(Kind.INTERNAL, account, f"arn:aws:iam::{account}:root", account)


def root(account: str, access_key: str = "") -> Principal:
    """The root user of an account."""
    return Principal(Kind.ROOT, account, f"arn:aws:iam::{account}:root", account, access_key)


def of(context: Any) -> Principal:
    """The principal that authentication put on a request context; anonymous when it did not run."""
    return getattr(context, "sandbox_principal", ANONYMOUS)
