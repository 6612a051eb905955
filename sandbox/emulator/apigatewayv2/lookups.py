"""Finding what a request of the control plane names."""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.apigatewayv2.models import Api, apis
from sandbox.emulator.apigatewayv2.refusals import bad_request, not_found
from sandbox.emulator.execute_api import addresses


def shown(api: Api) -> dict[str, Any]:
    """An API with its address, which goes with the port that the world is open on."""
    scheme = "ws" if api.websocket else "http"
    address = addresses.url(api.id, api.region).replace("http", scheme, 1)
    return {"ApiEndpoint": address, **api.details}


def api_of(context: RequestContext, request: Any) -> Api:
    """The API that a request names; NotFoundException when it is not the caller's."""
    identity = request["ApiId"]
    api = apis().get(identity)
    if api is None or (api.account, api.region) != (context.account_id, context.region):
        raise not_found("API", f"{context.account_id}:{identity}")
    return api


def part_of(parts: dict[str, Any], kind: str, identity: str) -> Any:
    """One resource of an API; NotFoundException, with `kind` as AWS calls it."""
    if identity not in parts:
        raise not_found(kind, identity)
    return parts[identity]


def without(request: Any, *names: str) -> dict[str, Any]:
    """The parameters of a request that were given, but for `names`."""
    return {
        name: value for name, value in request.items() if name not in names and value is not None
    }


def page(items: list[Any], request: Any) -> dict[str, Any]:
    """One page of a list; the token is the place of the next item."""
    try:
        limit = int(request.get("MaxResults") or 0) or len(items) or 1
        start = int(request.get("NextToken") or 0)
    except ValueError:
        raise bad_request("Invalid value for maxResults or nextToken") from None
    found: dict[str, Any] = {"Items": items[start : start + limit]}
    if start + limit < len(items):
        found["NextToken"] = str(start + limit)
    return found


def tags_of(arn: str) -> dict[str, str]:
    """The tags of `arn:aws:apigateway:REGION::/apis/ID` or `.../stages/NAME`."""
    parts = arn.rpartition("::/")[2].split("/")
    api = apis().get(parts[1]) if len(parts) > 1 and parts[0] == "apis" else None
    if api is None:
        raise not_found("API", parts[1] if len(parts) > 1 else arn)
    if len(parts) == 4 and parts[2] == "stages":
        return part_of(api.stages, "Stage", parts[3]).setdefault("Tags", {})
    return api.details.setdefault("Tags", {})
