"""A small websocket client for tests."""

from __future__ import annotations

import socket
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    RejectConnection,
    RejectData,
    Request,
)


class Rejected(Exception):
    """The handshake failed: status and body."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class WebSocket:
    """One connection to `host` at loopback's `port`."""

    def __init__(self, port: int, host: str, path: str, headers: dict[str, str] | None = None):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self._send(Request(host=host, target=path, extra_headers=extra))
        self._events: list[Any] = []
        event = self._next()
        if isinstance(event, RejectConnection):
            body = b""
            while True:
                part = self._next()
                if isinstance(part, RejectData):
                    body += part.data
                    if part.body_finished:
                        break
                else:
                    break
            raise Rejected(event.status_code, body)
        assert isinstance(event, AcceptConnection), event

    def _send(self, event: Any) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _next(self) -> Any:
        while not self._events:
            data = self._socket.recv(65536)
            self._protocol.receive_data(data or None)
            self._events += list(self._protocol.events())
        return self._events.pop(0)

    def send(self, text: str) -> None:
        """Send a text message."""
        self._send(Message(data=text))

    def receive(self) -> str | None:
        """The next message, None when the other side closed."""
        text = ""
        while True:
            event = self._next()
            if isinstance(event, Message):
                text += event.data if isinstance(event.data, str) else event.data.decode()
                if event.message_finished:
                    return text
            elif isinstance(event, CloseConnection):
                return None

    def close(self) -> None:
        """Close in order."""
        self._send(CloseConnection(code=1000))
        self._socket.close()
