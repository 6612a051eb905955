"""What HTTP and WebSocket APIs consist of. Resources are dicts in the shapes of the API."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from localstack.services.stores import AccountRegionBundle, BaseStore, CrossAccountAttribute

Resource = dict[str, Any]


@dataclass
class Snapshot:
    """What a deployment froze: the parts of an API that answer calls."""

    routes: list[Resource]
    integrations: dict[str, Resource]
    integration_responses: dict[str, dict[str, Resource]]
    authorizers: dict[str, Resource]
    cors: Resource | None
    selection: str
    models: dict[str, Resource] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        # The router is made again where it is needed.
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}


@dataclass
class Api:
    """One API: `details` are those of GetApi, the rest its resources by id (stages by name)."""

    account: str
    region: str
    details: Resource
    routes: dict[str, Resource] = field(default_factory=dict)
    integrations: dict[str, Resource] = field(default_factory=dict)
    integration_responses: dict[str, dict[str, Resource]] = field(default_factory=dict)
    route_responses: dict[str, dict[str, Resource]] = field(default_factory=dict)
    authorizers: dict[str, Resource] = field(default_factory=dict)
    models: dict[str, Resource] = field(default_factory=dict)
    deployments: dict[str, Resource] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    stages: dict[str, Resource] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The API's identifier."""
        return self.details["ApiId"]

    @property
    def websocket(self) -> bool:
        """Whether it is a WebSocket API."""
        return self.details["ProtocolType"] == "WEBSOCKET"

    def freeze(self) -> Snapshot:
        """A snapshot of the present routes, integrations and authorizers."""
        return Snapshot(
            routes=copy.deepcopy(list(self.routes.values())),
            integrations=copy.deepcopy(self.integrations),
            integration_responses=copy.deepcopy(self.integration_responses),
            authorizers=copy.deepcopy(self.authorizers),
            cors=copy.deepcopy(self.details.get("CorsConfiguration")),
            selection=self.details.get("RouteSelectionExpression", ""),
            models=copy.deepcopy(self.models),
        )


class HttpApiStore(BaseStore):
    """All APIs by id: a host name tells neither account nor region reliably."""

    apis: dict[str, Api] = CrossAccountAttribute(default=dict)


http_api_stores = AccountRegionBundle("apigatewayv2", HttpApiStore)


def apis() -> dict[str, Api]:
    """Every API by id."""
    return http_api_stores["000000000000"]["us-east-1"].apis


def find(api_id: str) -> Api | None:
    """The API of an id; None when there is none."""
    return apis().get(api_id)
