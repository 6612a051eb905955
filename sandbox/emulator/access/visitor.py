"""What a visitor of a website endpoint may read: anonymous, whatever the request carries."""

from __future__ import annotations

from typing import Any

from sandbox.emulator.access import s3
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.access.policy.evaluation import Decision
from sandbox.emulator.access.principal import ANONYMOUS


def decision(bucket: Any, action: str, key: str | None, context: Any) -> Decision:
    """The decision for `action` on an object (`key`) or the bucket (None) of an S3Bucket."""
    arn = f"arn:aws:s3:::{bucket.name}"
    if key is not None:
        arn = f"{arn}/{key}"
    found = s3.decide(ANONYMOUS, Requirement(action, arn), context)
    context.sandbox_decision = found
    return found


def may(bucket: Any, action: str, key: str | None, context: Any) -> bool:
    """Whether a visitor may do `action` (`s3:GetObject`, `s3:ListBucket`)."""
    return decision(bucket, action, key, context).allowed
