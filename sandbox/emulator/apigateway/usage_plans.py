"""The parts of usage plans that moto leaves out: limits of single methods, and limits that are fractions.

https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateUsagePlan.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.apigateway import BadRequestException, NotFoundException
from moto.apigateway.models import UsagePlan, apigateway_backends

PATHS = re.compile(
    r"/(name|description|productCode|apiStages(/.+)?|quota(/(limit|offset|period))?"
    r"|throttle(/(rateLimit|burstLimit))?)"
)

_patch_upstream = UsagePlan.apply_patch_operations


def patch_moto() -> None:
    """`UsagePlan.apply_patch_operations`: it takes rates for whole numbers, and a method's for the plan's.

    Both are left to `apply`.
    """

    def apply_rest(self: UsagePlan, patch_operations: list[dict[str, Any]]) -> None:
        rest = [
            operation
            for operation in patch_operations
            if operation["path"] != "/throttle/rateLimit"
            and not operation["path"].startswith("/apiStages/")
        ]
        _patch_upstream(self, rest)

    UsagePlan.apply_patch_operations = apply_rest  # type: ignore[method-assign]


def find(context: RequestContext, identifier: str) -> Any:
    """moto's plan; NotFoundException when there is none."""
    plan = apigateway_backends[context.account_id][context.region].usage_plans.get(identifier)
    if plan is None:
        raise NotFoundException("Invalid Usage Plan ID specified")
    return plan


def check_stage(context: RequestContext, plan: Any, operation: Mapping[str, Any]) -> None:
    """A stage that is added must exist, one that is removed must be there; other paths are few."""
    path = operation.get("path") or ""
    if not PATHS.fullmatch(path):
        raise BadRequestException(f"Invalid patch path {path}")
    if path.endswith(("rateLimit", "burstLimit")) and operation.get("op") != "remove":
        try:
            float(operation.get("value") or 0)
        except ValueError:
            raise BadRequestException(f"Invalid patch value for {path}") from None
    if operation.get("op") not in ("add", "remove") or path != "/apiStages":
        return
    api_id, separator, stage = (operation.get("value") or "").partition(":")
    if not separator:
        raise BadRequestException("Invalid API Stage specified")
    if operation["op"] == "remove" and not any(
        (entry.get("apiId"), entry.get("stage")) == (api_id, stage) for entry in plan.api_stages
    ):
        raise NotFoundException(
            f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan.id}"
        )
    api = apigateway_backends[context.account_id][context.region].apis.get(api_id)
    if api is None or stage not in api.stages:
        raise NotFoundException(
            f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan.id}"
        )


def apply(plan: Any, operation: Mapping[str, Any]) -> None:
    """Set what moto's own patching drops."""
    path, value = operation.get("path", ""), operation.get("value")
    op = operation.get("op")
    if path == "/throttle/rateLimit" and op in ("add", "replace"):
        plan.throttle["rateLimit"] = float(value or 0)
        return
    if not path.startswith("/apiStages/"):
        return
    # /apiStages/API:STAGE/throttle/PATH/METHOD/rateLimit, PATH with ~1 for its slashes
    parts = path.split("/")[2:]
    entry = next(
        (e for e in plan.api_stages if parts[0] == f"{e.get('apiId')}:{e.get('stage')}"), None
    )
    if entry is None or len(parts) < 2 or parts[1] != "throttle":
        return
    limits = entry.setdefault("throttle", {})
    if len(parts) == 2:
        if op == "remove":
            limits.clear()
        return
    resource = parts[2].replace("~1", "/").replace("~0", "~")
    if not resource.startswith("/"):
        resource = f"/{resource}"
    key = f"{resource}/{parts[3]}" if len(parts) > 3 else resource
    if op == "remove":
        limits.pop(key, None)
    elif len(parts) > 4:
        own = limits.setdefault(key, {})
        own[parts[4]] = float(value or 0) if parts[4] == "rateLimit" else int(value or 0)


def shown(plan: Any, response: Any) -> Any:
    """The response with what was set here."""
    response["apiStages"] = plan.api_stages
    if plan.throttle:
        response["throttle"] = plan.throttle
    return response
