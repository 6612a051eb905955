"""What a runtime printed, cut into log events.

Standard output and error are lines; AWS's runtime clients also write frames (a type, a length, a time, a
message), so that a message of several lines stays one event. Both share a pipe and therefore keep their
order.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

FRAME = b"\xa5\x5a\x00"
HEADER = 16
# A line without an end is cut here, as on AWS.
LONGEST_EVENT = 256 * 1024


class Event(NamedTuple):
    """One log event: milliseconds since the epoch, and its text."""

    timestamp: int
    message: str


class Output:
    """Collects bytes and gives them back as events."""

    def __init__(self) -> None:
        self._rest = b""
        self._events: list[Event] = []

    def feed(self, data: bytes) -> None:
        """Add what was read from the pipe."""
        rest = self._rest + data
        now = int(time.time() * 1000)
        while rest:
            if rest.startswith(FRAME[: len(rest)]):
                if len(rest) < HEADER:
                    break
                length = int.from_bytes(rest[4:8], "big")
                if len(rest) < HEADER + length:
                    break
                moment = int.from_bytes(rest[8:16], "big") // 1000
                self._add(moment, rest[HEADER : HEADER + length])
                rest = rest[HEADER + length :]
                continue
            line_end, frame = rest.find(b"\n"), rest.find(FRAME)
            if frame >= 0 and (line_end < 0 or frame < line_end):
                # A print without a newline before a framed message.
                self._add(now, rest[:frame])
                rest = rest[frame:]
            elif line_end >= 0:
                self._add(now, rest[: line_end + 1])
                rest = rest[line_end + 1 :]
            elif len(rest) > LONGEST_EVENT:
                self._add(now, rest[:LONGEST_EVENT])
                rest = rest[LONGEST_EVENT:]
            else:
                break
        self._rest = rest

    def take(self) -> list[Event]:
        """The events so far, an unfinished last line included."""
        if self._rest:
            self._add(int(time.time() * 1000), self._rest)
            self._rest = b""
        events, self._events = self._events, []
        return events

    def _add(self, timestamp: int, message: bytes) -> None:
        text = message.decode("utf-8", "replace")
        if self._events:
            # Frames carry their own time, lines the time of reading: what came first stays first.
            timestamp = max(timestamp, self._events[-1].timestamp)
        if text.strip("\n"):
            self._events.append(Event(timestamp, text if text.endswith("\n") else text + "\n"))


def text_of(events: Iterable[Event]) -> str:
    """The events as one text, for `LogType=Tail`."""
    return "".join(event.message for event in events)
