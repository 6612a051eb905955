"""The sandbox clock: real time plus an offset that a teacher or student can advance.

Everything that waits for days on AWS (lifecycle rules, Glacier restores, TTL, token and URL expiry)
asks this module instead of `time.time()`. The offset is part of the world and is saved with it.
"""

from __future__ import annotations

import json
import threading
import time as _time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset = 0.0
_file: Path | None = None
_lock = threading.Lock()
_listeners: list[Callable[[], object]] = []


def open_file(path: Path) -> None:
    """Load the offset kept in `path` (JSON: `{"offset_seconds": float}`) and save later moves there."""
    global _file, _offset
    _file = path
    if path.exists():
        _offset = float(json.loads(path.read_text())["offset_seconds"])


def time() -> float:
    """Seconds since the epoch, as the sandbox sees them."""
    return _time.time() + _offset


def now() -> datetime:
    """The sandbox's present moment, an aware datetime in UTC."""
    return datetime.fromtimestamp(time(), UTC)


def offset() -> timedelta:
    """How far the sandbox is ahead of the machine's clock."""
    return timedelta(seconds=_offset)


def advance(delta: timedelta) -> datetime:
    """Move the clock forward and tell the listeners; returns the new moment.

    Raises ValueError for a negative step: time in a sandbox, as on AWS, does not run backwards.
    """
    global _offset
    if delta < timedelta(0):
        raise ValueError("The sandbox clock only moves forward.")
    with _lock:
        _offset += delta.total_seconds()
        if _file is not None:
            partial = _file.with_suffix(".tmp")
            partial.write_text(json.dumps({"offset_seconds": _offset}))
            partial.replace(_file)
    for listener in list(_listeners):
        listener()
    return now()


def on_advance(listener: Callable[[], object]) -> None:
    """Call `listener` (no arguments) after every move, in the thread that moved the clock."""
    _listeners.append(listener)
