"""Watching a run from outside: its time, its output, its memory; and ending all of it."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Callable
from typing import IO

from sandbox.grading.isolation.job import Ended, Limits

LOOK_EVERY = 0.1


def watch(
    output: IO[bytes],
    limits: Limits,
    over: Callable[[], bool],
    memory: Callable[[], int] | None,
    wake: int | None = None,
    beyond: Callable[[], Ended | None] | None = None,
) -> tuple[Ended, bytes]:
    """Read the output until `over()` says so or a limit is exceeded.

    `memory` answers the bytes in use, where nothing else limits them. `wake` is a descriptor that
    becomes readable when `over` should be asked. `beyond` is asked each second for a limit that is
    exceeded elsewhere. The output is kept up to its limit.
    """
    deadline = time.monotonic() + limits.seconds
    kept, next_look = bytearray(), time.monotonic() + 1
    os.set_blocking(output.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        if wake is not None:
            selector.register(wake, selectors.EVENT_READ)
        open_output = True
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return "time", bytes(kept)
            selector.select(min(remaining, LOOK_EVERY))
            if open_output:
                state = _read(output, kept, limits.output_bytes)
                if state == "full":
                    return "output", bytes(kept)
                if state == "closed":
                    open_output = False
                    selector.unregister(output)
            if over():
                if open_output:
                    _read(output, kept, limits.output_bytes)
                return "finished", bytes(kept)
            if beyond is not None and time.monotonic() > next_look:
                next_look = time.monotonic() + 1
                if exceeded := beyond():
                    return exceeded, bytes(kept)
            if memory is not None and memory() > limits.memory_bytes:
                return "memory", bytes(kept)


def _read(output: IO[bytes], kept: bytearray, most: int) -> str:
    while True:
        try:
            data = os.read(output.fileno(), 65536)
        except BlockingIOError:
            return "open"
        if not data:
            return "closed"
        kept += data[: max(0, most - len(kept))]
        if len(data) and len(kept) >= most:
            return "full"


def descendants(pid: int) -> list:
    """All processes below `pid`."""
    import psutil

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def memory_below(pid: int) -> int:
    """Bytes in use by the processes below `pid`."""
    import psutil

    total = 0
    for process in descendants(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def kill_below(pid: int) -> None:
    """Kill all processes below `pid`, those that are started meanwhile included."""
    import psutil

    for _ in range(20):
        found = descendants(pid)
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=0.5)
