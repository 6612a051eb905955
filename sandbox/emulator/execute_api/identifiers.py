"""The identifiers that API Gateway gives a request."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from functools import lru_cache

from sandbox.emulator import clock

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def identifier(length: int) -> str:
    """A new id of small letters and digits, as API Gateway makes them."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def request_id() -> str:
    """The value of `$context.requestId`."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def extended_id() -> str:
    """The value of `$context.extendedRequestId`, and of the header x-amz-apigw-id."""
    return secrets.token_urlsafe(11).replace("_", "B").replace("-", "F") + "="


def trace_root() -> str:
    """The root of an X-Ray trace: `1-` time `-` 24 hexadecimal digits."""
    return f"1-{int(clock.time()):08x}-{secrets.token_hex(12)}"


def request_time(seconds: float) -> str:
    """A moment as access logs write it: `09/Apr/2015:12:34:56 +0000`."""
    return _second(int(seconds))


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def iso(seconds: float) -> str:
    """A moment as JSON documents of AWS write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
