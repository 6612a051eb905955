"""Folders: the checkout, the state folder (`SANDBOX_HOME`), the student's work.

Nothing outside these folders is ever written; `~/.aws` is never read or touched.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from sandbox.stack.errors import StackError

CHECKOUT = Path(__file__).resolve().parents[2]
WORLD_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# What a lab writes at most before its reader would notice: a full disk damages work, so ask before.
LEAST_FREE_BYTES = 200 * 1024 * 1024


def home() -> Path:
    """The state folder: `SANDBOX_HOME`, or `.sandbox/` in the checkout."""
    return Path(os.environ.get("SANDBOX_HOME") or CHECKOUT / ".sandbox").expanduser().absolute()


def work() -> Path:
    """Where the students' files of each lab are: `SANDBOX_WORK`, or `work/` in the checkout."""
    return Path(os.environ.get("SANDBOX_WORK") or CHECKOUT / "work").expanduser().absolute()


def world(name: str, root: Path | None = None) -> Path:
    """The folder of world `name`; raises StackError for a name that is not `[a-z0-9._-]`."""
    if not WORLD_NAME.fullmatch(name):
        raise StackError(
            f"{name!r} is not a name for a world.",
            "Use lower-case letters, digits, '-', '_' and '.', for instance lab-01.",
        )
    return (root or home()) / "worlds" / name


def run(port: int, root: Path | None = None) -> Path:
    """The folder of the sandbox that listens on `port`: its record, log and temporary files."""
    return (root or home()) / "run" / str(port)


def require_space(folder: Path) -> None:
    """Make `folder`; raise StackError where it cannot be written or the disk is nearly full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise StackError(
            f"{folder} cannot be written: {error.strerror}.",
            "Free some space, or put the sandbox elsewhere: SANDBOX_HOME=/another/folder",
        ) from None
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"Only {free // 2**20} MB are free below {folder}; the sandbox wants 200 MB.",
            "Free some space, or put the sandbox elsewhere: SANDBOX_HOME=/another/folder",
        )
