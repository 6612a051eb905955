"""IAM: inline policies as resources of their own.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

import json

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource


class _InlinePolicy(Resource):
    REF = "PolicyName"
    OWNER = ""  # user, group, role

    def made(self, model: Model, request: ResourceRequest) -> Model:
        iam = request.aws_client_factory.iam
        getattr(iam, f"put_{self.OWNER}_policy")(
            **self._key(model), PolicyDocument=json.dumps(model.get("PolicyDocument") or {})
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


TYPES = (RolePolicy, UserPolicy, GroupPolicy, UserToGroupAddition)
