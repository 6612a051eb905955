"""What the control plane takes: the checks of each kind of resource, in AWS's words.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.emulator.apigatewayv2 import cors, routing, services
from sandbox.emulator.apigatewayv2.models import Api
from sandbox.emulator.apigatewayv2.refusals import bad_request, conflict, not_found

STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}|\$default")
NO_VPC_LINKS = (
    "VPC links lead to load balancers inside a VPC, which this sandbox cannot reach from an API."
)
AUTHORIZATION = {
    "HTTP": ("NONE", "AWS_IAM", "JWT", "CUSTOM"),
    "WEBSOCKET": ("NONE", "AWS_IAM", "CUSTOM"),
}


def check_api(request: Mapping[str, Any]) -> None:
    """CreateApi and UpdateApi."""
    if "ProtocolType" in request and request["ProtocolType"] not in ("HTTP", "WEBSOCKET"):
        raise bad_request("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
    if "Name" in request and not request["Name"]:
        raise bad_request("API name must not be empty")
    if request.get("ProtocolType") == "WEBSOCKET":
        if not request.get("RouteSelectionExpression"):
            raise bad_request(
                "RouteSelectionExpression is a required parameter for WEBSOCKET protocol"
            )
        if request.get("CorsConfiguration"):
            raise bad_request("CORS configuration is not supported for WEBSOCKET protocol")
    expression = request.get("RouteSelectionExpression")
    if (
        request.get("ProtocolType") == "HTTP"
        and expression
        and expression not in ("${request.method} ${request.path}", "$request.method $request.path")
    ):
        raise bad_request("Expression must be $request.method $request.path for HTTP APIs")
    if request.get("CorsConfiguration"):
        problem = cors.problem(request["CorsConfiguration"])
        if problem:
            raise bad_request(problem)


def check_route(api: Api, route: Mapping[str, Any], own_id: str | None = None) -> None:
    """A route as it will be."""
    key = route.get("RouteKey") or ""
    if not api.websocket:
        found = routing.ROUTE_KEY.fullmatch(key)
        if key != "$default" and (found is None or found["method"] not in routing.METHODS):
            raise bad_request(
                "The provided route key is not formatted properly for HTTP protocol. Format should be "
                '"<METHOD> /<RESOURCE PATH>" or "$default"'
            )
        if re.search(r"\{[^}]*\+\}.", key):
            raise bad_request("Greedy path variables must be at the end of the path")
    elif not key or len(key) > 128:
        raise bad_request("The provided route key is not valid")
    for identity, other in api.routes.items():
        if other["RouteKey"] == key and identity != own_id:
            raise conflict(f"Route with key {key} already exists for this API")
    kind = route.get("AuthorizationType") or "NONE"
    if kind not in AUTHORIZATION[api.details["ProtocolType"]]:
        raise bad_request(f"Authorization type {kind} is not supported for this protocol")
    if kind in ("JWT", "CUSTOM"):
        authorizer = api.authorizers.get(route.get("AuthorizerId") or "")
        if authorizer is None:
            raise bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to "
                f"{kind} requires a valid authorizer."
            )
        if (authorizer["AuthorizerType"] == "JWT") != (kind == "JWT"):
            raise bad_request(
                f"The authorizer's type {authorizer['AuthorizerType']} does not fit {kind}"
            )
    target = route.get("Target")
    if target:
        identity = target.removeprefix("integrations/")
        if not target.startswith("integrations/") or identity not in api.integrations:
            raise bad_request(f"Invalid target identifier specified: {target}")


def check_integration(api: Api, integration: Mapping[str, Any]) -> None:
    """An integration as it will be."""
    kind = integration.get("IntegrationType")
    known: tuple[str, ...] = ("AWS_PROXY", "HTTP_PROXY")
    if api.websocket:
        known += ("MOCK",)
        if kind in ("AWS", "HTTP"):
            raise bad_request(
                f"This sandbox has no {kind} integrations for websocket APIs; use {kind}_PROXY."
            )
    if kind not in known:
        raise bad_request(
            f"IntegrationType {kind} is not supported for "
            f"{api.details['ProtocolType']} protocol. Must be one of {', '.join(known)}"
        )
    if integration.get("ConnectionType") == "VPC_LINK":
        raise bad_request(NO_VPC_LINKS)
    longest = 29_000 if api.websocket else 30_000
    timeout = integration.get("TimeoutInMillis")
    if timeout is not None and not 50 <= int(timeout) <= longest:
        raise bad_request(f"Timeout should be between 50 ms and {longest} ms")
    uri = integration.get("IntegrationUri") or ""
    if integration.get("IntegrationSubtype"):
        problem = services.problem(dict(integration))
        if problem:
            raise bad_request(problem)
        return
    if kind in ("HTTP_PROXY", "HTTP"):
        if not integration.get("IntegrationMethod"):
            raise bad_request("HttpMethod must be specified for HTTP_PROXY integrations")
        if not uri.startswith(("http://", "https://", "${")):
            raise bad_request("Invalid HTTP endpoint specified for URI")
    if kind == "AWS_PROXY":
        version = integration.get("PayloadFormatVersion")
        if not api.websocket and version not in ("1.0", "2.0"):
            raise bad_request("PayloadFormatVersion is a required parameter for integration")
        if not uri.startswith("arn:"):
            raise bad_request("Invalid function ARN or invalid uri")
    for name in integration.get("RequestParameters") or {}:
        if api.websocket:
            continue
        verb, _, place = name.partition(":")
        kind_of_place, _, simple = place.partition(".")
        if verb not in ("append", "overwrite", "remove") or kind_of_place not in (
            "header",
            "querystring",
            "path",
        ):
            raise bad_request(f"Invalid mapping expression specified: {name}")
        if kind_of_place == "header":
            from sandbox.emulator.apigatewayv2.integrations import RESERVED

            if RESERVED.fullmatch(simple):
                raise bad_request(f"Operations on header {simple} are restricted")


def check_authorizer(api: Api, authorizer: Mapping[str, Any], own_id: str | None = None) -> None:
    """An authorizer as it will be."""
    name = authorizer.get("Name")
    for identity, other in api.authorizers.items():
        if other.get("Name") == name and identity != own_id:
            raise bad_request("Authorizer name must be unique. Authorizer with name already exists")
    kind = authorizer.get("AuthorizerType")
    if kind == "JWT" and not api.websocket:
        settings = authorizer.get("JwtConfiguration") or {}
        if not settings.get("Issuer"):
            raise bad_request("Issuer is a required parameter for JWT authorizers")
        if not settings.get("Audience"):
            raise bad_request("Audience is a required parameter for JWT authorizers")
        if not re.match(r"https?://", settings["Issuer"]):
            raise bad_request(
                "Invalid issuer: Caught exception when connecting to "
                f"{settings['Issuer']}/.well-known/openid-configuration. Please try again later. "
                "Error: Invalid issuer: Issuer must be a valid URL"
            )
        if len(authorizer.get("IdentitySource") or ()) != 1:
            raise bad_request("Exactly one identity source is required for JWT authorizers")
        return
    if kind != "REQUEST":
        raise bad_request(f"Invalid authorizer type specified: {kind}")
    if ":lambda:path/" not in (authorizer.get("AuthorizerUri") or ""):
        raise bad_request("Authorizer URI should be an ARN for API Gateway invocation.")
    version = authorizer.get("AuthorizerPayloadFormatVersion")
    if not api.websocket and version not in ("1.0", "2.0"):
        raise bad_request(
            "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer"
        )
    if authorizer.get("EnableSimpleResponses") and version != "2.0":
        raise bad_request(
            "EnableSimpleResponses is only supported for AuthorizerPayloadFormatVersion 2.0"
        )
    ttl = authorizer.get("AuthorizerResultTtlInSeconds")
    if ttl is not None and not 0 <= int(ttl) <= 3600:
        raise bad_request("Authorizer result TTL must be between 0 and 3600 seconds")
    if ttl and not authorizer.get("IdentitySource"):
        raise bad_request("Identity source is required when caching is enabled")


def check_stage(api: Api, stage: Mapping[str, Any]) -> None:
    """A stage as it will be."""
    name = stage.get("StageName") or ""
    if not STAGE_NAME.fullmatch(name) or (api.websocket and name == "$default"):
        raise bad_request("Stage name only allows a-zA-Z0-9_-")
    deployment = stage.get("DeploymentId")
    if deployment and deployment not in api.deployments:
        raise not_found("Deployment", deployment)
    if stage.get("AutoDeploy") and api.websocket:
        raise bad_request("AutoDeploy is not supported for WEBSOCKET protocol")


def check_deletable_integration(api: Api, identity: str) -> None:
    """An integration that routes name stays."""
    for route in api.routes.values():
        if (route.get("Target") or "") == f"integrations/{identity}":
            raise conflict(
                f"Cannot delete Integration '{identity}' as it is associated with route "
                f"'{route['RouteKey']}'"
            )


def check_deletable_authorizer(api: Api, identity: str) -> None:
    """An authorizer that routes name stays."""
    for route in api.routes.values():
        if route.get("AuthorizerId") == identity:
            raise conflict(
                f"Cannot delete authorizer '{identity}', is referenced by route "
                f"'{route['RouteKey']}'"
            )
