"""Amazon S3: LocalStack's provider with objects on disk and behaviour that follows the clock."""

from __future__ import annotations

from collections.abc import Iterator

from localstack.services.s3.models import s3_stores
from localstack.services.s3.provider import S3Provider

from sandbox.emulator import world
from sandbox.emulator.s3.storage import FILE_ATTRIBUTE, DiskObjectStore
from sandbox.emulator.state import saver

SWEEP_SECONDS = 30.0


class SandboxS3Provider(S3Provider):
    """`s3:sandbox`."""

    def __init__(self) -> None:
        self._objects_on_disk = DiskObjectStore(world.directory("s3"))
        super().__init__(storage_backend=self._objects_on_disk)
        self._swept = 0.0
        saver.after_save("s3", self._sweep)

    def on_sandbox_restored(self) -> None:
        """Remove what a killed emulator left: data whose object was never saved."""
        self._objects_on_disk.sweep(live_files(), age=0)

    def _sweep(self) -> None:
        import time

        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            self._objects_on_disk.sweep(live_files())


def live_files() -> Iterator[str]:
    """The names of all data files that an object, a version or a part of an upload refers to."""
    for _account, _region, store in list(s3_stores.iter_stores()):
        for bucket in list(store.buckets.values()):
            for s3_object in bucket.objects.values():
                if name := getattr(s3_object, FILE_ATTRIBUTE, None):
                    yield name
            for upload in list(bucket.multiparts.values()):
                for part in [upload.object, *list(upload.parts.values())]:
                    if name := getattr(part, FILE_ATTRIBUTE, None):
                        yield name
