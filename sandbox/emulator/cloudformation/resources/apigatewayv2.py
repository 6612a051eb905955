"""API Gateway v2: HTTP and WebSocket APIs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
The API's operations are named alike (`create_route`, `update_route`, ...), so most types are a few words.
"""

from __future__ import annotations

import json

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource


class _Part(Resource):
    """A part of an API, made by `create_NOUN` and found by its id and its parents'."""

    NOUN = ""
    PARENTS: tuple[str, ...] = ("ApiId",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        answer = self._call("create", model, request)
        return {name: answer[name] for name in (self.REF, *self.ATTRIBUTES) if name in answer}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._call("update", model, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        self._call("delete", {name: model[name] for name in (*self.PARENTS, self.REF)}, request)

    def _call(self, verb: str, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigatewayv2
        return getattr(client, f"{verb}_{self.NOUN}")(**model)


class Api(Resource):
    """`AWS::ApiGatewayV2::Api`."""

    TYPE = "AWS::ApiGatewayV2::Api"
    REF = "ApiId"
    REPLACED_BY = ("ProtocolType",)
    ATTRIBUTES = ("ApiEndpoint",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigatewayv2
        if document := self._document(model, request):
            api = client.import_api(Body=document, **_import_options(model))
            # Properties beside the document win over it.
            model["ApiId"] = api["ApiId"]
            beside = {k: v for k, v in model.items() if k not in ("Body", "BodyS3Location")}
            client.update_api(**beside)
        else:
            api = client.create_api(**model)
        return {"ApiId": api["ApiId"], "ApiEndpoint": api["ApiEndpoint"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigatewayv2
        if document := self._document(model, request):
            client.reimport_api(ApiId=model["ApiId"], Body=document, **_import_options(model))
        beside = {k: v for k, v in model.items() if k not in ("Body", "BodyS3Location")}
        client.update_api(**beside)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigatewayv2.delete_api(ApiId=model["ApiId"])

    @staticmethod
    def _document(model: Model, request: ResourceRequest) -> str | None:
        if body := model.get("Body"):
            return body if isinstance(body, str) else json.dumps(body)
        if place := model.get("BodyS3Location"):
            found = request.aws_client_factory.s3.get_object(
                Bucket=place["Bucket"],
                Key=place["Key"],
                **({"VersionId": place["Version"]} if place.get("Version") else {}),
            )
            return found["Body"].read().decode()
        return None


def _import_options(model: Model) -> Model:
    names = {"FailOnWarnings": "FailOnWarnings", "BasePath": "Basepath"}
    return {there: model[here] for here, there in names.items() if here in model}


class Integration(_Part):
    """`AWS::ApiGatewayV2::Integration`."""

    TYPE = "AWS::ApiGatewayV2::Integration"
    NOUN = "integration"
    REF = "IntegrationId"
    REPLACED_BY = ("ApiId",)


class Route(_Part):
    """`AWS::ApiGatewayV2::Route`."""

    TYPE = "AWS::ApiGatewayV2::Route"
    NOUN = "route"
    REF = "RouteId"
    REPLACED_BY = ("ApiId",)


class Authorizer(_Part):
    """`AWS::ApiGatewayV2::Authorizer`."""

    TYPE = "AWS::ApiGatewayV2::Authorizer"
    NOUN = "authorizer"
    REF = "AuthorizerId"
    REPLACED_BY = ("ApiId",)


class Stage(_Part):
    """`AWS::ApiGatewayV2::Stage`."""

    TYPE = "AWS::ApiGatewayV2::Stage"
    NOUN = "stage"
    REF = "StageName"
    REPLACED_BY = ("ApiId", "StageName")


class Deployment(_Part):
    """`AWS::ApiGatewayV2::Deployment`."""

    TYPE = "AWS::ApiGatewayV2::Deployment"
    NOUN = "deployment"
    REF = "DeploymentId"
    REPLACED_BY = ("ApiId", "StageName")


class Model_(_Part):
    """`AWS::ApiGatewayV2::Model`."""

    TYPE = "AWS::ApiGatewayV2::Model"
    NOUN = "model"
    REF = "ModelId"
    REPLACED_BY = ("ApiId",)

    def _call(self, verb: str, model: Model, request: ResourceRequest) -> Model:
        schema = model.get("Schema")
        if schema is not None and not isinstance(schema, str):
            model = {**model, "Schema": json.dumps(schema)}
        return super()._call(verb, model, request)


class IntegrationResponse(_Part):
    """`AWS::ApiGatewayV2::IntegrationResponse`."""

    TYPE = "AWS::ApiGatewayV2::IntegrationResponse"
    NOUN = "integration_response"
    REF = "IntegrationResponseId"
    PARENTS = ("ApiId", "IntegrationId")
    REPLACED_BY = ("ApiId", "IntegrationId")


class RouteResponse(_Part):
    """`AWS::ApiGatewayV2::RouteResponse`."""

    TYPE = "AWS::ApiGatewayV2::RouteResponse"
    NOUN = "route_response"
    REF = "RouteResponseId"
    PARENTS = ("ApiId", "RouteId")
    REPLACED_BY = ("ApiId", "RouteId")


class DomainName(_Part):
    """`AWS::ApiGatewayV2::DomainName`."""

    TYPE = "AWS::ApiGatewayV2::DomainName"
    NOUN = "domain_name"
    REF = "DomainName"
    PARENTS = ()
    REPLACED_BY = ("DomainName",)
    ATTRIBUTES = ("RegionalDomainName", "RegionalHostedZoneId")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        found = self._call("create", model, request)
        (place, *_) = found.get("DomainNameConfigurations") or [{}]
        return {
            "DomainName": found["DomainName"],
            "RegionalDomainName": place.get("ApiGatewayDomainName", ""),
            "RegionalHostedZoneId": place.get("HostedZoneId", ""),
        }


class ApiMapping(_Part):
    """`AWS::ApiGatewayV2::ApiMapping`."""

    TYPE = "AWS::ApiGatewayV2::ApiMapping"
    NOUN = "api_mapping"
    REF = "ApiMappingId"
    PARENTS = ("DomainName",)
    REPLACED_BY = ("DomainName",)


TYPES = (
    Api,
    Integration,
    Route,
    Authorizer,
    Stage,
    Deployment,
    Model_,
    IntegrationResponse,
    RouteResponse,
    DomainName,
    ApiMapping,
)
