"""Amazon API Gateway V2: the control plane of HTTP and WebSocket APIs.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.state import StateVisitor

from sandbox.emulator.apigatewayv2 import authorization, deploying, inputs, openapi
from sandbox.emulator.apigatewayv2.models import Api, apis, http_api_stores
from sandbox.emulator.apigatewayv2.refusals import bad_request, conflict, not_found
from sandbox.emulator.execute_api import addresses

SELECTION = "$request.method $request.path"
KEY_SELECTION = "$request.header.x-api-key"


class SandboxApigatewayV2Provider:
    """`apigatewayv2:sandbox`; the regular operations of the parts of an API are added below."""

    service = "apigatewayv2"
    version = "2018-11-29"

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Everything that is saved with the world."""
        visitor.visit(http_api_stores)

    # --- APIs ------------------------------------------------------------------------------------

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
        return _shown(api)

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
        return _shown(_api(context, request))

    @handler("GetApis", expand=False)
    def get_apis(self, context: RequestContext, request: Any) -> Any:
        """The account's APIs in the region."""
        own = [
            _shown(api)
            for api in apis().values()
            if (api.account, api.region) == (context.account_id, context.region)
        ]
        return _page(sorted(own, key=lambda api: (api["CreatedDate"], api["ApiId"])), request)

    @handler("UpdateApi", expand=False)
    def update_api(self, context: RequestContext, request: Any) -> Any:
        """Change an API."""
        api = _api(context, request)
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
        return _shown(api)

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
        api = _api(context, request)
        del apis()[api.id]
        authorization.results.flush((api.id,))

    @handler("DeleteCorsConfiguration", expand=False)
    def delete_cors_configuration(self, context: RequestContext, request: Any) -> None:
        """Leave sharing to the integrations."""
        api = _api(context, request)
        api.details.pop("CorsConfiguration", None)
        deploying.changed(api)

    @handler("ImportApi", expand=False)
    def import_api(self, context: RequestContext, request: Any) -> Any:
        """A new API from an OpenAPI 3 document."""
        document = openapi.read(request.get("Body"))
        api = self._new(context, {"Name": document["info"]["title"], "ProtocolType": "HTTP"})
        openapi.load(api, document, request.get("Basepath") or "ignore")
        apis()[api.id] = api
        return _shown(api)

    @handler("ReimportApi", expand=False)
    def reimport_api(self, context: RequestContext, request: Any) -> Any:
        """Replace an API by a document; if the document fails, nothing is changed."""
        api = _api(context, request)
        document = openapi.read(request.get("Body"))
        fresh = Api(api.account, api.region, dict(api.details))
        fresh.details.pop("CorsConfiguration", None)
        fresh.details["Name"] = document["info"]["title"]
        openapi.load(fresh, document, request.get("Basepath") or "ignore")
        for name in ("details", "routes", "integrations", "authorizers", "models"):
            setattr(api, name, getattr(fresh, name))
        deploying.changed(api)
        return _shown(api)

    @handler("ExportApi", expand=False)
    def export_api(self, context: RequestContext, request: Any) -> Any:
        """The API, or one of its stages, as an OpenAPI 3 document."""
        api = _api(context, request)
        if request.get("Specification") != "OAS30":
            raise bad_request("Invalid specification. Must be OAS30")
        if api.websocket:
            raise bad_request("Export is not supported for WEBSOCKET protocol")
        stage = None
        snapshot = api.freeze()
        if request.get("StageName"):
            stage = _part(api.stages, "Stage", request["StageName"])
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

    # --- deployments and stages ------------------------------------------------------------------

    @handler("CreateDeployment", expand=False)
    def create_deployment(self, context: RequestContext, request: Any) -> Any:
        """Freeze the API, and show it at a stage."""
        api = _api(context, request)
        stage = None
        if request.get("StageName"):
            stage = _part(api.stages, "Stage", request["StageName"])
            if stage.get("AutoDeploy"):
                raise bad_request(
                    "Deployment ID cannot be specified for a stage with AutoDeploy enabled"
                )
        identity = deploying.deploy(api, request.get("Description"))
        if stage is not None:
            stage["DeploymentId"] = identity
            stage["LastUpdatedDate"] = deploying.now()
        return api.deployments[identity]

    @handler("UpdateDeployment", expand=False)
    def update_deployment(self, context: RequestContext, request: Any) -> Any:
        """Change a deployment's description."""
        api = _api(context, request)
        found = _part(api.deployments, "Deployment", request["DeploymentId"])
        if request.get("Description") is not None:
            found["Description"] = request["Description"]
        return found

    @handler("DeleteDeployment", expand=False)
    def delete_deployment(self, context: RequestContext, request: Any) -> None:
        """Remove a deployment that no stage shows."""
        api = _api(context, request)
        identity = request["DeploymentId"]
        _part(api.deployments, "Deployment", identity)
        if any(stage.get("DeploymentId") == identity for stage in api.stages.values()):
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
        del api.deployments[identity]
        api.snapshots.pop(identity, None)

    @handler("CreateStage", expand=False)
    def create_stage(self, context: RequestContext, request: Any) -> Any:
        """A name under which the API answers."""
        api = _api(context, request)
        inputs.check_stage(api, request)
        name = request["StageName"]
        if name in api.stages:
            raise conflict("Stage already exists")
        stage = _without(request, "ApiId")
        stage.setdefault("AutoDeploy", False)
        stage.setdefault("DefaultRouteSettings", {"DetailedMetricsEnabled": False})
        stage.setdefault("RouteSettings", {})
        stage.setdefault("StageVariables", {})
        stage.setdefault("Tags", {})
        stage["CreatedDate"] = stage["LastUpdatedDate"] = deploying.now()
        api.stages[name] = stage
        if stage["AutoDeploy"]:
            deploying.changed(api)
        return stage

    @handler("UpdateStage", expand=False)
    def update_stage(self, context: RequestContext, request: Any) -> Any:
        """Change a stage; variables that are set to nothing are removed."""
        api = _api(context, request)
        stage = _part(api.stages, "Stage", request["StageName"])
        given = _without(request, "ApiId", "StageName")
        inputs.check_stage(api, {**stage, **given})
        for name, value in given.items():
            if name in ("StageVariables", "RouteSettings"):
                merged = {**stage.get(name, {}), **value}
                stage[name] = {key: item for key, item in merged.items() if item not in ("", None)}
            elif name == "DefaultRouteSettings":
                stage[name] = {**stage.get(name, {}), **value}
            else:
                stage[name] = value
        stage["LastUpdatedDate"] = deploying.now()
        if given.get("AutoDeploy"):
            deploying.changed(api)
        return stage

    @handler("DeleteRouteSettings", expand=False)
    def delete_route_settings(self, context: RequestContext, request: Any) -> None:
        """Forget the settings of one route at a stage."""
        api = _api(context, request)
        stage = _part(api.stages, "Stage", request["StageName"])
        if request["RouteKey"] not in stage.get("RouteSettings", {}):
            raise not_found("Route settings")
        del stage["RouteSettings"][request["RouteKey"]]

    @handler("DeleteAccessLogSettings", expand=False)
    def delete_access_log_settings(self, context: RequestContext, request: Any) -> None:
        """Log no more."""
        api = _api(context, request)
        _part(api.stages, "Stage", request["StageName"]).pop("AccessLogSettings", None)

    @handler("ResetAuthorizersCache", expand=False)
    def reset_authorizers_cache(self, context: RequestContext, request: Any) -> None:
        """Forget what authorizers said to callers of a stage."""
        api = _api(context, request)
        _part(api.stages, "Stage", request["StageName"])
        authorization.results.flush((api.id, request["StageName"]))

    @handler("DeleteRouteRequestParameter", expand=False)
    def delete_route_request_parameter(self, context: RequestContext, request: Any) -> None:
        """Forget one request parameter of a route."""
        api = _api(context, request)
        route = _part(api.routes, "Route", request["RouteId"])
        parameters = route.get("RequestParameters") or {}
        if parameters.pop(request["RequestParameterKey"], None) is None:
            raise not_found("Request parameter")
        deploying.changed(api)

    @handler("GetModelTemplate", expand=False)
    def get_model_template(self, context: RequestContext, request: Any) -> Any:
        """A template that makes an empty object."""
        _part(_api(context, request).models, "Model", request["ModelId"])
        return {"Value": "{}"}

    # --- tags ------------------------------------------------------------------------------------

    @handler("GetTags", expand=False)
    def get_tags(self, context: RequestContext, request: Any) -> Any:
        """The tags of an API or a stage."""
        return {"Tags": _tags(request["ResourceArn"])}

    @handler("TagResource", expand=False)
    def tag_resource(self, context: RequestContext, request: Any) -> Any:
        """Add tags."""
        _tags(request["ResourceArn"]).update(request.get("Tags") or {})
        return {}

    @handler("UntagResource", expand=False)
    def untag_resource(self, context: RequestContext, request: Any) -> None:
        """Remove tags."""
        tags = _tags(request["ResourceArn"])
        for key in request.get("TagKeys") or ():
            tags.pop(key, None)

    # --- what needs more than this machine -------------------------------------------------------

    @handler("CreateVpcLink", expand=False)
    def create_vpc_link(self, context: RequestContext, request: Any) -> Any:
        """Refused: nothing leads into a VPC from here."""
        raise bad_request(inputs.NO_VPC_LINKS)

    @handler("GetVpcLinks", expand=False)
    def get_vpc_links(self, context: RequestContext, request: Any) -> Any:
        """None."""
        return {"Items": []}

    @handler("CreateDomainName", expand=False)
    def create_domain_name(self, context: RequestContext, request: Any) -> Any:
        """Refused: a name needs a certificate and a name server that point here."""
        raise bad_request(
            "Custom domain names need a certificate and a name server, which this sandbox does not "
            "have. Call the API by its own address."
        )

    @handler("GetDomainNames", expand=False)
    def get_domain_names(self, context: RequestContext, request: Any) -> Any:
        """None."""
        return {"Items": []}


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


