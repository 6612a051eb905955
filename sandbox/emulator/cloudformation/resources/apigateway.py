"""API Gateway REST: the types beside LocalStack's.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

from __future__ import annotations

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource

# Property of the template -> path of the update operation.
AUTHORIZER_PATHS = {
    "Name": "/name",
    "Type": "/type",
    "AuthType": "/authType",
    "AuthorizerUri": "/authorizerUri",
    "AuthorizerCredentials": "/authorizerCredentials",
    "IdentitySource": "/identitySource",
    "IdentityValidationExpression": "/identityValidationExpression",
    "AuthorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds",
}
# Member of a template's MethodSettings -> path of the stage's update operation.
METHOD_SETTINGS = {
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "MetricsEnabled": "metrics/enabled",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}


class Authorizer(Resource):
    """`AWS::ApiGateway::Authorizer`."""

    TYPE = "AWS::ApiGateway::Authorizer"
    REF = "AuthorizerId"
    REPLACED_BY = ("RestApiId",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("Name") or self.default_name(request)
        made = request.aws_client_factory.apigateway.create_authorizer(**{**model, "Name": name})
        return {"AuthorizerId": made["id"], "Name": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        patches = [
            {"op": "replace", "path": path, "value": str(model[name])}
            for name, path in AUTHORIZER_PATHS.items()
            if name in model and model[name] != previous.get(name)
        ]
        before, after = (set(one.get("ProviderARNs") or ()) for one in (previous, model))
        patches += [
            {"op": "add", "path": "/providerARNs", "value": arn} for arn in sorted(after - before)
        ]
        patches += [
            {"op": "remove", "path": "/providerARNs", "value": arn}
            for arn in sorted(before - after)
        ]
        if patches:
            request.aws_client_factory.apigateway.update_authorizer(
                restApiId=model["RestApiId"],
                authorizerId=model["AuthorizerId"],
                patchOperations=patches,
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_authorizer(
            restApiId=model["RestApiId"], authorizerId=model["AuthorizerId"]
        )


class Stage(Resource):
    """`AWS::ApiGateway::Stage`; LocalStack's leaves out the settings of methods."""

    TYPE = "AWS::ApiGateway::Stage"
    REF = "StageName"
    REPLACED_BY = ("RestApiId", "StageName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigateway
        name = model.get("StageName") or "default"
        tags = {tag["Key"]: tag["Value"] for tag in model.get("Tags") or ()}
        properties = {
            **{k: v for k, v in model.items() if k not in ("Tags", "CanarySetting")},
            "StageName": name,
            **({"Tags": tags} if tags else {}),
        }
        if canary := model.get("CanarySetting"):
            properties["CanarySettings"] = canary
        client.create_stage(**properties)
        apply_stage_settings({**model, "StageName": name}, {}, request, made=True)
        return {"StageName": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        apply_stage_settings(model, previous, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_stage(
            restApiId=model["RestApiId"], stageName=model["StageName"]
        )


def apply_stage_settings(
    model: Model, previous: Model, request: ResourceRequest, made: bool = False
) -> None:
    """Settings that only the stage's update operation takes; `made` when it was just created."""
    wanted: dict[str, str] = {}
    if not made:
        for name, path in (
            ("DeploymentId", "/deploymentId"),
            ("Description", "/description"),
            ("TracingEnabled", "/tracingEnabled"),
        ):
            if name in model and model[name] != previous.get(name):
                wanted[path] = _text(model[name])
        before = previous.get("Variables") or {}
        for name, value in (model.get("Variables") or {}).items():
            if before.get(name) != value:
                wanted[f"/variables/{name}"] = _text(value)
    if log := model.get("AccessLogSetting"):
        wanted["/accessLogSettings/destinationArn"] = log.get("DestinationArn", "")
        wanted["/accessLogSettings/format"] = log.get("Format", "")
    for setting in model.get("MethodSettings") or ():
        wanted |= _method_paths(setting)
    if wanted:
        request.aws_client_factory.apigateway.update_stage(
            restApiId=model["RestApiId"],
            stageName=model["StageName"],
            patchOperations=[
                {"op": "replace", "path": path, "value": value} for path, value in wanted.items()
            ],
        )


def _method_paths(setting: Model) -> dict[str, str]:
    """`/*` and `*` are every resource; a path is written with `~1` for its slashes (RFC 6901)."""
    path = setting.get("ResourcePath") or "/*"
    place = "*" if path in ("/*", "*") else path.replace("/", "~1")
    return {
        f"/{place}/{setting.get('HttpMethod', '*')}/{name}": _text(setting[member])
        for member, name in METHOD_SETTINGS.items()
        if member in setting
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


TYPES = (Authorizer, Stage)
