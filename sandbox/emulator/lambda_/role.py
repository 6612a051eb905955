"""The execution role: whether Lambda may assume it, its credentials, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.access import decisions
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.iam import sessions, trust

SERVICE = "lambda.amazonaws.com"
SESSION_SECONDS = 12 * 3600
# An environment whose credentials end sooner is replaced before its next event.
LEAST_SECONDS = 15 * 60


def assumable(arn: str) -> bool:
    """Whether the role exists and its trust policy lets the Lambda service assume it."""
    role = trust.find_role(arn)
    return role is not None and trust.service_may_assume(role, SERVICE)


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials of a function's role; `expires` is in seconds on the sandbox clock."""

    access_key: str
    secret: str
    token: str
    expires: float

    def fresh(self) -> bool:
        """Whether they last long enough for another event."""
        return self.expires - clock.time() > LEAST_SECONDS


def session(arn: str, function: str) -> Session | None:
    """New credentials of the role; None when Lambda may not assume it any more."""
    if not assumable(arn):
        return None
    role = trust.find_role(arn)
    # Session names have two letters at least.
    name = function if len(function) > 1 else f"{function}@lambda_function"
    issued = sessions.of_role(
        role,
        name,
        SESSION_SECONDS,
        tags=sessions.as_tags(_tags(role)),
        mfa=False,
    )
    return Session(
        issued["AccessKeyId"],
        issued["SecretAccessKey"],
        issued["SessionToken"],
        issued["Expiration"].timestamp(),
    )


def may(arn: str, function: str, action: str, resource: str) -> bool:
    """Whether a session of the role may do `action` on `resource`, by the one policy engine."""
    role = trust.find_role(arn)
    if role is None:
        return False
    who = Principal(
        Kind.ROLE,
        role.account_id,
        sessions.session_arn(role, function),
        f"{role.id}:{function}",
        name=role.name,
        role_arn=role.arn,
        session_name=function,
        tags=_tags(role),
    )
    return decisions.decide(who, Requirement(action, resource), _nothing()).allowed


def _tags(role: Any) -> dict[str, str]:
    given = role.tags.values() if isinstance(role.tags, dict) else role.tags or ()
    return {tag["Key"]: tag["Value"] for tag in given}


def _nothing() -> Any:
    """A request context without a request: the service acts by itself."""
    return SimpleNamespace(
        service_request={},
        region=None,
        request=SimpleNamespace(headers={}, remote_addr=None, scheme="https"),
    )
