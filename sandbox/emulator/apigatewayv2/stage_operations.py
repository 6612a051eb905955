"""Operations about deployments and stages.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.apigatewayv2 import authorization, deploying, inputs
from sandbox.emulator.apigatewayv2.lookups import api_of, part_of, without
from sandbox.emulator.apigatewayv2.refusals import bad_request, conflict, not_found


class StageOperations:
    """CreateDeployment, CreateStage and their like."""

    @handler("CreateDeployment", expand=False)
    def create_deployment(self, context: RequestContext, request: Any) -> Any:
        """Freeze the API, and show it at a stage."""
        api = api_of(context, request)
        stage = None
        if request.get("StageName"):
            stage = part_of(api.stages, "Stage", request["StageName"])
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
        api = api_of(context, request)
        found = part_of(api.deployments, "Deployment", request["DeploymentId"])
        if request.get("Description") is not None:
            found["Description"] = request["Description"]
        return found

    @handler("DeleteDeployment", expand=False)
    def delete_deployment(self, context: RequestContext, request: Any) -> None:
        """Remove a deployment that no stage shows."""
        api = api_of(context, request)
        identity = request["DeploymentId"]
        part_of(api.deployments, "Deployment", identity)
        if any(stage.get("DeploymentId") == identity for stage in api.stages.values()):
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
        del api.deployments[identity]
        api.snapshots.pop(identity, None)

    @handler("CreateStage", expand=False)
    def create_stage(self, context: RequestContext, request: Any) -> Any:
        """A name under which the API answers."""
        api = api_of(context, request)
        inputs.check_stage(api, request)
        name = request["StageName"]
        if name in api.stages:
            raise conflict("Stage already exists")
        stage = without(request, "ApiId")
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
        api = api_of(context, request)
        stage = part_of(api.stages, "Stage", request["StageName"])
        given = without(request, "ApiId", "StageName")
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
        api = api_of(context, request)
        stage = part_of(api.stages, "Stage", request["StageName"])
        if request["RouteKey"] not in stage.get("RouteSettings", {}):
            raise not_found("Route settings")
        del stage["RouteSettings"][request["RouteKey"]]

    @handler("DeleteAccessLogSettings", expand=False)
    def delete_access_log_settings(self, context: RequestContext, request: Any) -> None:
        """Log no more."""
        api = api_of(context, request)
        part_of(api.stages, "Stage", request["StageName"]).pop("AccessLogSettings", None)

    @handler("ResetAuthorizersCache", expand=False)
    def reset_authorizers_cache(self, context: RequestContext, request: Any) -> None:
        """Forget what authorizers said to callers of a stage."""
        api = api_of(context, request)
        part_of(api.stages, "Stage", request["StageName"])
        authorization.results.flush((api.id, request["StageName"]))

    @handler("DeleteRouteRequestParameter", expand=False)
    def delete_route_request_parameter(self, context: RequestContext, request: Any) -> None:
        """Forget one request parameter of a route."""
        api = api_of(context, request)
        route = part_of(api.routes, "Route", request["RouteId"])
        parameters = route.get("RequestParameters") or {}
        if parameters.pop(request["RequestParameterKey"], None) is None:
            raise not_found("Request parameter")
        deploying.changed(api)

    @handler("GetModelTemplate", expand=False)
    def get_model_template(self, context: RequestContext, request: Any) -> Any:
        """A template that makes an empty object."""
        part_of(api_of(context, request).models, "Model", request["ModelId"])
        return {"Value": "{}"}
