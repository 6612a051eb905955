"""Single keys from a terminal, where the system has that; elsewhere whole lines."""

from __future__ import annotations

import contextlib
import os
import select
import sys


class Keys:
    """Reads keys without waiting for Enter; the terminal is as before afterwards."""

    def __enter__(self) -> Keys:
        self._saved = None
        if not sys.stdin.isatty():
            return self
        with contextlib.suppress(ImportError):
            import termios
            import tty

            self._saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, *_: object) -> None:
        if self._saved is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    def wait(self, seconds: float | None = None) -> str | None:
        """The next key, or None when none comes within `seconds`."""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        if not readable:
            return None
        if self._saved is None:
            return sys.stdin.readline()[:1]
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace") or "q"
