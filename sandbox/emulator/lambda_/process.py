"""One runtime process and the conversation with it.

The thread that invokes does the waiting: it polls the channel, the runtime's own connections (those runtimes
that speak the Runtime API over TCP) and the output pipe until there is an answer, the end, or the deadline.
When the answer is there, the pipe is emptied without blocking: the log is complete, and nobody slept for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.emulator.lambda_ import wire
from sandbox.emulator.lambda_.output import Output

GUARD = Path(__file__).parent / "runtime" / "guard.py"
# How often the memory of a running function is looked at.
WATCH_SECONDS = 0.05
CHUNK = 1 << 18


class Ended(Exception):
    """The runtime's process is gone: `code` is its exit code, or minus the signal's number."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(reason or f"exit {code}")
        self.code = code
        self.reason = reason


class TimedOut(Exception):
    """The deadline passed."""


class OutOfMemory(Exception):
    """The function used more memory than it has."""


@dataclass(slots=True)
class Answer:
    """What a runtime said: `kind` is `next`, `response`, `error` or `init_error`."""

    kind: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    streamed: bool = False


class RuntimeProcess:
    """A guard with a runtime below it. Only one thread talks to it at a time; any may call `kill`."""

    def __init__(self, interpreter: str, preload: list[str]) -> None:
        """Start a guard on a Python; it waits for its configuration with its modules loaded."""
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        self.process = subprocess.Popen(
            [interpreter, "-I", "-S", "-B", str(GUARD), *preload],
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            env=_guard_environment(theirs.fileno(), write),
            pass_fds=(theirs.fileno(), write),
            start_new_session=True,
        )
        _join_group(self.process.pid)
        theirs.close()
        os.close(write)
        os.set_blocking(read, False)
        self.pid: int | None = None
        self.output = Output()
        self.peak_kilobytes = 0
        self._channel = ours
        self._pipe = read
        self._listener: socket.socket | None = None
        self._connections: dict[int, tuple[socket.socket | None, wire.Connection]] = {
            ours.fileno(): (ours, wire.Connection())
        }
        self._waiting: int | None = None
        self._code: int | None = None
        self._gone = False
        self._poll = select.poll()
        self._poll.register(ours, select.POLLIN)
        self._poll.register(read, select.POLLIN)
        self._killed = threading.Event()

    def listen(self) -> str:
        """Open the Runtime API on loopback; returns `host:port`."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        self._poll.register(self._listener, select.POLLIN)
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def configure(self, config: dict[str, Any]) -> None:
        """Tell the guard what to start."""
        with contextlib.suppress(OSError):
            self._channel.sendall(json.dumps(config).encode() + b"\n")

    def await_ready(self, seconds: float) -> None:
        """Wait until the runtime asks for an event; raises Ended or TimedOut."""
        if self._waiting is None:
            self.wait(time.monotonic() + seconds)

    def send_event(self, headers: dict[str, str], payload: bytes) -> None:
        """Answer the runtime's `GET next`; raises Ended when nobody waits for it any more."""
        number, self._waiting = self._waiting, None
        found = self._connections.get(number) if number is not None else None
        if found is None or self._gone:
            raise Ended(self._code)
        try:
            found[0].sendall(wire.event_message(headers, payload))  # type: ignore[union-attr]
        except OSError:
            raise Ended(self._code) from None

    def wait(
        self,
        deadline: float | None,
        *,
        memory_kilobytes: int | None = None,
        on_chunk: Callable[[bytes, dict[str, str]], None] | None = None,
    ) -> Answer:
        """The runtime's next word. `deadline` is in `time.monotonic()`.

        A streamed answer goes to `on_chunk(bytes, headers)` piece by piece. Raises TimedOut, Ended, or
        OutOfMemory when the runtime's memory is above `memory_kilobytes`.
        """
        for number, (_, text) in list(self._connections.items()):
            # What came together with the last answer.
            if text.buffer and (answer := self._answer(number, text, on_chunk)) is not None:
                return answer
        next_look = time.monotonic() + WATCH_SECONDS
        while True:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                self.drain()
                raise TimedOut
            pause = next_look - now
            if deadline is not None:
                pause = min(pause, deadline - now)
            ready = self._poll.poll(max(0, pause * 1000))
            if not ready and memory_kilobytes and self.memory() > memory_kilobytes:
                self.drain()
                raise OutOfMemory
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + WATCH_SECONDS
            for number, happened in ready:
                if number == self._pipe:
                    self._read_output(happened)
                elif self._listener is not None and number == self._listener.fileno():
                    self._accept()
                else:
                    answer = self._read(number, on_chunk)
                    if answer is not None:
                        self.drain()
                        return answer
            if self._gone:
                self.drain()
                raise Ended(self._code)

    def pending(self) -> bool:
        """Look without waiting whether the runtime said something or is gone; True when it is gone."""
        for number, happened in self._poll.poll(0):
            if number == self._pipe:
                self._read_output(happened)
            elif number == self._channel.fileno():
                self._read(number, None)
        return self._gone

    def memory(self) -> int:
        """The runtime's resident memory in kilobytes; remembers the highest."""
        used = resident_kilobytes(self.pid)
        if used > self.peak_kilobytes:
            self.peak_kilobytes = used
        return used

    def namespaces(self) -> tuple[int, ...]:
        """Descriptors of the user and mount namespaces that the guard made; none where it made none."""
        found = []
        try:
            for kind in ("user", "mnt"):
                path = Path(f"/proc/{self.process.pid}/ns/{kind}")
                if path.samefile(f"/proc/self/ns/{kind}"):
                    raise OSError
                found.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            for number in found:
                os.close(number)
            return ()
        return tuple(found)

    def drain(self) -> None:
        """Read what is left in the output pipe."""
        while self._pipe >= 0:
            try:
                data = os.read(self._pipe, CHUNK)
            except (BlockingIOError, OSError):
                return
            if not data:
                return
            self.output.feed(data)

    def kill(self) -> None:
        """End the runtime and everything below it; safe from any thread, again and again."""
        self._killed.set()
        with contextlib.suppress(OSError):
            # The guard sees the hang-up and kills; our own end wakes the thread that waits.
            self._channel.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give everything back; the runtime must not be used afterwards."""
        self.kill()
        for connection, _ in list(self._connections.values()):
            with contextlib.suppress(OSError):
                connection.close()  # type: ignore[union-attr]
        if self._listener is not None:
            self._listener.close()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read_output(self, happened: int) -> None:
        try:
            data = os.read(self._pipe, CHUNK)
        except BlockingIOError:
            return
        if data:
            self.output.feed(data)
        else:
            # Nobody can write any more; the end of the runtime itself comes over the channel.
            self._poll.unregister(self._pipe)

    def _accept(self) -> None:
        assert self._listener is not None
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[connection.fileno()] = (connection, wire.Connection())
        self._poll.register(connection, select.POLLIN)

    def _read(self, number: int, on_chunk: Any) -> Answer | None:
        found = self._connections.get(number)
        if found is None:
            return None
        connection, text = found
        try:
            data = connection.recv(CHUNK)  # type: ignore[union-attr]
        except OSError:
            data = b""
        if not data:
            self._poll.unregister(number)
            if number == self._channel.fileno():
                self._gone = True
            else:
                del self._connections[number]
                connection.close()  # type: ignore[union-attr]
            return None
        text.feed(data)
        return self._answer(number, text, on_chunk)

    def _guard_messages(self, text: wire.Connection) -> None:
        while text.buffer.startswith((b"PID ", b"EXIT ", b"FAIL ")):
            line = text.line()
            if line is None:
                return
            word, _, value = line.decode(errors="replace").partition(" ")
            if word == "PID":
                self.pid = int(value)
            elif word == "EXIT":
                self._code, self._gone = int(value), True
            else:
                raise Ended(None, value)

    def _answer(self, number: int, text: wire.Connection, on_chunk: Any) -> Answer | None:
        if number == self._channel.fileno():
            self._guard_messages(text)
        if text.streaming is not None:
            return self._stream(number, text, on_chunk)
        request = text.request()
        if request is None:
            return None
        quiet = number == self._channel.fileno()
        if request.path.endswith("/invocation/next"):
            self._waiting = number
            return Answer("next")
        if text.streaming is not None:
            return self._stream(number, text, on_chunk)
        kind = {"response": "response", "error": "error"}.get(request.path.rpartition("/")[2])
        if request.path.endswith("/init/error"):
            kind = "init_error"
        if not quiet:
            with contextlib.suppress(OSError):
                self._connections[number][0].sendall(  # type: ignore[union-attr]
                    wire.ACCEPTED if kind else wire.NOT_FOUND
                )
        if kind is None:
            return None
        return Answer(kind, request.body, request.headers)

    def _stream(self, number: int, text: wire.Connection, on_chunk: Any) -> Answer | None:
        request = text.streaming
        assert request is not None
        chunks, over = text.chunks()
        if on_chunk is not None:
            for chunk in chunks:
                on_chunk(chunk, request.headers)
        else:
            request.body += b"".join(chunks)
        if not over:
            return None
        with contextlib.suppress(OSError):
            self._connections[number][0].sendall(wire.ACCEPTED)  # type: ignore[union-attr]
        headers = request.headers | text.trailers
        text.trailers = {}
        return Answer("response", request.body, headers, streamed=True)


def resident_kilobytes(pid: int | None) -> int:
    """Resident memory of a process in kilobytes; 0 when it is gone."""
    if pid is None:
        return 0
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_KILOBYTES
    except FileNotFoundError:
        if sys.platform == "linux":
            return 0
    except (OSError, ValueError, IndexError):
        return 0
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss // 1024
    except psutil.Error:
        return 0


_PAGE_KILOBYTES = os.sysconf("SC_PAGE_SIZE") // 1024


def _join_group(pid: int) -> None:
    """Put a guard, and so all that it starts, into the control group that a grader made for functions."""
    for folder in filter(None, os.environ.get("SANDBOX_FUNCTION_GROUP", "").split(os.pathsep)):
        with contextlib.suppress(OSError):
            (Path(folder) / "cgroup.procs").write_text(str(pid))


def _guard_environment(channel: int, output: int) -> dict[str, str]:
    return {
        "SANDBOX_CHANNEL": str(channel),
        "SANDBOX_OUTPUT": str(output),
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
    }
