"""API keys, usage plans and throttling.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    InvalidAPIKeyError,
    QuotaExceededError,
    ThrottledError,
)

from sandbox.emulator import clock
from sandbox.emulator.apigateway.models import usage_stores
from sandbox.emulator.execute_api import throttle

_lock = threading.Lock()


class UsageHandler:
    """Checks the API key of a method that wants one, its plan's limits, and the stage's."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        if context.resource_method.get("apiKeyRequired"):
            _check_key(context)
        _check_stage(context)


def _check_key(context: Any) -> None:
    identity = context.context_variables["identity"]
    rest_api = context.deployment.rest_api.rest_api
    if rest_api.get("apiKeySource") == "AUTHORIZER":
        value = context.usage_key
    else:
        value = context.invocation_request["headers"].get("X-API-Key")
    found = _find(context, value) if value else None
    if found is None:
        raise InvalidAPIKeyError("Forbidden")
    key, plan, stage = found
    identity["apiKey"] = key.value
    identity["apiKeyId"] = key.id
    _check_plan(context, key, plan, stage)


def _find(context: Any, value: str) -> tuple[Any, Any, Mapping[str, Any]] | None:
    """The key, the plan that has it for this stage, and the plan's entry of the stage."""
    from moto.apigateway.models import apigateway_backends

    backend = apigateway_backends[context.account_id][context.region]
    for plan in list(backend.usage_plans.values()):
        stage = next(
            (
                entry
                for entry in plan.api_stages
                if entry.get("stage") == context.stage
                and str(entry.get("apiId", "")).lower() == context.api_id
            ),
            None,
        )
        if stage is None:
            continue
        for plan_key in list(backend.usage_plan_keys.get(plan.id, {}).values()):
            key = backend.keys.get(plan_key.id)
            if key is not None and key.value == value:
                return (key, plan, stage) if key.enabled else None
    return None


def _check_plan(context: Any, key: Any, plan: Any, stage: Mapping[str, Any]) -> None:
    path = f"{context.resource['path']}/{context.invocation_request['http_method']}"
    own = (stage.get("throttle") or {}).get(path)
    if own and not _take(("method", plan.id, key.id, context.api_id, path), own):
        raise ThrottledError("Too Many Requests")
    if plan.throttle and not _take(("plan", plan.id, key.id), plan.throttle):
        raise ThrottledError("Too Many Requests")
    today = clock.now().date()
    with _lock:
        store = usage_stores[context.account_id][context.region]
        days = store.usage.setdefault(plan.id, {}).setdefault(key.id, {})
        if plan.quota and remaining(store, plan, key.id, today) <= 0:
            raise QuotaExceededError("Limit Exceeded")
        days[today.isoformat()] = days.get(today.isoformat(), 0) + 1
    from sandbox.emulator.state import saver

    saver.mark("apigateway")


def _take(key: tuple, limits: Mapping[str, Any]) -> bool:
    rate = float(limits.get("rateLimit") or 0)
    burst = float(limits.get("burstLimit") or 0)
    if not rate and not burst:
        return True
    return throttle.take(key, rate or 10_000, burst or max(rate, 1))


def _check_stage(context: Any) -> None:
    settings = context.stage_configuration.get("methodSettings") if context.stage else None
    if not settings:
        return
    method = context.invocation_request["http_method"]
    # `/pets/{id}` stands in the settings as `~1pets~1{id}` or without its first slash.
    path = context.resource["path"]
    for name in (path.replace("/", "~1"), path.lstrip("/"), path):
        found = settings.get(f"{name}/{method}")
        if found is not None:
            break
    else:
        found, name = settings.get("*/*"), "*"
    if not found or found.get("throttlingRateLimit") is None:
        return
    key = ("stage", context.api_id, context.stage, name, method if name != "*" else path + method)
    if not throttle.take(
        key, float(found["throttlingRateLimit"]), float(found.get("throttlingBurstLimit") or 0)
    ):
        raise ThrottledError("Too Many Requests")


def period_start(quota: Mapping[str, Any], today: date) -> date:
    """The first day of the quota's present period; `offset` days later than it would be."""
    offset = int(quota.get("offset") or 0)
    period = quota.get("period")
    if period == "WEEK":
        # Weeks begin on Sunday.
        start = today - timedelta(days=(today.weekday() + 1 - offset) % 7)
    elif period == "MONTH":
        start = today.replace(day=1) + timedelta(days=offset)
        if start > today:
            start = (today.replace(day=1) - timedelta(days=1)).replace(day=1) + timedelta(
                days=offset
            )
    else:
        start = today
    return start


def remaining(store: Any, plan: Any, key_id: str, today: date) -> int:
    """How many calls the key has left in the present period."""
    limit = int(plan.quota.get("limit") or 0)
    start = period_start(plan.quota, today).isoformat()
    days = store.usage.get(plan.id, {}).get(key_id, {})
    used = sum(count for day, count in days.items() if start <= day <= today.isoformat())
    return limit + store.granted.get(plan.id, {}).get(key_id, {}).get(start, 0) - used
