"""An answer that is handed over while the function still writes it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from sandbox.emulator.lambda_.environment import Chunk, Outcome


class Stream:
    """Runs an invocation in a thread of its own; iterating gives the answer's pieces.

    `start` waits for the first piece, so that errors before it are raised like any other. `outcome` is
    there when the iteration is over.
    """

    def __init__(self, invoke: Callable[[Chunk], Outcome | None]) -> None:
        self._invoke = invoke
        self._pieces: queue.Queue[bytes | None] = queue.Queue()
        self._begun = threading.Event()
        self._error: Exception | None = None
        self.outcome: Outcome | None = None
        self.content_type = "application/octet-stream"

    @property
    def failed_early(self) -> bool:
        """Whether the function ended with an error before it wrote anything."""
        return bool(
            self.outcome is not None and self.outcome.is_error and self._pieces.qsize() <= 1
        )

    def start(self) -> None:
        """Begin; raises what the invocation raises before its first piece."""
        threading.Thread(target=self._run, name="lambda-stream", daemon=True).start()
        self._begun.wait()
        if self._error is not None:
            raise self._error

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece

    def _run(self) -> None:
        try:
            self.outcome = self._invoke(self._add)
        except Exception as error:
            self._error = error
        finally:
            self._pieces.put(None)
            self._begun.set()

    def _add(self, piece: bytes, headers: dict[str, str]) -> None:
        if not self._begun.is_set():
            self.content_type = headers.get("content-type") or self.content_type
            self._begun.set()
        if piece:
            self._pieces.put(piece)
