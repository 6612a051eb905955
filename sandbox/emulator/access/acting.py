"""Calls that the emulator makes to itself in a caller's name: what AWS calls forward access sessions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
A service that does something for its caller (CloudFormation makes a table) uses a key from here for its
in-memory client; the policy engine then decides as if the caller had called. Such keys prove nothing on the
network: only requests without a peer are looked up.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from sandbox.emulator.access.principal import Kind, Principal

PREFIX = "FAS"
MOST_KEPT = 2000
_acting: OrderedDict[str, Principal] = OrderedDict()


def key_for(caller: Principal | None, account: str) -> str:
    """An access key id for calls in the name of `caller`; the account's own for its root and for us."""
    if caller is None or caller.trusted or caller.kind is Kind.ROOT:
        return account
    seed = repr((caller.arn, caller.access_key, caller.account, caller.issued_at))
    key = PREFIX + hashlib.sha256(seed.encode()).hexdigest()[:24].upper()
    _acting[key] = caller
    _acting.move_to_end(key)
    while len(_acting) > MOST_KEPT:
        _acting.popitem(last=False)
    return key


def find(key: str) -> Principal | None:
    """The caller in whose name a key of `key_for` acts."""
    return _acting.get(key) if key.startswith(PREFIX) else None
