"""API Gateway REST: the API itself, its methods, deployments, models, keys and plans.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.apigateway import apply_stage_settings
from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    document,
    only,
    tags_of,
    text,
    true,
)

# What a stage was before a deployment took it over.
EARLIER = "__Stage"


def _replace(path: str, value: Any) -> Model:
    return {"op": "replace", "path": path, "value": text(value)}


def _changes(model: Model, previous: Model, paths: dict[str, str]) -> list[Model]:
    """Patches for simple properties: `paths` gives each property's place."""
    return [
        _replace(path, model.get(name, ""))
        for name, path in paths.items()
        if model.get(name) != previous.get(name)
    ]


class RestApi(Resource):
    """`AWS::ApiGateway::RestApi`."""

    TYPE = "AWS::ApiGateway::RestApi"
    REF = "RestApiId"
    OPTIONAL = (
        "ApiKeySourceType",
        "BinaryMediaTypes",
        "Body",
        "BodyS3Location",
        "CloneFrom",
        "Description",
        "DisableExecuteApiEndpoint",
        "EndpointConfiguration",
        "FailOnWarnings",
        "MinimumCompressionSize",
        "Mode",
        "Name",
        "Parameters",
        "Policy",
        "Tags",
    )
    ATTRIBUTES = ("RootResourceId",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigateway
        body = self._body(model, request)
        wanted: Model = {"name": model.get("Name") or self._title(body) or ""}
        if not wanted["name"]:
            wanted["name"] = self.default_name(request)
        names = {
            "ApiKeySourceType": "apiKeySource",
            "BinaryMediaTypes": "binaryMediaTypes",
            "CloneFrom": "cloneFrom",
            "Description": "description",
            "MinimumCompressionSize": "minimumCompressionSize",
        }
        wanted |= {there: model[here] for here, there in names.items() if here in model}
        if "DisableExecuteApiEndpoint" in model:
            wanted["disableExecuteApiEndpoint"] = true(model["DisableExecuteApiEndpoint"])
        if endpoint := model.get("EndpointConfiguration"):
            wanted["endpointConfiguration"] = {
                "types": endpoint.get("Types") or ["EDGE"],
                **(
                    {"vpcEndpointIds": endpoint["VpcEndpointIds"]}
                    if endpoint.get("VpcEndpointIds")
                    else {}
                ),
            }
        if "Policy" in model:
            wanted["policy"] = document(model["Policy"])
        if tags := tags_of(model):
            wanted["tags"] = tags
        api = client.create_rest_api(**wanted)
        return {"RestApiId": api["id"], "RootResourceId": api["rootResourceId"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigateway
        patches = _changes(
            model,
            previous,
            {
                "ApiKeySourceType": "/apiKeySource",
                "Description": "/description",
                "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
                "MinimumCompressionSize": "/minimumCompressionSize",
            },
        )
        if model.get("Name") and differs(model, previous, "Name"):
            patches.append(_replace("/name", model["Name"]))
        if differs(model, previous, "Policy"):
            patches.append(
                _replace("/policy", document(model["Policy"]) if "Policy" in model else "")
            )
        if differs(model, previous, "EndpointConfiguration"):
            after = ((model.get("EndpointConfiguration") or {}).get("Types") or ["EDGE"])[0]
            patches.append(_replace("/endpointConfiguration/types/0", after))
        old, new = (set(m.get("BinaryMediaTypes") or ()) for m in (previous, model))
        for op, types in (("add", new - old), ("remove", old - new)):
            patches += [
                {"op": op, "path": "/binaryMediaTypes/" + one.replace("/", "~1")}
                for one in sorted(types)
            ]
        if patches:
            client.update_rest_api(restApiId=model["RestApiId"], patchOperations=patches)
        arn = f"arn:aws:apigateway:{request.region_name}::/restapis/{model['RestApiId']}"
        before, after_tags = tags_of(previous), tags_of(model)
        if gone := [key for key in before if key not in after_tags]:
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if after_tags and after_tags != before:
            client.tag_resource(resourceArn=arn, tags=after_tags)
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        if not differs(model, previous, "Body", "BodyS3Location", "Parameters", "Mode"):
            return
        body = self._body(model, request)
        if body is None:
            return
        client = request.aws_client_factory.apigateway
        client.put_rest_api(
            restApiId=model["RestApiId"],
            mode=model.get("Mode") or "overwrite",
            failOnWarnings=true(model.get("FailOnWarnings")),
            body=body.encode(),
            **(
                {"parameters": {k: text(v) for k, v in model["Parameters"].items()}}
                if model.get("Parameters")
                else {}
            ),
        )
        if model.get("Name"):
            # Properties beside the document win over it.
            client.update_rest_api(
                restApiId=model["RestApiId"], patchOperations=[_replace("/name", model["Name"])]
            )

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_rest_api(restApiId=model["RestApiId"])

    @staticmethod
    def _body(model: Model, request: ResourceRequest) -> str | None:
        if body := model.get("Body"):
            return document(body)
        place = model.get("BodyS3Location")
        if not place:
            return None
        found = request.aws_client_factory.s3.get_object(
            Bucket=place["Bucket"],
            Key=place["Key"],
            **({"VersionId": place["Version"]} if place.get("Version") else {}),
        )
        return str(found["Body"].read().decode())

    @staticmethod
    def _title(body: str | None) -> str | None:
        if not body:
            return None
        from sandbox.emulator.cloudformation import template

        try:
            return str(template.parse(body)["info"]["title"])
        except Exception:
            return None


class Method(Resource):
    """`AWS::ApiGateway::Method`, with its integration and responses."""

    TYPE = "AWS::ApiGateway::Method"
    REPLACED_BY = ("RestApiId", "ResourceId", "HttpMethod")
    REQUIRED = ("HttpMethod", "ResourceId", "RestApiId")
    OPTIONAL = (
        "ApiKeyRequired",
        "AuthorizationScopes",
        "AuthorizationType",
        "AuthorizerId",
        "Integration",
        "MethodResponses",
        "OperationName",
        "RequestModels",
        "RequestParameters",
        "RequestValidatorId",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigateway
        place = _place(model)
        wanted = {
            there: model[here]
            for here, there in (
                ("AuthorizationScopes", "authorizationScopes"),
                ("AuthorizerId", "authorizerId"),
                ("OperationName", "operationName"),
                ("RequestModels", "requestModels"),
                ("RequestValidatorId", "requestValidatorId"),
            )
            if model.get(here)
        }
        if model.get("RequestParameters"):
            wanted["requestParameters"] = {
                name: true(needed) for name, needed in model["RequestParameters"].items()
            }
        client.put_method(
            **place,
            authorizationType=model.get("AuthorizationType") or "NONE",
            apiKeyRequired=true(model.get("ApiKeyRequired")),
            **wanted,
        )
        try:
            self._fill(model, place, client)
        except Exception:
            client.delete_method(**place)
            raise
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        client = request.aws_client_factory.apigateway
        try:
            client.delete_method(**_place(previous))
        except client.exceptions.NotFoundException:
            pass
        try:
            self.made(model, request)
        except Exception:
            self.made(previous, request)
            raise
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_method(**_place(model))

    @staticmethod
    def _fill(model: Model, place: Model, client: Any) -> None:
        for response in model.get("MethodResponses") or ():
            parameters = response.get("ResponseParameters") or {}
            client.put_method_response(
                **place,
                statusCode=text(response["StatusCode"]),
                responseParameters={name: true(needed) for name, needed in parameters.items()},
                responseModels=response.get("ResponseModels") or {},
            )
        integration = model.get("Integration")
        if not integration:
            return
        names = {
            "CacheKeyParameters": "cacheKeyParameters",
            "CacheNamespace": "cacheNamespace",
            "ConnectionId": "connectionId",
            "ConnectionType": "connectionType",
            "ContentHandling": "contentHandling",
            "Credentials": "credentials",
            "IntegrationHttpMethod": "integrationHttpMethod",
            "PassthroughBehavior": "passthroughBehavior",
            "RequestParameters": "requestParameters",
            "RequestTemplates": "requestTemplates",
            "Uri": "uri",
        }
        wanted = {there: integration[here] for here, there in names.items() if here in integration}
        if "TimeoutInMillis" in integration:
            wanted["timeoutInMillis"] = int(integration["TimeoutInMillis"])
        client.put_integration(**place, type=integration.get("Type"), **wanted)
        for response in integration.get("IntegrationResponses") or ():
            wanted = {
                there: response[here]
                for here, there in (
                    ("ContentHandling", "contentHandling"),
                    ("ResponseParameters", "responseParameters"),
                    ("ResponseTemplates", "responseTemplates"),
                    ("SelectionPattern", "selectionPattern"),
                )
                if here in response
            }
            client.put_integration_response(
                **place, statusCode=text(response["StatusCode"]), **wanted
            )


def _place(model: Model) -> Model:
    return {
        "restApiId": model["RestApiId"],
        "resourceId": model["ResourceId"],
        "httpMethod": model["HttpMethod"],
    }


class Deployment(Resource):
    """`AWS::ApiGateway::Deployment`; with `StageName` it also makes or moves a stage."""

    TYPE = "AWS::ApiGateway::Deployment"
    REF = "DeploymentId"
    REPLACED_BY = ("RestApiId", "DeploymentCanarySettings")
    REQUIRED = ("RestApiId",)
    OPTIONAL = ("DeploymentCanarySettings", "Description", "StageDescription", "StageName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        wanted: Model = {"restApiId": model["RestApiId"]}
        if "Description" in model:
            wanted["description"] = model["Description"]
        described = model.get("StageDescription") or {}
        if name := model.get("StageName"):
            wanted["stageName"] = name
            if described.get("Description"):
                wanted["stageDescription"] = described["Description"]
            if described.get("Variables"):
                wanted["variables"] = {k: text(v) for k, v in described["Variables"].items()}
        client = request.aws_client_factory.apigateway
        earlier = {}
        if name:
            try:
                stage = client.get_stage(restApiId=model["RestApiId"], stageName=name)
                earlier = {EARLIER: only(stage, "deploymentId", "variables")}
            except client.exceptions.NotFoundException:
                pass
        return {"DeploymentId": client.create_deployment(**wanted)["id"], **earlier}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        if not model.get("StageName") or not model.get("StageDescription"):
            return
        if not previous or differs(model, previous, "StageDescription", "StageName"):
            stage = {**model["StageDescription"], **only(model, "RestApiId", "StageName")}
            before = {} if not previous else dict(previous.get("StageDescription") or {})
            apply_stage_settings(stage, before, request, made=not previous)

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        client, api = request.aws_client_factory.apigateway, model["RestApiId"]
        if differs(model, previous, "Description"):
            client.update_deployment(
                restApiId=api,
                deploymentId=model["DeploymentId"],
                patchOperations=[_replace("/description", model.get("Description", ""))],
            )
        if model.get("StageName") and differs(model, previous, "StageName"):
            client.create_stage(
                restApiId=api, stageName=model["StageName"], deploymentId=model["DeploymentId"]
            )
            if previous.get("StageName"):
                client.delete_stage(restApiId=api, stageName=previous["StageName"])
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        client, api = request.aws_client_factory.apigateway, model["RestApiId"]
        if name := model.get("StageName"):
            try:
                stage = client.get_stage(restApiId=api, stageName=name)
                if stage.get("deploymentId") == model["DeploymentId"]:
                    self._give_back(stage, model, client)
            except client.exceptions.NotFoundException:
                pass
        client.delete_deployment(restApiId=api, deploymentId=model["DeploymentId"])

    @staticmethod
    def _give_back(stage: Model, model: Model, client: Any) -> None:
        """The stage goes back to the deployment that it had before, or away."""
        place = {"restApiId": model["RestApiId"], "stageName": stage["stageName"]}
        earlier = model.get(EARLIER) or {}
        try:
            client.get_deployment(
                restApiId=model["RestApiId"], deploymentId=earlier.get("deploymentId") or "none"
            )
        except client.exceptions.NotFoundException:
            client.delete_stage(**place)
            return
        old, new = earlier.get("variables") or {}, stage.get("variables") or {}
        client.update_stage(
            **place,
            patchOperations=[
                _replace("/deploymentId", earlier["deploymentId"]),
                *(_replace(f"/variables/{key}", value) for key, value in old.items()),
                *({"op": "remove", "path": f"/variables/{key}"} for key in new.keys() - old.keys()),
            ],
        )


class Model_(Resource):
    """`AWS::ApiGateway::Model`."""

    TYPE = "AWS::ApiGateway::Model"
    REF = "Name"
    REPLACED_BY = ("RestApiId", "Name", "ContentType")
    REQUIRED = ("RestApiId",)
    OPTIONAL = ("ContentType", "Description", "Name", "Schema")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("Name") or self.default_name(request).replace("-", "")
        request.aws_client_factory.apigateway.create_model(
            restApiId=model["RestApiId"],
            name=name,
            contentType=model.get("ContentType") or "application/json",
            schema=document(model.get("Schema") or {}),
            **({"description": model["Description"]} if "Description" in model else {}),
        )
        return {"Name": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        patches = _changes(model, previous, {"Description": "/description"})
        if differs(model, previous, "Schema"):
            patches.append(_replace("/schema", document(model.get("Schema") or {})))
        if patches:
            request.aws_client_factory.apigateway.update_model(
                restApiId=model["RestApiId"], modelName=model["Name"], patchOperations=patches
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_model(
            restApiId=model["RestApiId"], modelName=model["Name"]
        )


class RequestValidator(Resource):
    """`AWS::ApiGateway::RequestValidator`."""

    TYPE = "AWS::ApiGateway::RequestValidator"
    REF = "RequestValidatorId"
    REPLACED_BY = ("RestApiId", "Name")
    REQUIRED = ("RestApiId",)
    OPTIONAL = ("Name", "ValidateRequestBody", "ValidateRequestParameters")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        made = request.aws_client_factory.apigateway.create_request_validator(
            restApiId=model["RestApiId"],
            name=model.get("Name") or self.default_name(request),
            validateRequestBody=true(model.get("ValidateRequestBody")),
            validateRequestParameters=true(model.get("ValidateRequestParameters")),
        )
        return {"RequestValidatorId": made["id"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.apigateway.update_request_validator(
            restApiId=model["RestApiId"],
            requestValidatorId=model["RequestValidatorId"],
            patchOperations=[
                _replace("/validateRequestBody", true(model.get("ValidateRequestBody"))),
                _replace(
                    "/validateRequestParameters", true(model.get("ValidateRequestParameters"))
                ),
            ],
        )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_request_validator(
            restApiId=model["RestApiId"], requestValidatorId=model["RequestValidatorId"]
        )


class GatewayResponse(Resource):
    """`AWS::ApiGateway::GatewayResponse`."""

    TYPE = "AWS::ApiGateway::GatewayResponse"
    REPLACED_BY = ("RestApiId", "ResponseType")
    REQUIRED = ("ResponseType", "RestApiId")
    OPTIONAL = ("ResponseParameters", "ResponseTemplates", "StatusCode")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.apigateway.put_gateway_response(
            restApiId=model["RestApiId"],
            responseType=model["ResponseType"],
            responseParameters=model.get("ResponseParameters") or {},
            responseTemplates=model.get("ResponseTemplates") or {},
            **({"statusCode": text(model["StatusCode"])} if model.get("StatusCode") else {}),
        )
        return {"Id": model.get("Id") or self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return self.made(model, request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_gateway_response(
            restApiId=model["RestApiId"], responseType=model["ResponseType"]
        )


class ApiKey(Resource):
    """`AWS::ApiGateway::ApiKey`."""

    TYPE = "AWS::ApiGateway::ApiKey"
    REF = "APIKeyId"
    REPLACED_BY = ("GenerateDistinctId", "Name", "Value")
    OPTIONAL = (
        "CustomerId",
        "Description",
        "Enabled",
        "GenerateDistinctId",
        "Name",
        "StageKeys",
        "Tags",
        "Value",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        stages = [
            {"restApiId": one["RestApiId"], "stageName": one["StageName"]}
            for one in model.get("StageKeys") or ()
        ]
        names = {"CustomerId": "customerId", "Description": "description", "Value": "value"}
        made = request.aws_client_factory.apigateway.create_api_key(
            name=model.get("Name") or self.default_name(request),
            # As the API: a key is off unless the template switches it on.
            enabled=true(model.get("Enabled", False)),
            **{there: model[here] for here, there in names.items() if here in model},
            **({"stageKeys": stages} if stages else {}),
            **({"tags": tags_of(model)} if model.get("Tags") else {}),
        )
        return {"APIKeyId": made["id"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        patches = _changes(
            model, previous, {"Description": "/description", "CustomerId": "/customerId"}
        )
        if differs(model, previous, "Enabled"):
            patches.append(_replace("/enabled", true(model.get("Enabled", False))))
        if patches:
            request.aws_client_factory.apigateway.update_api_key(
                apiKey=model["APIKeyId"], patchOperations=patches
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_api_key(apiKey=model["APIKeyId"])


class UsagePlan(Resource):
    """`AWS::ApiGateway::UsagePlan`."""

    TYPE = "AWS::ApiGateway::UsagePlan"
    OPTIONAL = ("ApiStages", "Description", "Quota", "Tags", "Throttle", "UsagePlanName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        made = request.aws_client_factory.apigateway.create_usage_plan(
            name=model.get("UsagePlanName") or self.default_name(request),
            apiStages=[_api_stage(one) for one in model.get("ApiStages") or ()],
            **({"description": model["Description"]} if "Description" in model else {}),
            **({"quota": _quota(model["Quota"])} if model.get("Quota") else {}),
            **({"throttle": _throttle(model["Throttle"])} if model.get("Throttle") else {}),
            **({"tags": tags_of(model)} if model.get("Tags") else {}),
        )
        return {"Id": made["id"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        patches = _changes(model, previous, {"Description": "/description"})
        if model.get("UsagePlanName") and differs(model, previous, "UsagePlanName"):
            patches.append(_replace("/name", model["UsagePlanName"]))
        for member, shape in (("Throttle", _throttle), ("Quota", _quota)):
            if differs(model, previous, member):
                place = "/" + member.lower()
                if model.get(member):
                    wanted = shape(model[member])
                    patches += [_replace(f"{place}/{key}", value) for key, value in wanted.items()]
                else:
                    patches.append({"op": "remove", "path": place})
        old, new = (
            {f"{one['ApiId']}:{one['Stage']}": one for one in m.get("ApiStages") or ()}
            for m in (previous, model)
        )
        for key in old.keys() - new.keys():
            patches.append({"op": "remove", "path": "/apiStages", "value": key})
        for key in new.keys() - old.keys():
            patches.append({"op": "add", "path": "/apiStages", "value": key})
        for key, stage in new.items():
            if stage.get("Throttle") and stage != old.get(key):
                for place, limits in stage["Throttle"].items():
                    for name, value in _throttle(limits).items():
                        path = f"/apiStages/{key}/throttle/{place}/{name}"
                        patches.append(_replace(path, value))
        if patches:
            request.aws_client_factory.apigateway.update_usage_plan(
                usagePlanId=model["Id"], patchOperations=patches
            )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_usage_plan(usagePlanId=model["Id"])


def _api_stage(one: Model) -> Model:
    found = {"apiId": one["ApiId"], "stage": one["Stage"]}
    if one.get("Throttle"):
        found["throttle"] = {place: _throttle(limits) for place, limits in one["Throttle"].items()}
    return found


def _throttle(given: Model) -> Model:
    found: Model = {}
    if "RateLimit" in given:
        rate = float(given["RateLimit"])
        found["rateLimit"] = int(rate) if rate.is_integer() else rate
    if "BurstLimit" in given:
        found["burstLimit"] = int(given["BurstLimit"])
    return found


def _quota(given: Model) -> Model:
    found: Model = {name.lower(): int(given[name]) for name in ("Limit", "Offset") if name in given}
    if "Period" in given:
        found["period"] = given["Period"]
    return found


class UsagePlanKey(Resource):
    """`AWS::ApiGateway::UsagePlanKey`."""

    TYPE = "AWS::ApiGateway::UsagePlanKey"
    REPLACED_BY = ("KeyId", "KeyType", "UsagePlanId")
    REQUIRED = REPLACED_BY

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.apigateway.create_usage_plan_key(
            usagePlanId=model["UsagePlanId"], keyId=model["KeyId"], keyType=model["KeyType"]
        )
        return {"Id": f"{model['KeyId']}:{model['UsagePlanId']}"}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.delete_usage_plan_key(
            usagePlanId=model["UsagePlanId"], keyId=model["KeyId"]
        )


class Account(Resource):
    """`AWS::ApiGateway::Account`: the role for CloudWatch, one per region."""

    TYPE = "AWS::ApiGateway::Account"
    OPTIONAL = ("CloudWatchRoleArn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        self._set(model.get("CloudWatchRoleArn"), request)
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._set(model.get("CloudWatchRoleArn"), request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        """AWS leaves the role as it is."""

    @staticmethod
    def _set(arn: str | None, request: ResourceRequest) -> None:
        request.aws_client_factory.apigateway.update_account(
            patchOperations=[_replace("/cloudwatchRoleArn", arn or "")]
        )


TYPES = (
    RestApi,
    Method,
    Deployment,
    Model_,
    RequestValidator,
    GatewayResponse,
    ApiKey,
    UsagePlan,
    UsagePlanKey,
    Account,
)
