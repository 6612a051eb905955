"""What we change inside LocalStack's S3 modules, each with the upstream function and why."""

from __future__ import annotations

import datetime as real_datetime
from datetime import datetime, tzinfo
from types import ModuleType

from localstack.services.s3 import models, provider, utils

from sandbox.emulator import clock


class ClockDatetime(datetime):
    """`datetime` whose `now` is the sandbox's."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The sandbox's present moment."""
        return datetime.fromtimestamp(clock.time(), tz)


def follow_the_clock() -> None:
    """Make S3 read the sandbox clock.

    `models` stamps objects, versions, parts and uploads with `datetime.now` (LastModified, object lock);
    `utils` and `provider` compare with `datetime.datetime.now` (conditional requests, retention).
    """
    models.datetime = ClockDatetime
    shifted = ModuleType("datetime")
    shifted.__dict__.update(real_datetime.__dict__)
    shifted.datetime = ClockDatetime  # type: ignore[attr-defined]
    utils.datetime = shifted
    provider.datetime = shifted
