"""Requests while they arrive: llhttp (`httptools`) parses, this collects what it tells."""

from __future__ import annotations

import tempfile
from collections import deque
from typing import IO

import httptools

from sandbox.emulator.gateway import limits
from sandbox.emulator.gateway.limits import Refusal

# Larger bodies go to a file while they arrive.
BODY_IN_MEMORY_BYTES = 1024**2


class Refused(Exception):
    """The request ends here, and with it the connection."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Request:
    """One request while it arrives."""

    def __init__(self) -> None:
        self.target = b""
        self.method = ""
        self.version = "1.1"
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: IO[bytes] | None = None
        self.length = 0
        self.keep_alive = True
        self.expects_continue = False
        self.websocket = False

    def value(self, name: bytes) -> str:
        """A header's first value, empty without one."""
        for known, value in self.headers:
            if known.lower() == name:
                return value.decode("latin-1")
        return ""


class Arrivals:
    """What llhttp tells while it reads; complete requests queue up in `complete`."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.complete: deque[Request] = deque()
        self.current: Request | None = None
        self.head_bytes = 0
        self.in_head = True
        self._checked = 0

    def on_message_begin(self) -> None:
        self.current = Request()
        self.in_head = True
        self._checked = 0

    def on_url(self, url: bytes) -> None:
        self.current.target += url  # type: ignore[union-attr]

    def on_header(self, name: bytes, value: bytes) -> None:
        self.current.headers.append((name, value))  # type: ignore[union-attr]

    def on_headers_complete(self) -> None:
        request = self.current
        assert request
        self.in_head = False
        self.head_bytes = 0
        size = len(request.target) + sum(
            len(name) + len(value) + 4 for name, value in request.headers
        )
        if size > limits.LARGEST_HEAD_BYTES:
            raise Refused(limits.HEAD_TOO_LARGE)
        request.method = self.parser.get_method().decode("latin-1")
        request.version = self.parser.get_http_version()
        request.keep_alive = self.parser.should_keep_alive()
        request.websocket = request.value(b"upgrade").lower() == "websocket"
        request.expects_continue = request.value(b"expect").lower() == "100-continue"
        length = request.value(b"content-length")
        if length.isdigit():
            self._bound(int(length))

    def on_body(self, data: bytes) -> None:
        request = self.current
        assert request
        request.expects_continue = False
        if request.body is None:
            request.body = tempfile.SpooledTemporaryFile(BODY_IN_MEMORY_BYTES)  # noqa: SIM115
        request.body.write(data)
        request.length += len(data)
        if request.length - self._checked >= limits.CHECK_EVERY_BYTES:
            self._checked = request.length
            self._bound(request.length)

    def on_message_complete(self) -> None:
        request = self.current
        assert request
        self.complete.append(request)
        self.current = None
        self.in_head = True

    def _bound(self, length: int) -> None:
        assert self.current
        refusal = limits.too_large(length, self.current.value(b"authorization"))
        if refusal:
            raise Refused(refusal)


def refusal_in(error: BaseException) -> Refusal:
    """llhttp wraps what its callbacks raise."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Refused):
            return seen.refusal
        seen = seen.__cause__ or seen.__context__
    return limits.BAD_REQUEST