def _shown(api: Api) -> dict[str, Any]:
    """An API with its address, which goes with the port that the world is open on."""
    scheme = "ws" if api.websocket else "http"
    address = addresses.url(api.id, api.region).replace("http", scheme, 1)
    return {"ApiEndpoint": address, **api.details}


def _api(context: RequestContext, request: Any) -> Api:
    identity = request["ApiId"]
    api = apis().get(identity)
    if api is None or (api.account, api.region) != (context.account_id, context.region):
        raise not_found("API", identity)
    return api


def _part(parts: dict[str, Any], kind: str, identity: str) -> Any:
    if identity not in parts:
        raise not_found(kind, identity)
    return parts[identity]


def _without(request: Any, *names: str) -> dict[str, Any]:
    return {
        name: value for name, value in request.items() if name not in names and value is not None
    }


def _page(items: list[Any], request: Any) -> dict[str, Any]:
    try:
        limit = int(request.get("MaxResults") or 0) or len(items) or 1
        start = int(request.get("NextToken") or 0)
    except ValueError:
        raise bad_request("Invalid value for maxResults or nextToken") from None
    found: dict[str, Any] = {"Items": items[start : start + limit]}
    if start + limit < len(items):
        found["NextToken"] = str(start + limit)
    return found


def _tags(arn: str) -> dict[str, str]:
    """The tags of `arn:aws:apigateway:REGION::/apis/ID` or `.../stages/NAME`."""
    parts = arn.rpartition("::/")[2].split("/")
    api = apis().get(parts[1]) if len(parts) > 1 and parts[0] == "apis" else None
    if api is None:
        raise not_found("API", parts[1] if len(parts) > 1 else arn)
    if len(parts) == 4 and parts[2] == "stages":
        return _part(api.stages, "Stage", parts[3]).setdefault("Tags", {})
    return api.details.setdefault("Tags", {})


