"""AWS managed policies, put into an account's IAM when they are first named.

moto would load all 1,600 of them (4 MB) into every account and LocalStack would save them with the
world; here an account has those that somebody attached or looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.emulator.access.actions import catalog

PREFIX = "arn:aws:iam::aws:policy/"


def ensure(backend: Any, arn: str | None) -> None:
    """Have an AWS managed policy in moto's backend if there is one of that ARN."""
    if not arn or not arn.startswith(PREFIX) or arn in backend.managed_policies:
        return
    found = catalog.managed_policy(arn)
    if found:
        _add(backend, *found)


def _add(backend: Any, name: str, record: dict[str, Any]) -> str:
    from moto.iam.models import AWSManagedPolicy

    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, record)
    backend.managed_policies[policy.arn] = policy
    return policy.arn


@contextmanager
def all_present(backend: Any) -> Iterator[None]:
    """For the time of a listing, every AWS managed policy is in the backend."""
    added = []
    for name, record in catalog.managed_policies():
        if f"{PREFIX[:-1]}{record['Path']}{name}" not in backend.managed_policies:
            added.append(_add(backend, name, record))
    try:
        yield
    finally:
        for arn in added:
            policy = backend.managed_policies.get(arn)
            if policy is not None and not policy.attachment_count:
                backend.managed_policies.pop(arn, None)
