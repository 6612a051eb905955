"""The in-memory containers that hold a service's state, and putting saved ones back in place."""

from __future__ import annotations

from typing import Any

from localstack.services.stores import AccountRegionBundle
from localstack.state import StateVisitor
from moto.core.base_backend import BackendDict


class _Collector(StateVisitor):
    def __init__(self) -> None:
        self.found: list[AccountRegionBundle | BackendDict] = []

    def visit(self, state_container: Any) -> None:
        # Asset directories live in the world's folder already.
        if isinstance(state_container, AccountRegionBundle | BackendDict):
            self.found.append(state_container)


def of(service: Any) -> list[AccountRegionBundle | BackendDict]:
    """The containers of a LocalStack `Service`, in the provider's own order."""
    collector = _Collector()
    service.accept_state_visitor(collector)
    return collector.found


def content(container: AccountRegionBundle | BackendDict) -> tuple[str, Any, Any]:
    """What is pickled: (identity, accounts, attributes shared between accounts).

    The containers themselves are not saved, because providers hold references to them.
    """
    if isinstance(container, AccountRegionBundle):
        return (
            f"store:{container.service_name}:{container.store.__qualname__}",
            dict(container),
            container._universal,
        )
    accounts = {account: dict(regions) for account, regions in list(container.items())}
    return f"moto:{container.service_name}", accounts, None


def put_back(container: AccountRegionBundle | BackendDict, accounts: Any, shared: Any) -> None:
    """Fill a live container with saved content, keeping its identity."""
    if isinstance(container, AccountRegionBundle):
        container.clear()
        dict.update(container, accounts)
        container._universal = shared
        return
    for account, regions in accounts.items():
        live = container[account]
        for region, backend in regions.items():
            dict.__setitem__(live, region, backend)
