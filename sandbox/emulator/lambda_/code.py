"""Function code and layers: archives in the world's folder, unpacked where runtimes find them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import shutil
import stat
import threading
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.services.lambda_.invocation.lambda_models import ArchiveCode

from sandbox.emulator import world
from sandbox.emulator.state import saver

MOST_UNZIPPED_BYTES = 250 * 1024 * 1024
NOT_A_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
_locks: dict[str, threading.Lock] = {}
_doomed: list[Path] = []
_doomed_lock = threading.Lock()


@dataclass(frozen=True)
class StoredCode(ArchiveCode):
    """An archive of the world; `id` names its file, `key` opens its download."""

    id: str
    code_sha256: str
    code_size: int
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def archive(self) -> Path:
        """The zip file."""
        return world.directory("lambda", "code") / f"{self.id}.zip"

    def generate_presigned_url(self, endpoint_url: str) -> str:
        """Where `GetFunction` and `GetLayerVersion` let the archive be fetched."""
        port = os.environ.get("GATEWAY_LISTEN", ":4566").rpartition(":")[2]
        return f"http://localhost:{port}/_sandbox/lambda/code?id={self.id}&key={self.key}"

    def is_hot_reloading(self) -> bool:
        """False: the archive is a copy."""
        return False

    def get_unzipped_code_location(self) -> Path:
        """The folder with the files, made by `prepare_for_execution`."""
        return world.run_directory("tmp", "lambda", "code") / self.id

    def prepare_for_execution(self) -> None:
        """Unpack unless that was done."""
        target = self.get_unzipped_code_location()
        if target.exists():
            return
        with _locks.setdefault(self.id, threading.Lock()):
            if target.exists():
                return
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            partial.chmod(0o755)
            unpack(self.archive.read_bytes(), partial)
            partial.rename(target)

    def destroy_cached(self) -> None:
        """Remove the unpacked files."""
        shutil.rmtree(self.get_unzipped_code_location(), ignore_errors=True)

    def destroy(self) -> None:
        """Remove the unpacked files and the archive."""
        self.destroy_cached()
        # Not before the saved state stops mentioning it: after a power cut the function would be there
        # without its code.
        with _doomed_lock:
            if not _doomed:
                saver.mark("lambda")
            _doomed.append(self.archive)


def remove_destroyed() -> None:
    """Remove the archives that the state which was just saved does not mention any more."""
    with _doomed_lock:
        over, _doomed[:] = list(_doomed), []
    for archive in over:
        archive.unlink(missing_ok=True)


def store(archive_file: bytes, *_: Any, **__: Any) -> StoredCode:
    """Keep an archive; raises InvalidParameterValueException for what is none or unpacks to too much.

    Takes the place of upstream's `store_lambda_archive`, which needs an internal S3 bucket.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive_file)) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise zipfile.BadZipFile
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise InvalidParameterValueException(NOT_A_ZIP, Type="User") from None
    if not entries:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip", Type="User")
    if sum(entry.file_size for entry in entries) >= MOST_UNZIPPED_BYTES:
        raise InvalidParameterValueException(
            f"Unzipped size must be smaller than {MOST_UNZIPPED_BYTES} bytes", Type="User"
        )
    digest = base64.b64encode(hashlib.sha256(archive_file).digest()).decode()
    made = StoredCode(uuid.uuid4().hex, digest, len(archive_file))
    partial = made.archive.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(archive_file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(made.archive)
    try:
        made.prepare_for_execution()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        made.destroy()
        raise InvalidParameterValueException(NOT_A_ZIP, Type="User") from None
    return made


def unpack(content: bytes, target: Path) -> None:
    """Unpack a zip with its file modes; entries that lead outside `target` are left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts:
                continue
            place = target / path
            mode = entry.external_attr >> 16
            if entry.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                link = archive.read(entry).decode(errors="replace")
                if not link.startswith("/") and ".." not in PurePosixPath(link).parts:
                    place.symlink_to(link)
                continue
            with archive.open(entry) as source, place.open("wb") as file:
                shutil.copyfileobj(source, file)
            place.chmod((mode & 0o777) | 0o444 if mode else 0o644)


def unpacked(stored: Any) -> Path:
    """The folder with a function's files."""
    stored.prepare_for_execution()
    return stored.get_unzipped_code_location()


def merged_layers(layers: list[Any]) -> Path | None:
    """One folder with the layers' files, later layers over earlier ones; None without layers."""
    if not layers:
        return None
    name = hashlib.sha256("\n".join(layer.layer_version_arn for layer in layers).encode())
    target = world.run_directory("tmp", "lambda", "layers") / name.hexdigest()[:32]
    with _locks.setdefault(target.name, threading.Lock()):
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            partial.chmod(0o755)
            for layer in layers:
                shutil.copytree(unpacked(layer.code), partial, symlinks=True, dirs_exist_ok=True)
            partial.rename(target)
    return target
