"""The answer to one request while it leaves: WSGI's start_response and the framing of the body."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from sandbox.emulator.gateway import responses
from sandbox.emulator.gateway.incoming import Request

# Up to here an answer is written in one piece with its head, so that no peer waits for the second.
ONE_PIECE_BYTES = 256 * 1024


class Response:
    """The answer to one request while it leaves."""

    def __init__(self, peer: socket.socket, request: Request) -> None:
        self.peer = peer
        self.keep_alive = request.keep_alive
        self.begun = False
        self._bodiless = request.method == "HEAD"
        self._one_dot_zero = request.version == "1.0"
        self._head = b""
        self._chunked = False
        self._pending = bytearray()

    def start(self, status: str, headers: responses.Headers, exc_info: Any = None) -> Callable:
        """WSGI's start_response."""
        lines = [f"HTTP/1.1 {responses.status_line(status)}"]
        sized = dated = False
        for name, value in responses.cleaned(headers):
            lower = name.lower()
            if lower == "connection":
                if value.lower() == "close":
                    self.keep_alive = False
                continue
            if lower == "transfer-encoding":
                continue  # how the body is framed is decided here
            sized = sized or lower == "content-length"
            dated = dated or lower == "date"
            lines.append(f"{name}: {value}")
        code = int(status[:3])
        self._bodiless = self._bodiless or code in responses.BODILESS or code < 200
        if not dated:
            lines.append(f"Date: {responses.date()}")
        if not sized and not self._bodiless:
            if self._one_dot_zero:
                self.keep_alive = False
            else:
                self._chunked = True
                lines.append("Transfer-Encoding: chunked")
        if not self.keep_alive:
            lines.append("Connection: close")
        elif self._one_dot_zero:
            lines.append("Connection: keep-alive")
        self._head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        return self.write

    def write(self, data: bytes) -> None:
        """A piece of the body; small ones leave with the head."""
        if not data or self._bodiless:
            return
        if self._chunked:
            # A piece of a body of unknown length may be an event that somebody waits for.
            self._send(b"%x\r\n%b\r\n" % (len(data), data))
        elif self.begun or len(data) > ONE_PIECE_BYTES:
            self._flush()
            self._send(data)
        else:
            self._pending += data
            if len(self._pending) > ONE_PIECE_BYTES:
                self._flush()

    def finish(self) -> None:
        """The body is complete."""
        if self._chunked:
            self._send(b"0\r\n\r\n")
        else:
            self._flush()

    def _flush(self) -> None:
        data, self._pending = bytes(self._pending), bytearray()
        if data or not self.begun:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if not self.begun:
            self.begun = True
            data = self._head + data
        self.peer.sendall(data)
