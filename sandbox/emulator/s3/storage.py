"""Object data on disk: one file per write, named at random, remembered by the object itself.

A file is never changed after its write has ended, and never removed before the state that no longer
mentions it is on disk. So a `kill -9` at any moment leaves every saved object with its own bytes: the
index (LocalStack's S3 store) and the data cannot contradict each other. Files that nothing refers to
are collected by `sweep`.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Iterable, Iterator
from io import BytesIO, UnsupportedOperation
from pathlib import Path
from typing import IO, Any, Literal

from localstack.aws.api.s3 import BucketName
from localstack.services.s3.constants import S3_CHUNK_SIZE
from localstack.services.s3.models import S3Multipart, S3Object, S3Part
from localstack.services.s3.storage.core import (
    LimitedStream,
    S3ObjectStore,
    S3StoredMultipart,
    S3StoredObject,
    should_copy_in_place,
)
from localstack.services.s3.utils import ObjectRange, get_s3_checksum

# The attribute of LocalStack's S3Object/S3Part that names the file; pickled with the object.
FILE_ATTRIBUTE = "sandbox_file"
PARTIAL = ".partial"
# A file may exist for a moment before its object stands in the index.
YOUNGEST_SWEPT_SECONDS = 60.0


class DiskStoredObject(S3StoredObject):
    """One open object; reading streams from its file, closing a write gives the file its name."""

    def __init__(
        self, s3_object: S3Object | S3Part, folder: Path, mode: Literal["r", "w"] = "r"
    ) -> None:
        super().__init__(s3_object=s3_object, mode=mode)
        self.closed: bool = False
        self.size = 0
        self._folder = folder
        self._digest = hashlib.md5(usedforsecurity=False)
        self._checksum_hash: Any = None
        self._checksum: str | None = None
        self._etag: str | None = None
        self._written = False
        self._file: IO[bytes]
        if mode == "w":
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / uuid.uuid4().hex
            self._file = self._path.with_suffix(PARTIAL).open("w+b", buffering=0)
        else:
            self._path = folder / getattr(s3_object, FILE_ATTRIBUTE)
            self._file = self._path.open("rb", buffering=0)

    def write(self, stream: IO[bytes] | S3StoredObject | LimitedStream | None) -> int:
        """Replace the content by `stream`; sets the object's size and ETag, returns the size in bytes."""
        self._require_writing()
        stream = stream or BytesIO()
        self._start_over()
        if algorithm := self.s3_object.checksum_algorithm:
            self._checksum_hash = get_s3_checksum(algorithm)
        while data := stream.read(S3_CHUNK_SIZE):
            self._append(data)
            if self._checksum_hash:
                self._checksum_hash.update(data)
        self._etag = self.s3_object.etag = self._digest.hexdigest()
        self._finish()
        return self.size

    def append(self, part: S3StoredObject) -> int:
        """Add a part's bytes at the end; returns how many they were."""
        self._require_writing()
        before = self.size
        self._file.seek(before)
        while data := part.read(S3_CHUNK_SIZE):
            self._append(data)
        self._finish()
        return self.size - before

    def truncate(self, size: int | None = None) -> int:
        """Empty the content (the only way LocalStack truncates)."""
        self._require_writing()
        self._start_over()
        return self._file.truncate(size or 0)

    def read(self, s: int = -1) -> bytes:
        """The next `s` bytes, all that is left for -1."""
        if s is None or s < 0:
            return self._file.read()
        # An unbuffered read may return less than asked before the end, which callers accept.
        return self._file.read(s) or b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the reading position; returns it, counted from the start."""
        return self._file.seek(offset, whence)

    def close(self) -> None:
        """Release the file; a finished write gets its lasting name here."""
        if self.closed:
            return
        self._file.close()
        self.closed = True
        if self._mode == "w":
            partial = self._path.with_suffix(PARTIAL)
            if self._written:
                partial.replace(self._path)
            else:
                partial.unlink(missing_ok=True)

    @property
    def last_modified(self) -> int:
        """Nanoseconds; another value means other content."""
        return self.s3_object.internal_last_modified

    @property
    def checksum(self) -> str | None:
        """The checksum in Base64 for the object's algorithm, None where it has none."""
        if not self.s3_object.checksum_algorithm:
            return None
        if not self._checksum:
            if not self._checksum_hash:
                self._checksum_hash = get_s3_checksum(self.s3_object.checksum_algorithm)
                for data in self._from_start():
                    self._checksum_hash.update(data)
            self._checksum = base64.b64encode(self._checksum_hash.digest()).decode()
        return self._checksum

    @property
    def etag(self) -> str:
        """The MD5 of the content in hex."""
        if not self._etag:
            digest = hashlib.md5(usedforsecurity=False)
            for data in self._from_start():
                digest.update(data)
            self._etag = digest.hexdigest()
        return self._etag

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(S3_CHUNK_SIZE):
            yield data

    def _from_start(self) -> Iterator[bytes]:
        position = self._file.tell()
        self._file.seek(0)
        yield from self
        self._file.seek(position)

    def _require_writing(self) -> None:
        if self._mode != "w":
            raise UnsupportedOperation("S3 object is not in write mode")

    def _start_over(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._digest = hashlib.md5(usedforsecurity=False)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._digest.update(data)
        self.size += len(data)

    def _finish(self) -> None:
        self._written = True
        self._file.seek(0)
        self.s3_object.size = self.size
        self.s3_object.internal_last_modified = time.time_ns()
        setattr(self.s3_object, FILE_ATTRIBUTE, self._path.name)


class DiskStoredMultipart(S3StoredMultipart):
    """The parts of an upload; each part remembers its own file."""

    def open(self, s3_part: S3Part, mode: Literal["r", "w"] = "r") -> DiskStoredObject:
        """Open a part for writing or reading."""
        return DiskStoredObject(s3_part, self._s3_store.folder(self.bucket), mode)

    def remove_part(self, s3_part: S3Part) -> None:
        """Forget a part; its file is swept."""

    def complete_multipart(self, parts: list[S3Part]) -> None:
        """Join the parts, in the order given, into the upload's object."""
        with self._s3_store.open(self.bucket, self.s3_multipart.object, mode="w") as whole:
            whole.truncate()
            for s3_part in parts:
                with self.open(s3_part) as part:
                    whole.append(part)

    def close(self) -> None:
        """Nothing is held open."""

    def copy_from_object(
        self,
        s3_part: S3Part,
        src_bucket: BucketName,
        src_s3_object: S3Object,
        range_data: ObjectRange | None,
    ) -> None:
        """Fill a part from (a range of) an object."""
        with (
            self._s3_store.open(src_bucket, src_s3_object) as source,
            self.open(s3_part, mode="w") as part,
        ):
            part.write(LimitedStream(source, range_data=range_data) if range_data else source)
            if s3_part.checksum_algorithm:
                s3_part.checksum_value = part.checksum


class DiskObjectStore(S3ObjectStore):
    """LocalStack's storage interface over one folder per bucket."""

    def __init__(self, root_directory: Path) -> None:
        self.root_directory = str(root_directory)

    def folder(self, bucket: BucketName) -> Path:
        """The folder of a bucket's files; bucket names are safe as names of folders."""
        return Path(self.root_directory) / bucket

    def open(
        self, bucket: BucketName, s3_object: S3Object, mode: Literal["r", "w"] = "r"
    ) -> DiskStoredObject:
        """Open an object's data."""
        return DiskStoredObject(s3_object, self.folder(bucket), mode)

    def remove(self, bucket: BucketName, s3_object: S3Object | list[S3Object]) -> None:
        """Forget data; the files are swept once the saved state does not mention them."""

    def copy(
        self,
        src_bucket: BucketName,
        src_object: S3Object,
        dest_bucket: BucketName,
        dest_object: S3Object,
    ) -> DiskStoredObject:
        """Copy the data; a copy onto itself shares the file, which never changes."""
        if should_copy_in_place(src_bucket, src_object, dest_bucket, dest_object):
            setattr(dest_object, FILE_ATTRIBUTE, getattr(src_object, FILE_ATTRIBUTE))
            dest_object.internal_last_modified = time.time_ns()
            return self.open(dest_bucket, dest_object)
        copied = self.open(dest_bucket, dest_object, mode="w")
        with self.open(src_bucket, src_object) as source:
            copied.write(source)
        return copied

    def get_multipart(self, bucket: BucketName, s3_multipart: S3Multipart) -> DiskStoredMultipart:
        """The stored side of an upload."""
        return DiskStoredMultipart(self, bucket, s3_multipart)

    def remove_multipart(self, bucket: BucketName, s3_multipart: S3Multipart) -> None:
        """Forget an upload; its parts are swept."""

    def sweep(self, live: Iterable[str], *, age: float = YOUNGEST_SWEPT_SECONDS) -> int:
        """Delete files that `live` does not name and that are older than `age` seconds; returns how many.

        Call it only after the state that `live` was taken from has been saved.
        """
        names = set(live)
        oldest = time.time() - age
        swept = 0
        for entry in Path(self.root_directory).glob("*/*"):
            try:
                if entry.name not in names and entry.stat().st_mtime <= oldest:
                    entry.unlink()
                    swept += 1
            except FileNotFoundError:
                continue
        for folder in Path(self.root_directory).iterdir():
            try:
                folder.rmdir()
            except OSError:
                continue
        return swept
