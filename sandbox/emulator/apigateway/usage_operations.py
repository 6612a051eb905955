"""Usage plans: their settings, and how much of them was used.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.apigateway import BadRequestException, Usage
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from moto.apigateway.models import apigateway_backends

from sandbox.emulator import clock
from sandbox.emulator.apigateway import usage, usage_plans
from sandbox.emulator.apigateway.models import usage_stores


class UsageOperations(ApigatewayNextGenProvider):
    """UpdateUsagePlan, GetUsage and UpdateUsage."""

    def update_usage_plan(
        self,
        context: RequestContext,
        usage_plan_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change a plan; the limits of single methods, which moto does not know, are set here."""
        plan = usage_plans.find(context, usage_plan_id)
        for operation in patch_operations or ():
            usage_plans.check_stage(context, plan, operation)
        found = super().update_usage_plan(context, usage_plan_id, patch_operations, **kwargs)
        for operation in patch_operations or ():
            usage_plans.apply(plan, operation)
        return usage_plans.shown(plan, found)

    def get_usage(
        self,
        context: RequestContext,
        usage_plan_id: str,
        start_date: str,
        end_date: str,
        key_id: str | None = None,
        **kwargs: Any,
    ) -> Usage:
        """Used and remaining calls of each key for each day."""
        plan = usage_plans.find(context, usage_plan_id)
        try:
            first, last = date.fromisoformat(start_date), date.fromisoformat(end_date)
        except ValueError:
            raise BadRequestException("Usage start and end dates must be valid dates") from None
        if last < first:
            raise BadRequestException("Usage end date must not be before its start date")
        store = usage_stores[context.account_id][context.region]
        keys = apigateway_backends[context.account_id][context.region].usage_plan_keys
        items: dict[str, list[list[int]]] = {}
        for known in keys.get(usage_plan_id, {}):
            if key_id and known != key_id:
                continue
            counts = store.usage.get(usage_plan_id, {}).get(known, {})
            if not counts:
                continue
            items[known] = [
                [
                    counts.get(day.isoformat(), 0),
                    usage.remaining(store, plan, known, day) if plan.quota else -1,
                ]
                for day in _days(first, last)
            ]
        return Usage(usagePlanId=usage_plan_id, startDate=start_date, endDate=end_date, items=items)

    def update_usage(
        self,
        context: RequestContext,
        usage_plan_id: str,
        key_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Usage:
        """Grant a key another remaining quota for the present period."""
        plan = usage_plans.find(context, usage_plan_id)
        store = usage_stores[context.account_id][context.region]
        today = clock.now().date()
        for operation in patch_operations or ():
            if operation.get("path") == "/remaining" and plan.quota:
                wanted = int(operation["value"])
                start = usage.period_start(plan.quota, today).isoformat()
                granted = store.granted.setdefault(usage_plan_id, {}).setdefault(key_id, {})
                granted[start] = (
                    granted.get(start, 0) + wanted - usage.remaining(store, plan, key_id, today)
                )
        day = today.isoformat()
        return self.get_usage(context, usage_plan_id, day, day, key_id)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
