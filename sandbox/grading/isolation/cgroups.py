"""Limits of memory and processes for a whole group, where the system lets us make one."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


class ControlGroup:
    """One control group (v2, or the v1 hierarchies `memory` and `pids`)."""

    def __init__(self, memory_bytes: int, processes: int) -> None:
        """Make it; raises OSError where that is not allowed or not possible."""
        name = f"sandbox-{os.getpid()}-{secrets.token_hex(4)}"
        self.folders: list[Path] = []
        try:
            if (MOUNT / "cgroup.controllers").exists():
                self._make_v2(name, memory_bytes, processes)
            else:
                self._make_v1(name, memory_bytes, processes)
        except OSError:
            self.remove()
            raise

    def _make_v2(self, name: str, memory_bytes: int, processes: int) -> None:
        folder = MOUNT / name
        folder.mkdir()
        self.folders.append(folder)
        (folder / "memory.max").write_text(str(memory_bytes))
        (folder / "pids.max").write_text(str(processes))
        with contextlib.suppress(OSError):
            (folder / "memory.swap.max").write_text("0")

    def _make_v1(self, name: str, memory_bytes: int, processes: int) -> None:
        for controller, file, value in (
            ("memory", "memory.limit_in_bytes", memory_bytes),
            ("pids", "pids.max", processes),
        ):
            folder = MOUNT / controller / name
            folder.mkdir()
            self.folders.append(folder)
            (folder / file).write_text(str(value))

    def add(self, pid: int) -> None:
        """Put a process into it; its children follow."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def exceeded(self) -> str | None:
        """`memory` or `processes` when that limit was met, else nothing."""
        for folder in self.folders:
            for file, key, what in (
                ("memory.events", "oom_kill", "memory"),
                ("memory.oom_control", "oom_kill", "memory"),
                ("pids.events", "max", "processes"),
            ):
                with contextlib.suppress(OSError, ValueError):
                    lines = (folder / file).read_text().splitlines()
                    found = dict(line.split() for line in lines)
                    if int(found.get(key, 0)) > 0:
                        return what
        return None

    def remove(self) -> None:
        """Remove it; waits a moment for its last processes to be gone."""
        for folder in self.folders:
            deadline = time.monotonic() + 2
            while folder.exists() and time.monotonic() < deadline:
                try:
                    folder.rmdir()
                except OSError:
                    time.sleep(0.01)
