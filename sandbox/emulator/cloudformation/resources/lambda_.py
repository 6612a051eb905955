"""Lambda: functions and what belongs to them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    only,
    tags_of,
)

POLL_SECONDS = 0.02
LONGEST_SECONDS = 120
LONGEST_INLINE = 4 * 1024 * 1024
# Property of the template -> what it is when the template no longer says.
CONFIGURATION: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "FileSystemConfigs": [],
    "Handler": None,
    "ImageConfig": None,
    "KmsKeyArn": "",
    "Layers": [],
    "LoggingConfig": None,
    "MemorySize": 128,
    "Role": None,
    "Runtime": None,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {},
}


class Function(Resource):
    """`AWS::Lambda::Function`."""

    TYPE = "AWS::Lambda::Function"
    REF = "FunctionName"
    REPLACED_BY = ("FunctionName", "PackageType")
    REQUIRED = ("Code", "Role")
    OPTIONAL = (
        *(name for name in CONFIGURATION if name != "Role"),
        "Architectures",
        "CodeSigningConfigArn",
        "FunctionName",
        "PackageType",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "RuntimeManagementConfig",
        "Tags",
    )
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("FunctionName") or self.default_name(request)[:64]
        wanted = only(model, *CONFIGURATION, "Architectures", "PackageType", "CodeSigningConfigArn")
        made = request.aws_client_factory.lambda_.create_function(
            **wanted, FunctionName=name, Code=_code(model), Tags=tags_of(model)
        )
        model["FunctionName"] = name
        try:
            self._ready(name, request)
        except Exception:
            request.aws_client_factory.lambda_.delete_function(FunctionName=name)
            raise
        return {"FunctionName": name, "Arn": made["FunctionArn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        functions, name = request.aws_client_factory.lambda_, model["FunctionName"]
        change = {
            key: model.get(key, default)
            for key, default in CONFIGURATION.items()
            if model.get(key) != previous.get(key)
        }
        change = {key: value for key, value in change.items() if value is not None}
        if change:
            functions.update_function_configuration(FunctionName=name, **change)
            self._ready(name, request)
        if differs(model, previous, "Code", "Architectures"):
            functions.update_function_code(
                FunctionName=name, **_code(model), **only(model, "Architectures")
            )
            self._ready(name, request)
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            functions.untag_resource(Resource=model["Arn"], TagKeys=gone)
        if new and new != old:
            functions.tag_resource(Resource=model["Arn"], Tags=new)
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        functions, name = request.aws_client_factory.lambda_, model["FunctionName"]
        if differs(model, previous, "ReservedConcurrentExecutions"):
            if model.get("ReservedConcurrentExecutions") is not None:
                functions.put_function_concurrency(
                    FunctionName=name,
                    ReservedConcurrentExecutions=int(model["ReservedConcurrentExecutions"]),
                )
            else:
                functions.delete_function_concurrency(FunctionName=name)
        if model.get("RecursiveLoop") and differs(model, previous, "RecursiveLoop"):
            functions.put_function_recursion_config(
                FunctionName=name, RecursiveLoop=model["RecursiveLoop"]
            )

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.delete_function(FunctionName=model["FunctionName"])

    @staticmethod
    def _ready(name: str, request: ResourceRequest) -> None:
        functions = request.aws_client_factory.lambda_
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            found = functions.get_function_configuration(FunctionName=name)
            if found["State"] == "Failed" or found.get("LastUpdateStatus") == "Failed":
                reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
                raise RuntimeError(reason or f"Function {name} failed to become active")
            pending = found.get("LastUpdateStatus", "Successful") == "InProgress"
            if found["State"] in ("Active", "Inactive") and not pending:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"Function {name} did not become active in time")
            time.sleep(POLL_SECONDS)


def _code(model: Model) -> Model:
    """`Code` of the API; inline code becomes `index.py` or `index.js` in an archive."""
    code = model["Code"]
    if "ZipFile" not in code:
        return only(code, "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")
    runtime, source = str(model.get("Runtime", "")), str(code["ZipFile"])
    if not runtime.startswith(("python", "nodejs")):
        raise ValidationError(
            f"ZipFile can only be used when Runtime is set to either of nodejs or python, not {runtime}"
        )
    if len(source.encode()) > LONGEST_INLINE:
        raise ValidationError("ZipFile may not be longer than 4 MB.")
    python = runtime.startswith("python")
    contents = {"index.py" if python else "index.js": source, **_answering(source, python)}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for name, content in contents.items():
            # A fixed time, so that the same code has the same hash.
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            files.writestr(entry, content)
    return {"ZipFile": archive.getvalue()}


def _answering(source: str, python: bool) -> dict[str, str]:
    """The module that inline code of custom resources may import, where it does.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
    """
    from localstack.services.lambda_.resource_providers import aws_lambda_function

    from sandbox.emulator.lambda_.runtimes import HERE

    if python:
        if "cfnresponse" not in source:
            return {}
        return {"cfnresponse.py": aws_lambda_function.PYTHON_CFN_RESPONSE_CONTENT}
    if "cfn-response" not in source:
        return {}
    module = (HERE / "node" / "cfn-response.js").read_text()
    return {"cfn-response.js": module, "node_modules/cfn-response.js": module}


class Version(Resource):
    """`AWS::Lambda::Version`: never changed, only replaced."""

    TYPE = "AWS::Lambda::Version"
    REF = "FunctionArn"
    REPLACED_BY = ("CodeSha256", "Description", "FunctionName", "RuntimePolicy")
    REQUIRED = ("FunctionName",)
    OPTIONAL = (
        "CodeSha256",
        "Description",
        "FunctionScalingConfig",
        "ProvisionedConcurrencyConfig",
        "RuntimePolicy",
    )
    ATTRIBUTES = ("Version",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        found = request.aws_client_factory.lambda_.publish_version(
            **only(model, "FunctionName", "CodeSha256", "Description")
        )
        return {"FunctionArn": found["FunctionArn"], "Version": found["Version"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        _provision(model, previous, model["Version"], request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.delete_function(
            FunctionName=model["FunctionName"], Qualifier=model["Version"]
        )


class Alias(Resource):
    """`AWS::Lambda::Alias`."""

    TYPE = "AWS::Lambda::Alias"
    REF = "AliasArn"
    REPLACED_BY = ("Name", "FunctionName")
    REQUIRED = ("FunctionName", "FunctionVersion", "Name")
    OPTIONAL = ("Description", "ProvisionedConcurrencyConfig", "RoutingConfig")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        found = request.aws_client_factory.lambda_.create_alias(**self._wanted(model))
        return {"AliasArn": found["AliasArn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.lambda_.update_alias(
            **{"Description": "", "RoutingConfig": {}, **self._wanted(model)}
        )
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        _provision(model, previous, model["Name"], request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.delete_alias(
            FunctionName=model["FunctionName"], Name=model["Name"]
        )

    @staticmethod
    def _wanted(model: Model) -> Model:
        wanted = only(model, "FunctionName", "FunctionVersion", "Name", "Description")
        weights = (model.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        if weights:
            wanted["RoutingConfig"] = {
                "AdditionalVersionWeights": {
                    str(one["FunctionVersion"]): float(one["FunctionWeight"]) for one in weights
                }
            }
        return wanted


def _provision(model: Model, previous: Model, qualifier: str, request: ResourceRequest) -> None:
    if not differs(model, previous, "ProvisionedConcurrencyConfig"):
        return
    functions = request.aws_client_factory.lambda_
    target = {"FunctionName": model["FunctionName"], "Qualifier": qualifier}
    if wanted := model.get("ProvisionedConcurrencyConfig"):
        functions.put_provisioned_concurrency_config(**target, **wanted)
    else:
        functions.delete_provisioned_concurrency_config(**target)


class EventSourceMapping(Resource):
    """`AWS::Lambda::EventSourceMapping`."""

    TYPE = "AWS::Lambda::EventSourceMapping"
    REPLACED_BY = (
        "EventSourceArn",
        "StartingPosition",
        "StartingPositionTimestamp",
        "SelfManagedEventSource",
    )
    REQUIRED = ("FunctionName",)
    ATTRIBUTES = ("EventSourceMappingArn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        made = request.aws_client_factory.lambda_.create_event_source_mapping(**model)
        self._settled(made["UUID"], request)
        return {
            "Id": made["UUID"],
            "EventSourceMappingArn": made.get("EventSourceMappingArn")
            or f"arn:aws:lambda:{request.region_name}:{request.account_id}:event-source-mapping:"
            + made["UUID"],
        }

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        wanted = {
            name: value
            for name, value in model.items()
            if name not in ("Id", "EventSourceMappingArn", "Tags", *self.REPLACED_BY)
        }
        for name, empty in (
            ("FilterCriteria", {}),
            ("FunctionResponseTypes", []),
            ("Enabled", True),
        ):
            if name in previous and name not in model:
                wanted[name] = empty
        request.aws_client_factory.lambda_.update_event_source_mapping(UUID=model["Id"], **wanted)
        self._settled(model["Id"], request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        functions = request.aws_client_factory.lambda_
        functions.delete_event_source_mapping(UUID=model["Id"])
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            try:
                functions.get_event_source_mapping(UUID=model["Id"])
            except functions.exceptions.ResourceNotFoundException:
                return
            time.sleep(POLL_SECONDS)

    @staticmethod
    def _settled(uuid: str, request: ResourceRequest) -> None:
        functions = request.aws_client_factory.lambda_
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            if functions.get_event_source_mapping(UUID=uuid)["State"] in ("Enabled", "Disabled"):
                return
            time.sleep(POLL_SECONDS)


class EventInvokeConfig(Resource):
    """`AWS::Lambda::EventInvokeConfig`."""

    TYPE = "AWS::Lambda::EventInvokeConfig"
    REPLACED_BY = ("FunctionName", "Qualifier")
    REQUIRED = ("FunctionName", "Qualifier")
    OPTIONAL = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.lambda_.put_function_event_invoke_config(**model)
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.lambda_.put_function_event_invoke_config(**model)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.delete_function_event_invoke_config(
            **only(model, "FunctionName", "Qualifier")
        )


class LayerVersion(Resource):
    """`AWS::Lambda::LayerVersion`: never changed, only replaced."""

    TYPE = "AWS::Lambda::LayerVersion"
    REF = "LayerVersionArn"
    REPLACED_BY = (
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "Content",
        "Description",
        "LayerName",
        "LicenseInfo",
    )
    REQUIRED = ("Content",)
    OPTIONAL = (
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "Description",
        "LayerName",
        "LicenseInfo",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("LayerName") or self.default_name(request)
        made = request.aws_client_factory.lambda_.publish_layer_version(
            **{**model, "LayerName": name}
        )
        return {"LayerVersionArn": made["LayerVersionArn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        arn, _, number = model["LayerVersionArn"].rpartition(":")
        request.aws_client_factory.lambda_.delete_layer_version(
            LayerName=arn, VersionNumber=int(number)
        )


class Url(Resource):
    """`AWS::Lambda::Url`."""

    TYPE = "AWS::Lambda::Url"
    REF = "FunctionArn"
    REPLACED_BY = ("TargetFunctionArn", "Qualifier")
    REQUIRED = ("AuthType", "TargetFunctionArn")
    OPTIONAL = ("Cors", "InvokeMode", "Qualifier")
    ATTRIBUTES = ("FunctionUrl",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        made = request.aws_client_factory.lambda_.create_function_url_config(
            FunctionName=model["TargetFunctionArn"],
            **only(model, "AuthType", "Cors", "InvokeMode", "Qualifier"),
        )
        return {"FunctionArn": made["FunctionArn"], "FunctionUrl": made["FunctionUrl"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.lambda_.update_function_url_config(
            FunctionName=model["TargetFunctionArn"],
            **{"Cors": {}, **only(model, "AuthType", "Cors", "InvokeMode", "Qualifier")},
        )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.delete_function_url_config(
            FunctionName=model["TargetFunctionArn"], **only(model, "Qualifier")
        )


class Permission(Resource):
    """`AWS::Lambda::Permission`; LocalStack's leaves out SourceAccount and the other conditions."""

    TYPE = "AWS::Lambda::Permission"
    REPLACED_BY = (
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    )
    REQUIRED = ("Action", "FunctionName", "Principal")
    OPTIONAL = tuple(set(REPLACED_BY) - {"Action", "FunctionName", "Principal"})

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = self.default_name(request)
        request.aws_client_factory.lambda_.add_permission(**{**model, "StatementId": name})
        return {"Id": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.remove_permission(
            FunctionName=model["FunctionName"], StatementId=model["Id"]
        )


TYPES = (
    Function,
    Version,
    Alias,
    EventSourceMapping,
    EventInvokeConfig,
    LayerVersion,
    Url,
    Permission,
)
