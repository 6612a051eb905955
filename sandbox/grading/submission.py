"""Handing in: one zip with the work and a manifest; and taking it in without trusting it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.labs import Lab, folder

MB = 1024 * 1024
MANIFEST = "manifest.json"
SCHEMA = "cloud-sandbox/submission/1"
MOST_FILES = 2_000
MOST_BYTES = 64 * MB
# A zip that grows more than this is a bomb, not homework; small files compress well by nature.
MOST_RATIO, RATIO_FROM = 200, 1 * MB
LONGEST_NAME = 240


class SubmissionError(Exception):
    """What was handed in cannot be taken in; the message says why."""


class Manifest(BaseModel):
    """`manifest.json` of a submission. It says what the student's machine says; nothing of it is proof."""

    model_config = ConfigDict(extra="ignore")

    schema_version: str
    lab: int
    student: str
    created_at: str = ""
    versions: dict[str, str] = {}
    files: dict[str, str] = {}


@dataclass(frozen=True)
class Submission:
    """A submission that was taken in: its files in `work`, who it is from, its SHA-256."""

    name: str
    student: str
    sha256: str
    work: Path
    notes: tuple[str, ...] = ()


def pack(lab: Lab, work: Path, student: str, target: Path) -> Manifest:
    """Write the zip `target` from the files in `work`; the manifest that is in it.

    Leaves out what the sandbox writes itself. Raises SubmissionError for links and for too much.
    """
    files = _files(work)
    manifest = Manifest(
        schema_version=SCHEMA,
        lab=lab.id,
        student=student,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"sandbox": version("cloud-sandbox"), "lab_format": str(lab.format)},
        files={name: _sha256(path) for name, path in files.items()},
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=2) + "\n")
        for name, path in files.items():
            archive.write(path, name)
    partial.replace(target)
    return manifest


def take_in(source: Path, lab: Lab, target: Path, *, student: str | None = None) -> Submission:
    """Copy the folder or zip `source` into the empty folder `target`.

    `student` wins over the manifest's name. Raises SubmissionError with the reason: not a zip, a path
    that leaves it, a link or special file, two files of one name, too many or too large files, another
    lab's work, no solve.sh.
    """
    target.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() or not source.exists():
        raise SubmissionError(f"There is no submission at {source}.")
    if source.is_dir():
        _copy_folder(source, target)
    else:
        _unzip(source, target)
    root = _root_of(target)
    manifest, notes = _manifest(root, lab)
    digest = digest_of(root)
    if not (root / "solve.sh").is_file():
        raise SubmissionError("It has no solve.sh: there is nothing to replay.")
    name = source.stem if source.is_file() else source.name
    return Submission(
        name=name,
        student=student or (manifest.student if manifest else name),
        sha256=digest,
        work=root,
        notes=tuple(notes),
    )


def digest_of(work: Path) -> str:
    """SHA-256 over names and contents of the files that are the student's."""
    digest = hashlib.sha256()
    for name, path in sorted(_files(work, strict=False).items()):
        digest.update(f"{name}\0{_sha256(path)}\n".encode())
    return digest.hexdigest()


def _files(work: Path, *, strict: bool = True) -> dict[str, Path]:
    found: dict[str, Path] = {}
    total = 0
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work).as_posix()
        if "__pycache__" in path.parts or name in (*folder.OURS, MANIFEST) or name.endswith(".zip"):
            continue
        if path.is_symlink():
            if strict:
                raise SubmissionError(f"{name} is a link; put the file itself there.")
            continue
        if not path.is_file():
            continue
        found[name] = path
        total += path.stat().st_size
        if len(found) > MOST_FILES or total > MOST_BYTES:
            raise SubmissionError(
                f"The work is too large: at most {MOST_FILES} files and {MOST_BYTES // MB} MB."
            )
    return found


