"""The actions of IAM's operations: the names of users, roles and groups become ARNs with their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.emulator.access.actions.requirement import OWN, Requirement

# Parameter -> (resource type in the ARN, collection of moto's backend).
NAMED = (
    ("PolicyArn", "", ""),
    ("UserName", "user", "users"),
    ("RoleName", "role", "roles"),
    ("GroupName", "group", "groups"),
    ("InstanceProfileName", "instance-profile", "instance_profiles"),
    ("ServerCertificateName", "server-certificate", ""),
    ("PolicyName", "policy", ""),
    ("OpenIDConnectProviderArn", "", ""),
    ("SAMLProviderArn", "", ""),
    ("PolicySourceArn", "", ""),
)
# Operations whose resource is not the first parameter of NAMED that they have.
ON_PRINCIPAL = ("User", "Role", "Group")
LISTS = {
    "ListUsers": "user",
    "ListRoles": "role",
    "ListGroups": "group",
    "ListInstanceProfiles": "instance-profile",
}
SELF = {
    "CreateAccessKey",
    "ListAccessKeys",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "GetUser",
    "ListMFADevices",
    "ChangePassword",
    "ListSigningCertificates",
    "UpdateSigningCertificate",
}


def requirements(operation: str, request: Mapping[str, Any], account: str) -> list[Requirement]:
    """What an IAM operation needs."""
    arn = _resource(operation, request, account)
    context: dict[str, object] = {}
    if request.get("PolicyArn") and operation.startswith(("Attach", "Detach")):
        context["iam:policyarn"] = request["PolicyArn"]
    if request.get("PermissionsBoundary"):
        context["iam:permissionsboundary"] = request["PermissionsBoundary"]
    if request.get("AWSServiceName"):
        context["iam:awsservicename"] = request["AWSServiceName"]
    found = [Requirement(f"iam:{operation}", arn, context=context)]
    if operation == "AddRoleToInstanceProfile":
        found.append(
            Requirement(
                "iam:PassRole",
                f"arn:aws:iam::{account}:role/{request.get('RoleName', '')}",
                context={"iam:passedtoservice": "ec2.amazonaws.com"},
            )
        )
    return found


def _resource(operation: str, request: Mapping[str, Any], account: str) -> str:
    base = f"arn:aws:iam::{account}:"
    if operation in LISTS:
        prefix = str(request.get("PathPrefix") or "/").lstrip("/")
        return f"{base}{LISTS[operation]}/{prefix}*" if prefix else f"{base}{LISTS[operation]}/*"
    on_policy = not any(word in operation for word in ON_PRINCIPAL) or operation in (
        "ListEntitiesForPolicy",
    )
    names = NAMED if on_policy else NAMED[1:]
    for parameter, kind, collection in names:
        value = request.get(parameter)
        if not value:
            continue
        if not kind:
            return str(value)
        path = str(request.get("Path") or _path_of(account, collection, str(value)))
        return f"{base}{kind}{path}{value}" if path.endswith("/") else f"{base}{kind}/{value}"
    if operation in SELF:
        return OWN
    return "*"


def _path_of(account: str, collection: str, name: str) -> str:
    if not collection:
        return "/"
    from sandbox.emulator.access.credentials import iam_backend

    found = getattr(iam_backend(account), collection, {})
    for item in found.values():
        if item.name == name:
            return item.path or "/"
    return "/"
