"""What a world knows of its identity pools. Plain data: everything here is saved with the world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localstack.services.stores import (
    AccountRegionBundle,
    BaseStore,
    CrossRegionAttribute,
    LocalAttribute,
)

from sandbox.emulator.cognito.models import SigningKey


@dataclass
class Identity:
    """A user or guest of an identity pool; `logins` maps a provider to its name for the user."""

    id: str
    created: float
    modified: float
    logins: dict[str, str] = field(default_factory=dict)


@dataclass
class IdentityPool:
    """An identity pool; `settings` is the API's IdentityPool without id and tags."""

    id: str
    region: str
    account: str
    settings: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    role_mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    principal_tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)


class CognitoIdentityStore(BaseStore):
    """The identity pools of one account and region; the key that signs OpenID tokens."""

    pools: dict[str, IdentityPool] = LocalAttribute(default=dict)
    keys: list[SigningKey] = CrossRegionAttribute(default=list)


stores = AccountRegionBundle("cognito-identity", CognitoIdentityStore)


def all_pools() -> Iterator[IdentityPool]:
    """Every identity pool of the world."""
    for regions in list(stores.values()):
        for store in list(regions.values()):
            yield from list(store.pools.values())


def find_pool(pool_id: str) -> IdentityPool | None:
    """A pool by its id."""
    return next((pool for pool in all_pools() if pool.id == pool_id), None)


def find_identity(identity_id: str) -> tuple[IdentityPool, Identity] | None:
    """An identity and its pool."""
    for pool in all_pools():
        if identity_id in pool.identities:
            return pool, pool.identities[identity_id]
    return None
