"""Log groups, parameters and secrets: CloudWatch Logs, Systems Manager, Secrets Manager.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html
"""

from __future__ import annotations

import json

from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    only,
    tag_list,
    tags_of,
    text,
)


class LogGroup(Resource):
    """`AWS::Logs::LogGroup`."""

    TYPE = "AWS::Logs::LogGroup"
    REF = "LogGroupName"
    REPLACED_BY = ("LogGroupName",)
    OPTIONAL = (
        "DataProtectionPolicy",
        "DeletionProtectionEnabled",
        "FieldIndexPolicies",
        "KmsKeyId",
        "LogGroupClass",
        "LogGroupName",
        "ResourcePolicyDocument",
        "RetentionInDays",
        "Tags",
    )
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("LogGroupName") or self.default_name(request)
        tags = tags_of(model)
        request.aws_client_factory.logs.create_log_group(
            logGroupName=name, **({"tags": tags} if tags else {})
        )
        arn = f"arn:aws:logs:{request.region_name}:{request.account_id}:log-group:{name}:*"
        return {"LogGroupName": name, "Arn": arn}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        logs, arn = request.aws_client_factory.logs, model["Arn"].removesuffix(":*")
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            logs.untag_resource(resourceArn=arn, tagKeys=gone)
        if new and new != old:
            logs.tag_resource(resourceArn=arn, tags=new)
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        logs, name = request.aws_client_factory.logs, model["LogGroupName"]
        if not differs(model, previous, "RetentionInDays"):
            return
        if days := model.get("RetentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
        else:
            logs.delete_retention_policy(logGroupName=name)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.logs.delete_log_group(logGroupName=model["LogGroupName"])


class Parameter(Resource):
    """`AWS::SSM::Parameter`."""

    TYPE = "AWS::SSM::Parameter"
    REF = "Name"
    REPLACED_BY = ("Name",)
    REQUIRED = ("Type", "Value")
    OPTIONAL = (
        "AllowedPattern",
        "DataType",
        "Description",
        "Name",
        "Policies",
        "Tags",
        "Tier",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        if model["Type"] not in ("String", "StringList"):
            raise ValidationError(
                f"Properties validation failed for resource {request.logical_resource_id} with "
                f"message:\n#/Type: #: {model['Type']} is not a valid enum value"
            )
        name = model.get("Name") or f"CFN-{self.default_name(request)}"
        wanted = {**model, "Name": name, "Value": text(model["Value"])}
        if model.get("Tags"):
            wanted["Tags"] = tag_list(tags_of(model))
        request.aws_client_factory.ssm.put_parameter(**wanted)
        return {"Name": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        ssm, name = request.aws_client_factory.ssm, model["Name"]
        wanted = only(
            model, "Name", "Type", "Description", "AllowedPattern", "Tier", "Policies", "DataType"
        )
        ssm.put_parameter(**wanted, Value=text(model["Value"]), Overwrite=True)
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=gone)
        if new and new != old:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tag_list(new))
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        ssm = request.aws_client_factory.ssm
        try:
            ssm.delete_parameter(Name=model["Name"])
        except ssm.exceptions.ParameterNotFound:
            pass


class Secret(Resource):
    """`AWS::SecretsManager::Secret`."""

    TYPE = "AWS::SecretsManager::Secret"
    REF = "Id"
    REPLACED_BY = ("Name",)
    OPTIONAL = (
        "Description",
        "GenerateSecretString",
        "KmsKeyId",
        "Name",
        "ReplicaRegions",
        "SecretString",
        "Tags",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.secretsmanager
        name = model.get("Name") or self.default_name(request)
        made = client.create_secret(
            Name=name,
            SecretString=self._content(model, request),
            **only(model, "Description", "KmsKeyId"),
            Tags=tag_list(tags_of(model)),
        )
        return {"Id": made["ARN"], "Name": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.secretsmanager
        change = only(model, "Description", "KmsKeyId")
        if differs(model, previous, "SecretString", "GenerateSecretString"):
            change["SecretString"] = self._content(model, request)
        if change:
            client.update_secret(SecretId=model["Id"], **change)
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            client.untag_resource(SecretId=model["Id"], TagKeys=gone)
        if new and new != old:
            client.tag_resource(SecretId=model["Id"], Tags=tag_list(new))
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.secretsmanager.delete_secret(
            SecretId=model["Id"], ForceDeleteWithoutRecovery=True
        )

    @staticmethod
    def _content(model: Model, request: ResourceRequest) -> str:
        """The secret, or one that is generated: alone, or as a key of `SecretStringTemplate`."""
        if "SecretString" in model:
            return text(model["SecretString"])
        wanted = dict(model.get("GenerateSecretString") or {})
        template = wanted.pop("SecretStringTemplate", None)
        key = wanted.pop("GenerateStringKey", None)
        if bool(template) != bool(key):
            raise ValidationError(
                "You must specify both GenerateStringKey and SecretStringTemplate, or neither."
            )
        client = request.aws_client_factory.secretsmanager
        password = client.get_random_password(**wanted)["RandomPassword"]
        if not template:
            return str(password)
        return json.dumps({**json.loads(template), str(key): password})


TYPES = (LogGroup, Parameter, Secret)
