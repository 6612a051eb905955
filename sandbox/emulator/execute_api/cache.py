"""Results that are kept for some seconds of the sandbox clock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from sandbox.emulator import clock


class TimedCache:
    """A mapping whose entries end; the oldest go first when it is full."""

    def __init__(self, most: int = 10_000) -> None:
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The entry, None when there is none that still counts."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            if clock.time() >= found[0]:
                del self._entries[key]
                return None
            return found[1]

    def put(self, key: Hashable, value: Any, seconds: float) -> None:
        """Keep an entry for `seconds`."""
        with self._lock:
            self._entries[key] = (clock.time() + seconds, value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def flush(self, prefix: tuple) -> None:
        """Forget every entry whose key, a tuple, begins with `prefix`."""
        with self._lock:
            for key in [
                k for k in self._entries if isinstance(k, tuple) and k[: len(prefix)] == prefix
            ]:
                del self._entries[key]