def _copy_folder(source: Path, target: Path) -> None:
    count = total = 0
    for here, folders, names in os.walk(source, followlinks=False):
        for name in [*folders, *names]:
            path = Path(here, name)
            kind = path.lstat().st_mode
            if stat.S_ISLNK(kind):
                raise SubmissionError(f"It holds a link: {path.relative_to(source)}")
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise SubmissionError(f"It holds a special file: {path.relative_to(source)}")
        folders[:] = [name for name in folders if name not in ("__pycache__", ".git")]
        for name in names:
            path = Path(here, name)
            count, total = count + 1, total + path.stat().st_size
            _require_size(count, total)
            to = target / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


def _unzip(source: Path, target: Path) -> None:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise SubmissionError(f"It is not a zip file: {error}") from None
    with archive:
        entries = archive.infolist()
        _require_size(len(entries), sum(entry.file_size for entry in entries))
        seen: set[str] = set()
        for entry in entries:
            _require_harmless(entry, seen)
        total = 0
        for entry in entries:
            to = target / entry.filename
            if entry.is_dir():
                to.mkdir(parents=True, exist_ok=True)
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            try:
                with archive.open(entry) as content, to.open("wb") as copy:
                    while data := content.read(65536):
                        # What the directory of the zip says may be a lie.
                        total += len(data)
                        _require_size(0, total)
                        copy.write(data)
            except (
                zipfile.BadZipFile,
                RuntimeError,
                NotImplementedError,
                EOFError,
                OSError,
            ) as error:
                raise SubmissionError(f"{entry.filename} cannot be unpacked: {error}") from None


def _require_harmless(entry: zipfile.ZipInfo, seen: set[str]) -> None:
    name = entry.filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise SubmissionError(f"A path leaves the zip: {name!r}")
    if not name.strip("/") or len(name) > LONGEST_NAME:
        raise SubmissionError(f"A name is empty or too long: {name[:60]!r}")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise SubmissionError(f"It holds a link: {name}")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise SubmissionError(f"It holds a special file: {name}")
    # Names that are one name on some file systems are two answers to one question.
    plain = name.rstrip("/").casefold()
    if plain in seen:
        raise SubmissionError(f"Two files have the same name: {name}")
    seen.add(plain)
    if entry.file_size > RATIO_FROM and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise SubmissionError(f"{name} grows too much when it is unpacked (a zip bomb).")


def _require_size(count: int, total: int) -> None:
    if count > MOST_FILES:
        raise SubmissionError(f"It holds more than {MOST_FILES} files.")
    if total > MOST_BYTES:
        raise SubmissionError(f"It is larger than {MOST_BYTES // MB} MB when it is unpacked.")


def _root_of(target: Path) -> Path:
    """Where solve.sh is: at the top, or in the only folder there (as zips of a folder have it)."""
    if (target / "solve.sh").exists() or (target / MANIFEST).exists():
        return target
    inner = [path for path in target.iterdir() if path.name != "__MACOSX"]
    if len(inner) == 1 and inner[0].is_dir():
        return inner[0]
    return target


def _manifest(root: Path, lab: Lab) -> tuple[Manifest | None, list[str]]:
    file = root / MANIFEST
    if not file.is_file():
        return None, ["It has no manifest; the name of the folder or file stands for the student."]
    try:
        manifest = Manifest.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, ValidationError, RecursionError):
        raise SubmissionError("Its manifest.json cannot be read.") from None
    if manifest.schema_version != SCHEMA:
        raise SubmissionError(f"Its manifest has the format {manifest.schema_version[:60]!r}.")
    if manifest.lab != lab.id:
        raise SubmissionError(f"It is work of lab {manifest.lab}, not of lab {lab.id}.")
    changed = sorted(
        name
        for name, sha256 in manifest.files.items()
        if not (root / name).is_file() or ".." in name or _sha256(root / name) != sha256
    )
    file.unlink()
    notes = [f"Changed after it was packed: {', '.join(changed[:10])}"] if changed else []
    return manifest, notes


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
