"""A log group does not grow for ever."""

from __future__ import annotations

from types import SimpleNamespace

from sandbox.emulator.lambda_ import logs


def group(*sizes: int) -> SimpleNamespace:
    streams = {
        str(number): SimpleNamespace(creation_time=number, events=list(range(size)))
        for number, size in enumerate(sizes)
    }
    return SimpleNamespace(streams=streams)


def left(found: SimpleNamespace) -> list[int]:
    return [len(stream.events) for stream in found.streams.values()]


def test_few_events_stay():
    found = group(10, 20)
    logs.trim(found)
    assert left(found) == [10, 20]


def test_the_oldest_go_first():
    found = group(1_000, 30_000, 40_000)
    logs.trim(found)
    assert left(found) == [0, 5_000, 40_000]
    assert found.streams["1"].events[0] == 25_000
