"""Which sandbox time a client meant by a date from its own clock.

Clients sign with the machine's clock. After the sandbox clock was advanced, a date from before the advance
is long past, and one from after it is now: so the advances are remembered.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

from sandbox.emulator import clock, world

_lock = threading.Lock()
_steps: list[list[float]] | None = None
# Signature of a presigned request -> the clock's offset when it was first used.
_first_seen: dict[str, float] = {}
MOST_SEEN = 1000


def _file() -> Path:
    return world.directory("access") / "clock-steps.json"


def _load() -> list[list[float]]:
    """Pairs of machine time and the offset from then on, oldest first."""
    global _steps
    if _steps is None:
        with _lock:
            if _steps is None:
                try:
                    _steps = json.loads(_file().read_text())
                except (OSError, ValueError):
                    _steps = [[0.0, clock.offset().total_seconds()]]
                clock.on_advance(_remember)
    return _steps


def _remember() -> None:
    offset = clock.offset().total_seconds()
    with _lock:
        assert _steps is not None
        _steps.append([clock.time() - offset, offset])
        partial = _file().with_suffix(".tmp")
        partial.write_text(json.dumps(_steps))
        partial.replace(_file())


def machine_time() -> float:
    """The machine's own time, which clients sign with."""
    return clock.time() - clock.offset().total_seconds()


def to_sandbox(machine: float, signature: str = "") -> float:
    """The sandbox time at which a client's clock showed `machine` (both seconds since the epoch).

    Dates in signatures are whole seconds, so one from the second of an advance may be from before it.
    With a `signature` the doubt ends when the URL was used before: it was certainly made by then.
    """
    steps = _load()
    offset = steps[0][1]
    for since, then in reversed(steps):
        if machine >= int(since):
            offset = then
            break
    if signature:
        seen = _first_seen.setdefault(signature, clock.offset().total_seconds())
        offset = min(offset, seen)
        while len(_first_seen) > MOST_SEEN:
            _first_seen.pop(next(iter(_first_seen)), None)
    return machine + offset


def start() -> None:
    """Begin to remember; called when the gateway is made."""
    _load()