# --- the regular operations ----------------------------------------------------------------------


def _set(cls: type, operation: str, serve: Callable) -> None:
    # LocalStack's dispatch table finds the method by the function's name.
    serve.__name__ = f"serve_{operation}"
    serve.__doc__ = f"{operation}."
    setattr(cls, serve.__name__, handler(operation, expand=False)(serve))


def _add_kind(
    kind: str,
    parts_of: Callable[[Api, Any], dict[str, Any]],
    *,
    identity: str,
    defaults: Callable[[Api], dict[str, Any]] = lambda api: {},
    check: Callable[[Api, Any, str | None], None] = lambda api, part, own: None,
    deletable: Callable[[Api, str], None] = lambda api, own: None,
    parents: tuple[str, ...] = (),
    only: tuple[str, ...] = ("Create", "Get", "List", "Update", "Delete"),
) -> None:
    """Add CreateX, GetX, GetXs, UpdateX and DeleteX for one kind of resource.

    `parts_of` finds the dict that holds them, `check` refuses what may not be, `parents` are the
    parameters that name what they belong to.
    """
    names = ("ApiId", *parents)

    def create(self: Any, context: RequestContext, request: Any) -> Any:
        api = _api(context, request)
        parts = parts_of(api, request)
        part = {**defaults(api), **_without(request, *names)}
        check(api, part, None)
        own = deploying.identifier()
        part[identity] = own
        parts[own] = part
        deploying.changed(api)
        return part

    def get(self: Any, context: RequestContext, request: Any) -> Any:
        return _part(parts_of(_api(context, request), request), kind, request[identity])

    def list_(self: Any, context: RequestContext, request: Any) -> Any:
        return _page(list(parts_of(_api(context, request), request).values()), request)

    def update(self: Any, context: RequestContext, request: Any) -> Any:
        api = _api(context, request)
        part = _part(parts_of(api, request), kind, request[identity])
        given = _without(request, *names, identity)
        check(api, {**part, **given}, request[identity])
        part.update(given)
        deploying.changed(api)
        return part

    def delete(self: Any, context: RequestContext, request: Any) -> None:
        api = _api(context, request)
        parts = parts_of(api, request)
        _part(parts, kind, request[identity])
        deletable(api, request[identity])
        del parts[request[identity]]
        deploying.changed(api)

    plural = f"Get{kind}s"
    for verb, operation, serve in (
        ("Create", f"Create{kind}", create),
        ("Get", f"Get{kind}", get),
        ("List", plural, list_),
        ("Update", f"Update{kind}", update),
        ("Delete", f"Delete{kind}", delete),
    ):
        if verb in only:
            _set(SandboxApigatewayV2Provider, operation, serve)


