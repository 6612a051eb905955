"""With whose rights a stack's resources are made: the caller's, or those of its service role.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.access import acting, credentials
from sandbox.emulator.access.principal import Principal
from sandbox.emulator.cloudformation.models import Stack
from sandbox.emulator.iam import sessions, trust

SERVICE = "cloudformation.amazonaws.com"
SESSION_NAME = "AWSCloudFormation"
SESSION_SECONDS = 3600


def key_of(stack: Stack) -> str:
    """The access key id for inner calls of the stack's present operation."""
    return acting.key_for(stack.principal, stack.account_id)


def principal_for(caller: Principal, role_arn: str | None) -> Principal:
    """Who acts: the caller, or a session of the role; ValidationError for a role that cannot be."""
    if not role_arn:
        return caller
    role = trust.find_role(role_arn)
    if role is None or not trust.service_may_assume(role, SERVICE):
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
    issued = sessions.of_role(role, SESSION_NAME, SESSION_SECONDS)
    found = credentials.find(issued["AccessKeyId"])
    return found.principal if found is not None else caller
