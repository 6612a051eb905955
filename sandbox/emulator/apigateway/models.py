"""What REST APIs keep beside LocalStack's and moto's stores: how much of its quota each key has used."""

from __future__ import annotations

from localstack.services.stores import AccountRegionBundle, BaseStore, LocalAttribute


class UsageStore(BaseStore):
    """`usage[plan][key]["2026-11-24"]` is the number of calls on that day of the sandbox clock.

    `granted[plan][key]["2026-11-01"]` is what UpdateUsage added to the quota of the period that began then.
    """

    usage: dict[str, dict[str, dict[str, int]]] = LocalAttribute(default=dict)
    granted: dict[str, dict[str, dict[str, int]]] = LocalAttribute(default=dict)


usage_stores = AccountRegionBundle("apigateway", UsageStore)
