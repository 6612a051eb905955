"""Timing: medians and spread, one client or several."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table: `value` is the median (or the only value) in `unit`."""

    group: str
    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    runs: int = 1
    note: str = ""


def repeat(group: str, name: str, call: Callable[[], object], runs: int, note: str = "") -> Figure:
    """Median, 10th and 90th percentile of `runs` calls in milliseconds, after three for warming up."""
    for _ in range(3):
        call()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    return spread(group, name, times, "ms", note)


def spread(group: str, name: str, values: list[float], unit: str, note: str = "") -> Figure:
    """A figure from single measurements."""
    ordered = sorted(values)
    tenth = ordered[int(0.1 * (len(ordered) - 1))]
    ninetieth = ordered[int(0.9 * (len(ordered) - 1))]
    return Figure(
        group, name, statistics.median(ordered), unit, tenth, ninetieth, len(ordered), note
    )


def rate(
    group: str,
    name: str,
    make_call: Callable[[], Callable[[], object]],
    clients: int,
    seconds: float,
    note: str = "",
) -> Figure:
    """Calls per second of `clients` threads, each with a client of its own from `make_call`."""
    calls = [make_call() for _ in range(clients)]
    for call in calls:
        call()
    counts = [0] * clients
    stop = time.perf_counter() + seconds

    def work(index: int) -> None:
        call = calls[index]
        while time.perf_counter() < stop:
            call()
            counts[index] += 1

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Figure(
        group, name, sum(counts) / (time.perf_counter() - begun), "/s", runs=sum(counts), note=note
    )
