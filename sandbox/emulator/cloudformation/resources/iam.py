"""IAM: roles, users, groups and their policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    document,
    only,
    tag_list,
    tags_of,
)

MOST_VERSIONS = 5


def _inline(policy: Any) -> str:
    """An inline policy's text; one without a version is taken, as SAM's policy templates write them."""
    if isinstance(policy, dict) and "Version" not in policy:
        policy = {"Version": "2012-10-17", **policy}
    return document(policy)


class _Identity(Resource):
    """A role, a user or a group: a name with policies."""

    NOUN = ""

    @property
    def _key(self) -> str:
        return f"{self.NOUN.title()}Name"

    def _call(self, request: ResourceRequest, verb: str, model: Model, **more: Any) -> Any:
        operation = getattr(request.aws_client_factory.iam, verb.replace("NOUN", self.NOUN))
        return operation(**{self._key: model[self._key]}, **more)

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        before = {p["PolicyName"]: p["PolicyDocument"] for p in previous.get("Policies") or ()}
        after = {p["PolicyName"]: p["PolicyDocument"] for p in model.get("Policies") or ()}
        for name, policy in after.items():
            if before.get(name) != policy:
                self._call(
                    request,
                    "put_NOUN_policy",
                    model,
                    PolicyName=name,
                    PolicyDocument=_inline(policy),
                )
        for name in before.keys() - after.keys():
            self._call(request, "delete_NOUN_policy", model, PolicyName=name)
        attached = list(dict.fromkeys(previous.get("ManagedPolicyArns") or ()))
        wanted = list(dict.fromkeys(model.get("ManagedPolicyArns") or ()))
        for arn in wanted:
            if arn not in attached:
                self._call(request, "attach_NOUN_policy", model, PolicyArn=arn)
        for arn in attached:
            if arn not in wanted:
                self._call(request, "detach_NOUN_policy", model, PolicyArn=arn)
        if self.NOUN == "group":
            return
        if previous and differs(model, previous, "PermissionsBoundary"):
            if boundary := model.get("PermissionsBoundary"):
                self._call(
                    request, "put_NOUN_permissions_boundary", model, PermissionsBoundary=boundary
                )
            else:
                self._call(request, "delete_NOUN_permissions_boundary", model)
        old, new = tags_of(previous), tags_of(model)
        if previous and (gone := [key for key in old if key not in new]):
            self._call(request, "untag_NOUN", model, TagKeys=gone)
        if previous and new and new != old:
            self._call(request, "tag_NOUN", model, Tags=tag_list(new))

    def _strip(self, model: Model, request: ResourceRequest) -> None:
        for policy in model.get("Policies") or ():
            self._quietly(request, "delete_NOUN_policy", model, PolicyName=policy["PolicyName"])
        for arn in dict.fromkeys(model.get("ManagedPolicyArns") or ()):
            self._quietly(request, "detach_NOUN_policy", model, PolicyArn=arn)

    def _quietly(self, request: ResourceRequest, verb: str, model: Model, **more: Any) -> None:
        iam = request.aws_client_factory.iam
        try:
            self._call(request, verb, model, **more)
        except iam.exceptions.NoSuchEntityException:
            pass


class Role(_Identity):
    """`AWS::IAM::Role`."""

    TYPE = "AWS::IAM::Role"
    NOUN = "role"
    REF = "RoleName"
    REPLACED_BY = ("RoleName", "Path")
    REQUIRED = ("AssumeRolePolicyDocument",)
    OPTIONAL = (
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "RoleName",
        "Tags",
    )
    ATTRIBUTES = ("Arn", "RoleId")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("RoleName") or self.default_name(request)[:64]
        role = request.aws_client_factory.iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=document(model["AssumeRolePolicyDocument"]),
            **only(model, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
            Tags=tag_list(tags_of(model)),
        )["Role"]
        return {"RoleName": name, "Arn": role["Arn"], "RoleId": role["RoleId"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        iam = request.aws_client_factory.iam
        if differs(model, previous, "AssumeRolePolicyDocument"):
            iam.update_assume_role_policy(
                RoleName=model["RoleName"],
                PolicyDocument=document(model["AssumeRolePolicyDocument"]),
            )
        if differs(model, previous, "Description", "MaxSessionDuration"):
            iam.update_role(
                RoleName=model["RoleName"],
                Description=model.get("Description", ""),
                MaxSessionDuration=int(model.get("MaxSessionDuration") or 3600),
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        self._strip(model, request)
        request.aws_client_factory.iam.delete_role(RoleName=model["RoleName"])


class User(_Identity):
    """`AWS::IAM::User`."""

    TYPE = "AWS::IAM::User"
    NOUN = "user"
    REF = "UserName"
    REPLACED_BY = ("UserName",)
    OPTIONAL = (
        "Groups",
        "LoginProfile",
        "ManagedPolicyArns",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "Tags",
        "UserName",
    )
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("UserName") or self.default_name(request)
        user = request.aws_client_factory.iam.create_user(
            UserName=name,
            **only(model, "Path", "PermissionsBoundary"),
            Tags=tag_list(tags_of(model)),
        )["User"]
        return {"UserName": name, "Arn": user["Arn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        if not differs(model, previous, "Path"):
            return {}
        iam = request.aws_client_factory.iam
        iam.update_user(UserName=model["UserName"], NewPath=model.get("Path", "/"))
        return {"Arn": iam.get_user(UserName=model["UserName"])["User"]["Arn"]}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        iam, name = request.aws_client_factory.iam, model["UserName"]
        before, after = previous.get("LoginProfile"), model.get("LoginProfile")
        if after != before:
            if after and before:
                iam.update_login_profile(UserName=name, **after)
            elif after:
                iam.create_login_profile(UserName=name, **after)
            else:
                iam.delete_login_profile(UserName=name)
        old, new = previous.get("Groups") or [], model.get("Groups") or []
        for group in new:
            if group not in old:
                iam.add_user_to_group(UserName=name, GroupName=group)
        for group in old:
            if group not in new:
                iam.remove_user_from_group(UserName=name, GroupName=group)
        super().completed(model, previous, request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        iam, name = request.aws_client_factory.iam, model["UserName"]
        self._strip(model, request)
        for group in model.get("Groups") or ():
            try:
                iam.remove_user_from_group(UserName=name, GroupName=group)
            except iam.exceptions.NoSuchEntityException:
                pass
        if model.get("LoginProfile"):
            try:
                iam.delete_login_profile(UserName=name)
            except iam.exceptions.NoSuchEntityException:
                pass
        iam.delete_user(UserName=name)


class Group(_Identity):
    """`AWS::IAM::Group`."""

    TYPE = "AWS::IAM::Group"
    NOUN = "group"
    REF = "GroupName"
    REPLACED_BY = ("GroupName",)
    OPTIONAL = ("GroupName", "ManagedPolicyArns", "Path", "Policies")
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("GroupName") or self.default_name(request)
        group = request.aws_client_factory.iam.create_group(GroupName=name, **only(model, "Path"))
        return {"GroupName": name, "Arn": group["Group"]["Arn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        if differs(model, previous, "Path"):
            request.aws_client_factory.iam.update_group(
                GroupName=model["GroupName"], NewPath=model.get("Path", "/")
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        self._strip(model, request)
        request.aws_client_factory.iam.delete_group(GroupName=model["GroupName"])


OWNERS = (("Roles", "role"), ("Users", "user"), ("Groups", "group"))


class ManagedPolicy(Resource):
    """`AWS::IAM::ManagedPolicy`."""

    TYPE = "AWS::IAM::ManagedPolicy"
    REF = "PolicyArn"
    REPLACED_BY = ("ManagedPolicyName", "Path", "Description")
    REQUIRED = ("PolicyDocument",)
    OPTIONAL = ("Description", "Groups", "ManagedPolicyName", "Path", "Roles", "Users")
    ATTRIBUTES = ("PolicyId",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        policy = request.aws_client_factory.iam.create_policy(
            PolicyName=model.get("ManagedPolicyName") or self.default_name(request),
            PolicyDocument=document(model["PolicyDocument"]),
            **only(model, "Path", "Description"),
        )["Policy"]
        return {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        if not differs(model, previous, "PolicyDocument"):
            return {}
        iam, arn = request.aws_client_factory.iam, model["PolicyArn"]
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= MOST_VERSIONS:
            oldest = min(
                (one for one in versions if not one["IsDefaultVersion"]),
                key=lambda one: int(one["VersionId"][1:]),
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document(model["PolicyDocument"]), SetAsDefault=True
        )
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        for members, noun in OWNERS:
            old, new = previous.get(members) or [], model.get(members) or []
            for name in new:
                if name not in old:
                    self._each(request, "attach", noun, name, model)
            for name in old:
                if name not in new:
                    self._each(request, "detach", noun, name, model)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        iam, arn = request.aws_client_factory.iam, model["PolicyArn"]
        for members, noun in OWNERS:
            for name in model.get(members) or ():
                try:
                    self._each(request, "detach", noun, name, model)
                except iam.exceptions.NoSuchEntityException:
                    pass
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    @staticmethod
    def _each(request: ResourceRequest, verb: str, noun: str, name: str, model: Model) -> None:
        operation = getattr(request.aws_client_factory.iam, f"{verb}_{noun}_policy")
        operation(**{f"{noun.title()}Name": name}, PolicyArn=model["PolicyArn"])


class Policy(Resource):
    """`AWS::IAM::Policy`: one inline policy in several identities."""

    TYPE = "AWS::IAM::Policy"
    REQUIRED = ("PolicyDocument", "PolicyName")
    OPTIONAL = ("Groups", "Roles", "Users")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        return {"Id": self.default_name(request)}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        iam = request.aws_client_factory.iam
        for members, noun in OWNERS:
            for name in model.get(members) or ():
                getattr(iam, f"put_{noun}_policy")(
                    **{f"{noun.title()}Name": name},
                    PolicyName=model["PolicyName"],
                    PolicyDocument=_inline(model["PolicyDocument"]),
                )
        if not previous:
            return
        renamed = differs(model, previous, "PolicyName")
        for members, noun in OWNERS:
            for name in previous.get(members) or ():
                if renamed or name not in (model.get(members) or ()):
                    self._take(request, noun, name, previous["PolicyName"])

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        for members, noun in OWNERS:
            for name in model.get(members) or ():
                self._take(request, noun, name, model["PolicyName"])

    @staticmethod
    def _take(request: ResourceRequest, noun: str, name: str, policy: str) -> None:
        iam = request.aws_client_factory.iam
        try:
            getattr(iam, f"delete_{noun}_policy")(
                **{f"{noun.title()}Name": name}, PolicyName=policy
            )
        except iam.exceptions.NoSuchEntityException:
            pass


class InstanceProfile(Resource):
    """`AWS::IAM::InstanceProfile`."""

    TYPE = "AWS::IAM::InstanceProfile"
    REF = "InstanceProfileName"
    REPLACED_BY = ("InstanceProfileName", "Path")
    REQUIRED = ("Roles",)
    OPTIONAL = ("InstanceProfileName", "Path")
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("InstanceProfileName") or self.default_name(request)
        profile = request.aws_client_factory.iam.create_instance_profile(
            InstanceProfileName=name, **only(model, "Path")
        )["InstanceProfile"]
        return {"InstanceProfileName": name, "Arn": profile["Arn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        iam, name = request.aws_client_factory.iam, model["InstanceProfileName"]
        old, new = previous.get("Roles") or [], model.get("Roles") or []
        for role in old:
            if role not in new:
                iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
        for role in new:
            if role not in old:
                iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        iam, name = request.aws_client_factory.iam, model["InstanceProfileName"]
        for role in model.get("Roles") or ():
            try:
                iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
            except iam.exceptions.NoSuchEntityException:
                pass
        iam.delete_instance_profile(InstanceProfileName=name)


class _InlinePolicy(Resource):
    REF = "PolicyName"
    OWNER = ""  # user, group, role

    def made(self, model: Model, request: ResourceRequest) -> Model:
        iam = request.aws_client_factory.iam
        getattr(iam, f"put_{self.OWNER}_policy")(
            **self._key(model), PolicyDocument=_inline(model.get("PolicyDocument") or {})
        )
        return {}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return self.made(model, request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        getattr(request.aws_client_factory.iam, f"delete_{self.OWNER}_policy")(**self._key(model))

    def _key(self, model: Model) -> Model:
        owner = f"{self.OWNER.title()}Name"
        return {owner: model[owner], "PolicyName": model["PolicyName"]}


class RolePolicy(_InlinePolicy):
    """`AWS::IAM::RolePolicy`."""

    TYPE = "AWS::IAM::RolePolicy"
    OWNER = "role"
    REPLACED_BY = ("RoleName", "PolicyName")


class UserPolicy(_InlinePolicy):
    """`AWS::IAM::UserPolicy`."""

    TYPE = "AWS::IAM::UserPolicy"
    OWNER = "user"
    REPLACED_BY = ("UserName", "PolicyName")


class GroupPolicy(_InlinePolicy):
    """`AWS::IAM::GroupPolicy`."""

    TYPE = "AWS::IAM::GroupPolicy"
    OWNER = "group"
    REPLACED_BY = ("GroupName", "PolicyName")


class UserToGroupAddition(Resource):
    """`AWS::IAM::UserToGroupAddition`."""

    TYPE = "AWS::IAM::UserToGroupAddition"
    REQUIRED = ("GroupName", "Users")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        for user in model["Users"]:
            request.aws_client_factory.iam.add_user_to_group(
                GroupName=model["GroupName"], UserName=user
            )
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self.removed(previous, request)
        self.made(model, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        for user in model["Users"]:
            request.aws_client_factory.iam.remove_user_from_group(
                GroupName=model["GroupName"], UserName=user
            )


TYPES = (
    Role,
    User,
    Group,
    ManagedPolicy,
    Policy,
    InstanceProfile,
    RolePolicy,
    UserPolicy,
    GroupPolicy,
    UserToGroupAddition,
)
