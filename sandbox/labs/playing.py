"""Playing a solution scene by scene in one shell, in a folder and a world of its own."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.labs.solve_script import Scene

SECONDS_PER_SCENE = 120.0


@dataclass
class Played:
    """What a scene printed, its exit code (None when the shell itself ended), and files it changed."""

    output: str
    code: int | None
    seconds: float
    new_files: list[str]
    changed_files: list[str]


class Shell:
    """One bash in which scenes run one after the other, so that variables and folders stay."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._end = f"<<end of scene {os.getpid()}>>"
        # The prepared aws makes thirty calls take seconds instead of half a minute.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stack.aws_server", "bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def play(self, scene: Scene, hear: Callable[[str], None] | None = None) -> Played:
        """Run a scene and wait for its end; `hear` gets the output line by line as it comes."""
        assert self._process.stdin is not None
        before, begun = self._files(), time.monotonic()
        script = f"eval {shlex.quote(scene.code)} </dev/null\n"
        script += f'printf "\\n%s %s\\n" {shlex.quote(self._end)} $?\n'
        try:
            self._process.stdin.write(script.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            return Played("", None, 0.0, [], [])
        lines, code = [], None
        for line in self._lines(begun + SECONDS_PER_SCENE):
            if line.startswith(self._end):
                code = int(line.rpartition(" ")[2])
                break
            lines.append(line)
            if hear is not None:
                hear(line)
        if lines and not lines[-1]:
            lines.pop()
        after = self._files()
        return Played(
            "\n".join(lines),
            code,
            time.monotonic() - begun,
            sorted(after.keys() - before.keys()),
            sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        )

    def _lines(self, deadline: float) -> Iterator[str]:
        assert self._process.stdout is not None
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if not selector.select(0.5):
                    continue
                data = self._process.stdout.read()
                if data is None:
                    continue
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    # A progress meter overwrites its line; only what it ends with is shown.
                    text = line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
                    yield text.expandtabs(4)
        if rest:
            yield rest.decode(errors="replace")

    def _files(self) -> dict[str, tuple[int, int]]:
        return {
            str(path.relative_to(self.folder)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def close(self) -> None:
        """End the shell."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
