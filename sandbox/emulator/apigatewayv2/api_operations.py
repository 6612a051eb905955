"""Operations about whole APIs: create, change, import, export.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

import json
from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.apigatewayv2 import authorization, deploying, inputs, openapi
from sandbox.emulator.apigatewayv2.lookups import api_of, page, part_of, shown
from sandbox.emulator.apigatewayv2.models import Api, apis
from sandbox.emulator.apigatewayv2.refusals import bad_request

SELECTION = "$request.method $request.path"
KEY_SELECTION = "$request.header.x-api-key"


class ApiOperations:
    """CreateApi and its like."""

    @handler("CreateApi", expand=False)
    def create_api(self, context: RequestContext, request: Any) -> Any:
        """A new API; with `Target` it has a route, an integration and a stage at once."""
        inputs.check_api(request)
        if request.get("Target"):
            if request["ProtocolType"] != "HTTP":
                raise bad_request("Quick create is only supported for HTTP protocol")
            uri = request["Target"]
            if not uri.startswith(("arn:", "http://", "https://")):
                raise bad_request("Invalid quick create target specified")
        api = self._new(context, request)
        if request.get("Target"):
            self._quick(api, request)
        apis()[api.id] = api
        return shown(api)

    def _new(self, context: RequestContext, request: Any) -> Api:
        identity = deploying.identifier(10)
        details = {
            "ApiId": identity,
            "ApiKeySelectionExpression": request.get("ApiKeySelectionExpression") or KEY_SELECTION,
            "CreatedDate": deploying.now(),
            "DisableExecuteApiEndpoint": bool(request.get("DisableExecuteApiEndpoint")),
            "IpAddressType": request.get("IpAddressType") or "ipv4",
            "Name": request["Name"],
            "ProtocolType": request["ProtocolType"],
            "RouteSelectionExpression": request.get("RouteSelectionExpression") or SELECTION,
            "Tags": dict(request.get("Tags") or {}),
        }
        for name in ("CorsConfiguration", "Description", "Version", "DisableSchemaValidation"):
            if request.get(name) is not None:
                details[name] = request[name]
        return Api(context.account_id, context.region, details)

    @staticmethod
    def _quick(api: Api, request: Any) -> None:
        uri = request["Target"]
        function = uri.startswith("arn:")
        integration: dict[str, Any] = {
            "ApiGatewayManaged": True,
            "ConnectionType": "INTERNET",
            "IntegrationId": deploying.identifier(),
            "IntegrationMethod": "POST" if function else "ANY",
            "IntegrationType": "AWS_PROXY" if function else "HTTP_PROXY",
            "IntegrationUri": uri,
            "PayloadFormatVersion": "2.0" if function else "1.0",
            "TimeoutInMillis": 30000,
        }
        if request.get("CredentialsArn"):
            integration["CredentialsArn"] = request["CredentialsArn"]
        api.integrations[integration["IntegrationId"]] = integration
        route: dict[str, Any] = {
            "ApiGatewayManaged": True,
            "ApiKeyRequired": False,
            "AuthorizationType": "NONE",
            "RouteId": deploying.identifier(),
            "RouteKey": request.get("RouteKey") or "$default",
            "Target": f"integrations/{integration['IntegrationId']}",
        }
        inputs.check_route(api, route)
        api.routes[route["RouteId"]] = route
        _add_default_stage(api)

    @handler("GetApi", expand=False)
    def get_api(self, context: RequestContext, request: Any) -> Any:
        """One API."""
        return shown(api_of(context, request))

    @handler("GetApis", expand=False)
    def get_apis(self, context: RequestContext, request: Any) -> Any:
        """The account's APIs in the region."""
        own = [
            shown(api)
            for api in apis().values()
            if (api.account, api.region) == (context.account_id, context.region)
        ]
        return page(sorted(own, key=lambda api: (api["CreatedDate"], api["ApiId"])), request)

    @handler("UpdateApi", expand=False)
    def update_api(self, context: RequestContext, request: Any) -> Any:
        """Change an API."""
        api = api_of(context, request)
        inputs.check_api({**request, "ProtocolType": api.details["ProtocolType"]})
        for name in (
            "ApiKeySelectionExpression",
            "CorsConfiguration",
            "Description",
            "DisableSchemaValidation",
            "DisableExecuteApiEndpoint",
            "IpAddressType",
            "Name",
            "RouteSelectionExpression",
            "Version",
        ):
            if request.get(name) is not None:
                api.details[name] = request[name]
        if request.get("Target") or request.get("RouteKey"):
            self._update_quick(api, request)
        deploying.changed(api)
        return shown(api)

    @staticmethod
    def _update_quick(api: Api, request: Any) -> None:
        route = next((r for r in api.routes.values() if r.get("ApiGatewayManaged")), None)
        if route is None:
            raise bad_request("Target and RouteKey can only be changed for APIs of quick create")
        if request.get("RouteKey"):
            route["RouteKey"] = request["RouteKey"]
        if request.get("Target"):
            integration = api.integrations[route["Target"].removeprefix("integrations/")]
            integration["IntegrationUri"] = request["Target"]

    @handler("DeleteApi", expand=False)
    def delete_api(self, context: RequestContext, request: Any) -> None:
        """Remove an API with everything in it."""
        api = api_of(context, request)
        del apis()[api.id]
        authorization.results.flush((api.id,))

    @handler("DeleteCorsConfiguration", expand=False)
    def delete_cors_configuration(self, context: RequestContext, request: Any) -> None:
        """Leave sharing to the integrations."""
        api = api_of(context, request)
        api.details.pop("CorsConfiguration", None)
        deploying.changed(api)

    @handler("ImportApi", expand=False)
    def import_api(self, context: RequestContext, request: Any) -> Any:
        """A new API from an OpenAPI 3 document."""
        document = openapi.read(request.get("Body"))
        api = self._new(context, {"Name": document["info"]["title"], "ProtocolType": "HTTP"})
        openapi.load(api, document, request.get("Basepath") or "ignore")
        apis()[api.id] = api
        return shown(api)

    @handler("ReimportApi", expand=False)
    def reimport_api(self, context: RequestContext, request: Any) -> Any:
        """Replace an API by a document; if the document fails, nothing is changed."""
        api = api_of(context, request)
        document = openapi.read(request.get("Body"))
        fresh = Api(api.account, api.region, dict(api.details))
        fresh.details.pop("CorsConfiguration", None)
        fresh.details["Name"] = document["info"]["title"]
        openapi.load(fresh, document, request.get("Basepath") or "ignore")
        for name in ("details", "routes", "integrations", "authorizers", "models"):
            setattr(api, name, getattr(fresh, name))
        deploying.changed(api)
        return shown(api)

    @handler("ExportApi", expand=False)
    def export_api(self, context: RequestContext, request: Any) -> Any:
        """The API, or one of its stages, as an OpenAPI 3 document."""
        api = api_of(context, request)
        if request.get("Specification") != "OAS30":
            raise bad_request("Invalid specification. Must be OAS30")
        if api.websocket:
            raise bad_request("Export is not supported for WEBSOCKET protocol")
        stage = None
        snapshot = api.freeze()
        if request.get("StageName"):
            stage = part_of(api.stages, "Stage", request["StageName"])
            snapshot = api.snapshots.get(stage.get("DeploymentId") or "", snapshot)
        extensions = request.get("IncludeExtensions")
        document = openapi.dump(api, snapshot, stage, extensions is None or bool(extensions))
        if request.get("OutputType") == "YAML":
            import yaml

            text = yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False)
        elif request.get("OutputType") == "JSON":
            text = json.dumps(document, indent=2)
        else:
            raise bad_request("Invalid output type. Must be one of [JSON, YAML]")
        return {"body": text.encode()}


def _add_default_stage(api: Api) -> None:
    stage = {
        "ApiGatewayManaged": True,
        "AutoDeploy": True,
        "CreatedDate": deploying.now(),
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "LastUpdatedDate": deploying.now(),
        "RouteSettings": {},
        "StageName": "$default",
        "StageVariables": {},
        "Tags": {},
    }
    api.stages["$default"] = stage
    deploying.changed(api)
