"""The X-Ray trace header: given on, and counted to find functions that call themselves in a circle.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time

from localstack.aws.api import CommonServiceException

MOST_HOPS = 16
STOPPED = (
    "Lambda detected the specified function being invoked in a recursive loop with other AWS resources "
    "and stopped invocation."
)


class RecursiveInvocationException(CommonServiceException):
    """The refusal of the seventeenth turn."""

    def __init__(self) -> None:
        super().__init__("RecursiveInvocationException", STOPPED, 400, True)


def following(header: str | None, function_arn: str) -> tuple[str, int]:
    """The header that the function gets, and how often the chain of calls came by here.

    Other functions on the way keep their counts.
    """
    header = header or ""
    fields = dict(
        part.strip().partition("=")[::2] for part in header.split(";") if "=" in part.strip()
    )
    root = fields.get("Root") or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    parent = fields.get("Parent") or secrets.token_hex(8)
    sampled = fields.get("Sampled")
    if sampled not in ("0", "1"):
        sampled = "0"
    own = hashlib.sha256(function_arn.encode()).hexdigest()[:8]
    counts: dict[str, int] = {}
    for entry in fields.get("Lineage", "").split("|"):
        pieces = entry.split(":")
        if len(pieces) >= 2 and pieces[-1].isdigit():
            counts[pieces[-2]] = int(pieces[-1])
    hops = counts.get(own, 0) + 1
    counts[own] = hops
    lineage = "|".join(f"1:{name}:{count}" for name, count in counts.items())
    return f"Root={root};Parent={parent};Sampled={sampled};Lineage={lineage}", hops


def of_messages(payload: bytes) -> str | None:
    """The header that came with the messages of a queue: a chain of calls may lead through it."""
    if b'"AWSTraceHeader"' not in payload:
        return None
    try:
        records = json.loads(payload)["Records"]
        return records[0]["attributes"].get("AWSTraceHeader")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def check(function: object, hops: int) -> None:
    """Raise RecursiveInvocationException after the sixteenth turn, unless the function may go on."""
    if hops > MOST_HOPS and getattr(function, "recursive_loop", "Terminate") != "Allow":
        raise RecursiveInvocationException
