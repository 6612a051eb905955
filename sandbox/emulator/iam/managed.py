"""AWS managed policies, put into an account's IAM when they are first named.

moto would load all 1,600 of them (4 MB) into every account and LocalStack would save them with the
world; here an account has those that somebody attached or looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.emulator.access.actions import catalog

PREFIX = "arn:aws:iam::aws:policy/"
LISTING_SECONDS = 20.0

_lock = threading.Lock()
_listing: dict[str, dict[str, Any]] = {}


def ensure(backend: Any, arn: str | None) -> None:
    """Have an AWS managed policy in moto's backend if there is one of that ARN."""
    if not arn or not arn.startswith(PREFIX) or arn in backend.managed_policies:
        return
    found = catalog.managed_policy(arn)
    if found:
        _add(backend, *found)


def _add(backend: Any, name: str, record: dict[str, Any]) -> None:
    policy = _made(backend, name, record)
    backend.managed_policies[policy.arn] = policy


def _made(backend: Any, name: str, record: dict[str, Any]) -> Any:
    from moto.iam.models import AWSManagedPolicy

    return AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, record)


def _all(backend: Any) -> dict[str, Any]:
    """Every AWS managed policy by ARN, remembered for the pages of one listing."""
    with _lock:
        found = _listing.get(backend.account_id)
        if found is None:
            made = (_made(backend, *item) for item in catalog.managed_policies())
            found = {policy.arn: policy for policy in made}
            _listing[backend.account_id] = found
            forget = threading.Timer(LISTING_SECONDS, _listing.pop, (backend.account_id, None))
            forget.daemon = True
            forget.start()
        return found


@contextmanager
def all_present(backend: Any) -> Iterator[None]:
    """For the time of a listing, every AWS managed policy is in the backend."""
    added = {
        arn: policy for arn, policy in _all(backend).items() if arn not in backend.managed_policies
    }
    backend.managed_policies.update(added)
    try:
        yield
    finally:
        for arn, policy in added.items():
            if not policy.attachment_count:
                backend.managed_policies.pop(arn, None)
