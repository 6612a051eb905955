"""Kept-open HTTP connections to one engine process.

`requests` spends three quarters of a DynamoDB call on preparing a request for a loopback hop, and
`http.client` sends head and body apart and reads the answer's headers with the e-mail parser. The engine
is the only other side here and always names the length of its answer, so a few lines do.
"""

from __future__ import annotations

import select
import socket
from collections import deque

READ_SECONDS = 60
MOST_IDLE = 16


class NotSent(Exception):
    """The engine could not be reached, so nothing of the request was processed."""


class NoAnswer(Exception):
    """The request was sent, but the engine ended before it answered: the outcome is not known."""


class ConnectionPool:
    """Connections to `port` on the loopback interface, shared by all threads."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[_Connection] = deque()

    def post(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Send one request and return (status, body); raises NotSent or NoAnswer.

        `head` is the request line and headers, without Content-Length and the empty line.
        """
        connection = self._take()
        try:
            status, content, keep = connection.exchange(head, body)
        except (OSError, ValueError) as error:
            connection.close()
            raise NoAnswer(str(error)) from error
        if keep and len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return status, content

    def close(self) -> None:
        """Close every idle connection."""
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _take(self) -> _Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return _Connection(self._port)
            if not connection.has_input():
                return connection
            # An idle connection with something to read was closed by the other side.
            connection.close()


class _Connection:
    """One connection; used by one thread at a time."""

    def __init__(self, port: int) -> None:
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=READ_SECONDS)
        except OSError as error:
            raise NotSent(str(error)) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._poll = None
        if hasattr(select, "poll"):
            # select() cannot look at descriptors above 1023.
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)

    def exchange(self, head: bytes, body: bytes) -> tuple[int, bytes, bool]:
        """Send a request and return (status, body, whether the connection may be used again)."""
        self._socket.sendall(b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
        first = self._file.readline(256)
        if not first.startswith(b"HTTP/1.1 "):
            raise ValueError("no HTTP answer")
        length, keep = None, True
        while (line := self._file.readline(65536).rstrip(b"\r\n")) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"connection":
                keep = value.strip().lower() != b"close"
        if length is None:
            raise ValueError("an answer without a length")
        content = self._file.read(length)
        if len(content) != length:
            raise ValueError("half an answer")
        return int(first[9:12]), content, keep

    def has_input(self) -> bool:
        """Whether something arrived unasked, such as the other side's goodbye."""
        if self._poll is not None:
            return bool(self._poll.poll(0))
        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        self._file.close()
        self._socket.close()
