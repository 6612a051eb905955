"""What is refused before anything is made: unknown types, and IAM without being told so.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

from __future__ import annotations

import re
from typing import Any

from localstack.aws.api.cloudformation import InsufficientCapabilitiesException
from localstack.services.cloudformation.engine.validations import ValidationError

# Property that gives a resource of IAM a name of one's own.
IAM_NAMES = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::RolePolicy": None,
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserPolicy": None,
    "AWS::IAM::GroupPolicy": None,
    "AWS::IAM::UserToGroupAddition": None,
}
# Functions of SAM that bring a role of their own.
SAM_WITH_ROLES = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
NAME_OR_ARN = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*"
OWN_PREFIXES = ("Custom::", "AWS::Serverless::", "AWS::CloudFormation::")


def check_types(template: dict[str, Any]) -> None:
    """Raise ValidationError for types that AWS does not have.

    Types that AWS has and the sandbox does not fail later, as resources, with a reason.
    """
    from localstack.services.cloudformation.resources import AWS_AVAILABLE_CFN_RESOURCES

    from sandbox.emulator.cloudformation import resources

    known = AWS_AVAILABLE_CFN_RESOURCES
    unknown = []
    for kind in _types(template):
        if kind.startswith(OWN_PREFIXES) or kind in known or resources.find(kind):
            continue
        # Types of third parties and modules are registered under names of their own.
        if kind.split("::")[0] in ("AWS", "Alexa") or "::" not in kind:
            unknown.append(kind)
    if unknown:
        raise ValidationError(
            f"Template format error: Unrecognized resource types: [{', '.join(sorted(set(unknown)))}]"
        )


def check_name(name: str, member: str) -> None:
    """Raise ValidationError for a name that no stack or change set can have."""
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", name) and not name.startswith("arn:"):
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            + ("[a-zA-Z][-a-zA-Z0-9]*" if member == "stackName" else NAME_OR_ARN)
        )
    if len(name) > 128 and not name.startswith("arn:"):
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy "
            "constraint: Member must have length less than or equal to 128"
        )


def needed_capability(template: dict[str, Any]) -> str | None:
    """CAPABILITY_IAM, CAPABILITY_NAMED_IAM or None: what a template's resources ask for."""
    needed = None
    for resource in (template.get("Resources") or {}).values():
        if not isinstance(resource, dict):
            continue
        kind, properties = resource.get("Type"), resource.get("Properties") or {}
        if kind in IAM_NAMES:
            name = IAM_NAMES[kind]
            named = name is not None and isinstance(properties, dict) and name in properties
            needed = "CAPABILITY_NAMED_IAM" if named else needed or "CAPABILITY_IAM"
            if named:
                break
        elif kind in SAM_WITH_ROLES and "Role" not in properties:
            needed = needed or "CAPABILITY_IAM"
    return needed


def check_capabilities(template: dict[str, Any], given: list[str] | None) -> None:
    """Raise InsufficientCapabilitiesException where a template makes IAM resources unannounced."""
    needed = needed_capability(template)
    accepted = set(given or ())
    if needed == "CAPABILITY_IAM":
        accepted |= {"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in accepted else set()
    if needed and needed not in accepted:
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{needed}]")


def _types(template: dict[str, Any]) -> list[str]:
    found = (template.get("Resources") or {}).values() if isinstance(template, dict) else ()
    return [
        str(resource["Type"])
        for resource in found
        if isinstance(resource, dict) and isinstance(resource.get("Type"), str)
    ]
