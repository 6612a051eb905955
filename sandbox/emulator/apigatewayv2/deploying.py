"""Deployments and stages: what of an API answers calls.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.apigatewayv2.models import Api
from sandbox.emulator.apigatewayv2.refusals import bad_request

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def identifier(length: int = 7) -> str:
    """A new id as API Gateway makes them."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def now() -> datetime:
    """The sandbox's present moment, whole seconds."""
    return clock.now().replace(microsecond=0)


def deploy(api: Api, description: str | None = None, *, automatic: bool = False) -> str:
    """Freeze the API as it is; the new deployment's id."""
    if not api.routes and not automatic:
        raise bad_request("At least one route is required before deploying the Api.")
    identity = identifier(6)
    found: dict[str, Any] = {
        "AutoDeployed": automatic,
        "CreatedDate": now(),
        "DeploymentId": identity,
        "DeploymentStatus": "DEPLOYED",
    }
    if description:
        found["Description"] = description
    api.deployments[identity] = found
    api.snapshots[identity] = api.freeze()
    return identity


def changed(api: Api) -> None:
    """Deploy to every stage that follows the API by itself."""
    followers = [stage for stage in api.stages.values() if stage.get("AutoDeploy")]
    if not followers:
        return
    old = {stage.get("DeploymentId") for stage in followers}
    identity = deploy(
        api, "Automatic deployment triggered by changes to the Api configuration", automatic=True
    )
    for stage in followers:
        stage["DeploymentId"] = identity
        stage["LastUpdatedDate"] = now()
        stage["LastDeploymentStatusMessage"] = (
            f"Successfully deployed stage with deployment ID '{identity}'"
        )
    # One automatic deployment is enough to go on from.
    used = {stage.get("DeploymentId") for stage in api.stages.values()}
    for gone in old - used:
        if gone and api.deployments.get(gone, {}).get("AutoDeployed"):
            api.deployments.pop(gone, None)
            api.snapshots.pop(gone, None)
