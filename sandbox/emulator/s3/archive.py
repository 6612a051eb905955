"""Archived objects: S3 Glacier Flexible Retrieval and Deep Archive, and restoring them.

An archived object cannot be read until a restore request has been fulfilled; how long that takes depends
on the tier. https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from localstack.aws.api.s3 import StorageClass
from localstack.services.s3.models import S3Object
from localstack.services.s3.utils import rfc_1123_datetime

from sandbox.emulator import clock

# The upper end of what AWS states, in sandbox time, so that "not yet" can be seen.
RETRIEVAL: dict[str, dict[str, timedelta]] = {
    StorageClass.GLACIER: {
        "Expedited": timedelta(minutes=5),
        "Standard": timedelta(hours=5),
        "Bulk": timedelta(hours=12),
    },
    StorageClass.DEEP_ARCHIVE: {
        "Standard": timedelta(hours=12),
        "Bulk": timedelta(hours=48),
    },
}
_ATTRIBUTE = "sandbox_retrieval"


@dataclass
class Retrieval:
    """A restore request of an object: seconds since the epoch, on the sandbox clock."""

    done_at: float
    days: int
    announced: bool = False

    @property
    def expires_at(self) -> float:
        """When the temporary copy goes: midnight UTC after `days` days."""
        end = datetime.fromtimestamp(self.done_at, UTC) + timedelta(days=self.days)
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(days=1)).timestamp()


def is_archived(s3_object: S3Object) -> bool:
    """Whether the object is in a class that needs a restore before it can be read."""
    return s3_object.storage_class in RETRIEVAL


def retrieval(s3_object: S3Object) -> Retrieval | None:
    """The object's restore request, None when there is none or its copy has expired."""
    found: Retrieval | None = getattr(s3_object, _ATTRIBUTE, None)
    if found and clock.time() >= found.expires_at:
        setattr(s3_object, _ATTRIBUTE, None)
        return None
    return found


def request(s3_object: S3Object, tier: str, days: int) -> Retrieval:
    """Begin a restore, or set a new expiry for a copy that is already there."""
    found = retrieval(s3_object)
    if found is None:
        found = Retrieval(
            clock.time() + RETRIEVAL[s3_object.storage_class][tier].total_seconds(), days
        )
        setattr(s3_object, _ATTRIBUTE, found)
    else:
        # AWS counts the new days from this request, not from the end of the old ones.
        found.done_at, found.days = clock.time(), days
    settle(s3_object)
    return found


def settle(s3_object: S3Object) -> None:
    """Bring the `x-amz-restore` header of an object up to the clock's present."""
    found = retrieval(s3_object)
    if found is None:
        s3_object.restore = None
    elif clock.time() < found.done_at:
        s3_object.restore = 'ongoing-request="true"'
    else:
        expiry = rfc_1123_datetime(datetime.fromtimestamp(found.expires_at, UTC))
        s3_object.restore = f'ongoing-request="false", expiry-date="{expiry}"'


def is_readable(s3_object: S3Object) -> bool:
    """Whether the object's data can be read now."""
    if not is_archived(s3_object):
        return True
    found = retrieval(s3_object)
    return found is not None and clock.time() >= found.done_at


def forget(s3_object: S3Object) -> None:
    """Drop a restore request (the object left the archive)."""
    setattr(s3_object, _ATTRIBUTE, None)
    s3_object.restore = None