def _integration_defaults(api: Api) -> dict[str, Any]:
    return {
        "ConnectionType": "INTERNET",
        "TimeoutInMillis": 29_000 if api.websocket else 30_000,
        **({"PassthroughBehavior": "WHEN_NO_MATCH"} if api.websocket else {}),
        **({} if api.websocket else {"PayloadFormatVersion": "1.0"}),
    }


def _check_integration(api: Api, part: Any, own: str | None) -> None:
    if part.get("IntegrationType") == "AWS_PROXY" and not part.get("IntegrationMethod"):
        part["IntegrationMethod"] = "POST"
    inputs.check_integration(api, part)


def _of_integration(api: Api, request: Any) -> dict[str, Any]:
    _part(api.integrations, "Integration", request["IntegrationId"])
    return api.integration_responses.setdefault(request["IntegrationId"], {})


def _of_route(api: Api, request: Any) -> dict[str, Any]:
    _part(api.routes, "Route", request["RouteId"])
    return api.route_responses.setdefault(request["RouteId"], {})


_add_kind(
    "Route",
    lambda api, request: api.routes,
    identity="RouteId",
    defaults=lambda api: {"ApiKeyRequired": False, "AuthorizationType": "NONE"},
    check=inputs.check_route,
)
_add_kind(
    "Integration",
    lambda api, request: api.integrations,
    identity="IntegrationId",
    defaults=_integration_defaults,
    check=_check_integration,
    deletable=inputs.check_deletable_integration,
)
_add_kind(
    "Authorizer",
    lambda api, request: api.authorizers,
    identity="AuthorizerId",
    check=inputs.check_authorizer,
    deletable=inputs.check_deletable_authorizer,
)
_add_kind("Model", lambda api, request: api.models, identity="ModelId")
_add_kind(
    "Deployment",
    lambda api, request: api.deployments,
    identity="DeploymentId",
    only=("Get", "List"),
)
_add_kind(
    "Stage",
    lambda api, request: api.stages,
    identity="StageName",
    only=("Get", "List", "Delete"),
)
_add_kind(
    "IntegrationResponse",
    _of_integration,
    identity="IntegrationResponseId",
    parents=("IntegrationId",),
)
_add_kind("RouteResponse", _of_route, identity="RouteResponseId", parents=("RouteId",))
