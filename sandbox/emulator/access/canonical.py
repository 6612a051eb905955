"""Canonical user ids: the names of accounts in S3's access control lists."""

from __future__ import annotations

import hashlib
from functools import lru_cache

# LocalStack's owner of everything; kept for the default account, so that saved worlds stay valid.
DEFAULT_ID = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
_known: dict[str, str] = {}


@lru_cache(maxsize=256)
def canonical_id(account: str) -> str:
    """The canonical user id of an account, 64 hexadecimal digits."""
    if account == "000000000000":
        found = DEFAULT_ID
    else:
        found = hashlib.sha256(f"canonical user of {account}".encode()).hexdigest()
    _known[found] = account
    return found


def account_of(identity: str) -> str | None:
    """The account of a canonical user id that was given out before; None for an unknown one."""
    if identity == DEFAULT_ID:
        return "000000000000"
    return _known.get(identity)
