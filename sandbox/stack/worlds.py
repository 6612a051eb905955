"""The worlds of a state folder: list, measure, remember the last one, delete."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox.stack import instance, paths
from sandbox.stack.errors import StackError


@dataclass(frozen=True)
class World:
    """A saved world."""

    name: str
    directory: Path
    bytes: int
    services: tuple[str, ...]


def all_worlds(root: Path | None = None) -> list[World]:
    """Every world of the state folder, by name."""
    found = []
    for folder in sorted(((root or paths.home()) / "worlds").glob("*")):
        if not folder.is_dir():
            continue
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        services = {path.stem for path in (folder / "state").glob("*.state")}
        if any((folder / "dynamodb").glob("*.sqlite")):
            services.add("dynamodb")
        found.append(World(folder.name, folder, size, tuple(sorted(services))))
    return found


def remember(name: str, root: Path | None = None) -> None:
    """Make `sandbox up` without a world open this one next time."""
    folder = root or paths.home()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "last-world").write_text(name + "\n")


def last(root: Path | None = None) -> str | None:
    """The world that was opened last, if it still exists."""
    try:
        name = ((root or paths.home()) / "last-world").read_text().strip()
    except OSError:
        return None
    return name if name and paths.world(name, root).exists() else None


def delete(name: str, root: Path | None = None) -> bool:
    """Delete a world's folder, stopping a sandbox that serves it; False when there is none."""
    for running in instance.running(root):
        if running.world == name and not running.ephemeral:
            running.stop()
    folder = paths.world(name, root)
    if not folder.exists():
        return False
    doomed = folder.with_name(f".deleting-{folder.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    try:
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise StackError(
            f"World {name} could not be deleted: {error.strerror}.", f"Delete it by hand: {folder}"
        ) from None
    return True
