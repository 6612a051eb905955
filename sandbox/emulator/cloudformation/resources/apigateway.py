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


TYPES = (Authorizer,)
