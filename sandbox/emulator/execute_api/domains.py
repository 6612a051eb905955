"""Custom domain names and what their paths lead to, shared by both versions of API Gateway.

A name is served to whoever sends it as Host header, with or without `.localhost` behind it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localstack.services.stores import AccountRegionBundle, BaseStore, CrossAccountAttribute

from sandbox.emulator import world
from sandbox.emulator.execute_api.addresses import Address
from sandbox.emulator.state import restore, saver

SERVICE = "apigateway"
NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
# Hosted zones of API Gateway's own names, for alias records.
REGIONAL_ZONE, EDGE_ZONE = "Z1UJRXOUMOOFQ8", "Z2FDTNDATAQYW2"


@dataclass
class Mapping:
    """A base path (`""` for the root) of a domain name; without `stage` the next part of the path names it."""

    id: str
    base_path: str
    api_id: str
    stage: str | None


@dataclass
class Domain:
    """A domain name; `settings` has the members that both versions show, each in its own shape."""

    name: str
    account: str
    region: str
    target: str
    settings: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    mappings: list[Mapping] = field(default_factory=list)

    @property
    def edge(self) -> bool:
        """Whether CloudFront would answer for it on AWS."""
        return self.settings.get("endpoint_type") == "EDGE"

    @property
    def arn(self) -> str:
        """The ARN of the domain name."""
        return f"arn:aws:apigateway:{self.region}::/domainnames/{self.name}"

    def mapping(self, base_path: str) -> Mapping | None:
        """The mapping of exactly this base path."""
        return next((one for one in self.mappings if one.base_path == base_path), None)


class DomainStore(BaseStore):
    """All domain names: they are unique in the world."""

    domains: dict[str, Domain] = CrossAccountAttribute(default=dict)


domain_stores = AccountRegionBundle(SERVICE, DomainStore)


def domains() -> dict[str, Domain]:
    """Every domain name."""
    restore.ensure(SERVICE)
    return domain_stores["000000000000"]["us-east-1"].domains


# Whether the world has, or once had, domain names; None until somebody asks.
_used: bool | None = None


def changed() -> None:
    """Have the domain names saved, whichever version of the API changed them."""
    global _used
    saver.mark(SERVICE)
    if not _used:
        _marker().touch()
        _used = True


def _marker() -> Path:
    # Requests with other hosts' names must not load API Gateway only to learn that it knows no names.
    return world.directory(SERVICE) / "has-domain-names"


def find(host: str) -> Domain | None:
    """The domain that a Host header means; wildcards hold for one label."""
    name = host.rpartition(":")[0] if ":" in host else host
    name = name.lower()
    if "." not in name or name.replace(".", "").isdigit():
        return None
    global _used
    if _used is None:
        _used = _marker().exists()
    if not _used:
        return None
    known = domains()
    for candidate in (name, name.removesuffix(".localhost")):
        found = known.get(candidate) or known.get(f"*.{candidate.partition('.')[2]}")
        if found is not None:
            return found
    return None


def address(domain: Domain, path: str, query: str) -> Address | None:
    """The API behind a path: the longest base path wins; None when no mapping fits."""
    best: Mapping | None = None
    for mapping in domain.mappings:
        base = f"/{mapping.base_path}" if mapping.base_path else ""
        fits = not base or path == base or path.startswith(f"{base}/")
        if fits and (best is None or len(mapping.base_path) > len(best.base_path)):
            best = mapping
    if best is None:
        return None
    base = f"/{best.base_path}" if best.base_path else ""
    rest = path[len(base) :] or "/"
    stage = best.stage
    if stage is None:
        first, _, tail = rest[1:].partition("/")
        stage, rest, base = first, f"/{tail}", f"{base}/{first}"
    return Address(best.api_id.lower(), rest, query, stage, base_path=base, domain=domain.name)


def leading_to(api_id: str, stage: str | None = None) -> bool:
    """Whether a domain name leads to the API, or to one of its stages."""
    return any(
        mapping.api_id == api_id and (stage is None or mapping.stage == stage)
        for domain in domains().values()
        for mapping in domain.mappings
    )
