"""Kept-open HTTP connections to one engine process.

`requests` spends three quarters of a DynamoDB call on preparing a request for a loopback hop; this is
`http.client` with a stack of idle connections.
"""

from __future__ import annotations

import http.client
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
        self._idle: deque[http.client.HTTPConnection] = deque()

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send one request and return (status, body); raises NotSent or NoAnswer."""
        connection = self._take()
        try:
            connection.request("POST", "/", body, headers)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(str(error)) from error
        if reply.will_close or len(self._idle) >= MOST_IDLE:
            connection.close()
        else:
            self._idle.append(connection)
        return reply.status, content

    def close(self) -> None:
        """Close every idle connection."""
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _take(self) -> http.client.HTTPConnection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            if connection.sock is not None and not _has_input(connection.sock):
                return connection
            # An idle connection with something to read was closed by the other side.
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=READ_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise NotSent(str(error)) from error
        # Head and body leave in two writes; without this the second waits for an acknowledgement.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _has_input(sock: socket.socket) -> bool:
    if hasattr(select, "poll"):
        # select() cannot look at descriptors above 1023.
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
