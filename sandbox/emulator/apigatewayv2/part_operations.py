"""The operations about the parts of an API, which are alike: routes, integrations, authorizers, models.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.apigatewayv2 import deploying, inputs
from sandbox.emulator.apigatewayv2.lookups import api_of, page, part_of, without
from sandbox.emulator.apigatewayv2.models import Api


class PartOperations:
    """CreateX, GetX, GetXs, UpdateX and DeleteX of every kind; they are added below."""


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
        api = api_of(context, request)
        parts = parts_of(api, request)
        part = {**defaults(api), **without(request, *names)}
        check(api, part, None)
        own = deploying.identifier()
        part[identity] = own
        parts[own] = part
        deploying.changed(api)
        return part

    def get(self: Any, context: RequestContext, request: Any) -> Any:
        return part_of(parts_of(api_of(context, request), request), kind, request[identity])

    def list_(self: Any, context: RequestContext, request: Any) -> Any:
        return page(list(parts_of(api_of(context, request), request).values()), request)

    def update(self: Any, context: RequestContext, request: Any) -> Any:
        api = api_of(context, request)
        part = part_of(parts_of(api, request), kind, request[identity])
        given = without(request, *names, identity)
        check(api, {**part, **given}, request[identity])
        part.update(given)
        deploying.changed(api)
        return part

    def delete(self: Any, context: RequestContext, request: Any) -> None:
        api = api_of(context, request)
        parts = parts_of(api, request)
        part_of(parts, kind, request[identity])
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
            _set(PartOperations, operation, serve)


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
    part_of(api.integrations, "Integration", request["IntegrationId"])
    return api.integration_responses.setdefault(request["IntegrationId"], {})


def _of_route(api: Api, request: Any) -> dict[str, Any]:
    part_of(api.routes, "Route", request["RouteId"])
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
