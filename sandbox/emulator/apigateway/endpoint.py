"""From an address to a deployed stage of a REST API and its chain of handlers."""

from __future__ import annotations

import logging
from typing import Any

from localstack.aws.api import RequestContext
from localstack.constants import AWS_REGION_US_EAST_1, DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Response
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.execute_api.helpers import should_divert_to_canary
from moto.apigateway.models import apigateway_backends

from sandbox.emulator.apigateway.chain import RestChain
from sandbox.emulator.apigateway.invocation import Invocation
from sandbox.emulator.execute_api import front
from sandbox.emulator.execute_api.addresses import Address

# Upstream warns of every path that an API has not; the caller is told.
logging.getLogger("localstack.services.apigateway.next_gen").setLevel(logging.ERROR)
_chain: RestChain | None = None


def _store() -> Any:
    # Deployments are shared between accounts and regions: every bundle gives the same ones. LocalStack's
    # look-up takes a lock and a regular expression each time.
    regions = dict.get(apigateway_stores, DEFAULT_AWS_ACCOUNT_ID)
    found = dict.get(regions, AWS_REGION_US_EAST_1) if regions is not None else None
    return found or apigateway_stores[DEFAULT_AWS_ACCOUNT_ID][AWS_REGION_US_EAST_1]


def knows(api_id: str) -> bool:
    """Whether there is a REST API of that id with a deployment."""
    return api_id in _store().active_deployments


def serve(address: Address, context: RequestContext, response: Response) -> None:
    """Answer a call of a REST API."""
    global _chain
    stage = address.stage
    if stage is None:
        _, _, rest = address.path.partition("/")
        stage, slash, path = rest.partition("/")
        address.path = slash + path
    invocation = Invocation(context.request, address)
    invocation.gateway_context = context
    if not _find(invocation, address.api_id, stage):
        front.refuse(response, 403, "Forbidden", "ForbiddenException")
        return
    if _chain is None:
        _chain = RestChain()
    response.headers["Content-Type"] = "application/json"
    _chain.process_with_context(invocation, response)


def _find(invocation: Invocation, api_id: str, stage: str) -> bool:
    store = _store()
    deployment_id = store.active_deployments.get(api_id, {}).get(stage)
    deployments = store.internal_deployments.get(api_id, {})
    deployment = deployments.get(deployment_id)
    if deployment is None:
        return False
    settings = deployment.rest_api.rest_api
    if settings.get("disableExecuteApiEndpoint") and not invocation.address.domain:
        return False
    if "PRIVATE" in (settings.get("endpointConfiguration") or {}).get("types", ()) and not (
        invocation.address.through_vpc
    ):
        return False
    configuration = _configuration(deployment, api_id, stage)
    canary = configuration.get("canarySettings")
    if canary:
        invocation.is_canary = should_divert_to_canary(float(canary["percentTraffic"]))
        if invocation.is_canary:
            deployment_id = canary["deploymentId"]
            deployment = deployments.get(deployment_id) or deployment
    invocation.deployment = deployment
    invocation.api_id = api_id
    invocation.stage = stage
    invocation.stage_configuration = configuration
    invocation.deployment_id = deployment_id
    return True


def _configuration(deployment: Any, api_id: str, name: str) -> dict[str, Any]:
    """What of a stage matters for a call, in the shape of GetStage."""
    backend = apigateway_backends[deployment.account_id][deployment.region]
    api = backend.apis.get(api_id) or backend.get_rest_api(api_id)
    stage = api.stages[name]
    return {
        "variables": stage.variables,
        "methodSettings": stage.method_settings,
        "canarySettings": getattr(stage, "canary_settings", None),
        "accessLogSettings": stage.access_log_settings,
    }
