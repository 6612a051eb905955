"""HTTP/1.1 over one connection, in one thread: parse, call the gateway, write.

A thread waits in `recv`, handles the request and writes the answer itself, so that a request changes
threads never; an event loop in front of worker threads costs more than most services need for their
answer. Parsing is llhttp's (`httptools`). What is no plain HTTP/1.1 (TLS, HTTP/2, websockets) is left
to `event_loop`, with the bytes that were read.
"""

from __future__ import annotations

import logging
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes, urlsplit

import httptools

from sandbox.emulator.gateway import limits, responses
from sandbox.emulator.gateway.limits import Refusal

LOG = logging.getLogger(__name__)

RECEIVE_BYTES = 256 * 1024
# Larger bodies go to a file while they arrive.
BODY_IN_MEMORY_BYTES = 1024**2
# Up to here an answer is written in one piece with its head, so that no peer waits for the second.
ONE_PIECE_BYTES = 256 * 1024
TLS_HANDSHAKE = 0x16
HTTP2_PREFACE = b"PRI * HTTP/2"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Refused(Exception):
    """The request ends here, and with it the connection."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class _Request:
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


class _Arrivals:
    """What llhttp tells while it reads; complete requests queue up in `complete`."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.complete: deque[_Request] = deque()
        self.current: _Request | None = None
        self.head_bytes = 0
        self.in_head = True
        self._checked = 0

    def on_message_begin(self) -> None:
        self.current = _Request()
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


class Connection:
    """Serves the requests of one peer, one after the other, until either side closes."""

    def __init__(
        self,
        peer: socket.socket,
        application: Application,
        hand_over: Callable[[socket.socket, bytes], None],
    ) -> None:
        self.peer = peer
        self.application = application
        self.hand_over = hand_over
        address = peer.getpeername()
        local = peer.getsockname()
        self._environment = {
            "REMOTE_ADDR": address[0],
            "REMOTE_PORT": str(address[1]),
            "SCRIPT_NAME": "",
            "SERVER_PORT": str(local[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.run_once": False,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.input_terminated": True,
        }
        self._local_name = local[0]

    def serve(self) -> None:
        """Return when the connection is closed or handed over; never raises."""
        handed = False
        try:
            self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            handed = self._serve()
        except (OSError, TimeoutError):
            pass  # the peer went away, or was silent for too long
        except Exception:
            LOG.exception("a connection failed")
        finally:
            if not handed:
                self._close()

    def _serve(self) -> bool:
        """True when the connection belongs to somebody else now."""
        data = self.peer.recv(RECEIVE_BYTES)
        if not data:
            return False
        if data[0] == TLS_HANDSHAKE or HTTP2_PREFACE.startswith(data[: len(HTTP2_PREFACE)]):
            self.hand_over(self.peer, data)
            return True
        arrivals = _Arrivals()
        first = data
        only = True  # nothing but `first` has arrived, so that it can be handed over
        while data:
            try:
                self._feed(arrivals, data)
            except (Refused, httptools.HttpParserError) as error:
                self._refuse(_refusal_in(error))
                return False
            while arrivals.complete:
                request = arrivals.complete.popleft()
                if request.websocket:
                    if not only:
                        self._refuse(limits.BAD_REQUEST)
                        return False
                    self.hand_over(self.peer, first)
                    return True
                if not self._answer(request):
                    return False
            current = arrivals.current
            if current and current.expects_continue:
                current.expects_continue = False
                self.peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            data = self.peer.recv(RECEIVE_BYTES)
            if only and arrivals.in_head and arrivals.current:
                first += data  # a head in pieces
            else:
                only = False
        return False

    def _feed(self, arrivals: _Arrivals, data: bytes) -> None:
        if arrivals.in_head:
            arrivals.head_bytes += len(data)
        try:
            arrivals.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Anything but a websocket is declined by answering in HTTP/1.1 (RFC 9110, section 7.8).
            rest = data[upgrade.args[0] :]
            if arrivals.complete and not arrivals.complete[-1].websocket:
                arrivals.parser = httptools.HttpRequestParser(arrivals)
                if rest:
                    self._feed(arrivals, rest)
        if (
            arrivals.in_head
            and arrivals.current
            and arrivals.head_bytes > limits.LARGEST_HEAD_BYTES
        ):
            raise Refused(limits.HEAD_TOO_LARGE)
        if not arrivals.current:
            arrivals.head_bytes = 0

    def _environ(self, request: _Request) -> dict[str, Any]:
        """The request as WSGI has it, with the raw headers and target that rolo reads."""
        target = request.target.decode("latin-1")
        if target.startswith("/"):
            path, _, query = target.partition("?")
        else:  # the absolute form (RFC 9112, section 3.2.2)
            parts = urlsplit(target)
            path, query = parts.path or "/", parts.query
        if "%" in path:
            path = unquote_to_bytes(path).decode("latin-1")
        body = request.body
        if body is None:
            body = BytesIO()
        else:
            body.seek(0)
        environ = {
            **self._environment,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "RAW_URI": target,
            "REQUEST_URI": target,
            "SERVER_PROTOCOL": f"HTTP/{request.version}",
            "SERVER_NAME": self._local_name,
            "CONTENT_TYPE": "",
            "CONTENT_LENGTH": "",
            "wsgi.input": body,
            "wsgi.errors": BytesIO(),
            "rolo.headers": request.headers,
        }
        for raw_name, raw_value in request.headers:
            name = raw_name.decode("latin-1").upper().replace("-", "_")
            if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                name = f"HTTP_{name}"
            value = raw_value.decode("latin-1")
            known = environ.get(name)
            environ[name] = f"{known},{value}" if known else value
        return environ

    def _answer(self, request: _Request) -> bool:
        """Whether the connection may serve another request."""
        response = _Response(self.peer, request)
        pieces: Iterable[bytes] = ()
        try:
            pieces = self.application(self._environ(request), response.start)
            for piece in pieces:
                response.write(piece)
            response.finish()
        except OSError:
            raise
        except Exception:
            LOG.exception("no answer to %s", request.method)
            if response.begun:
                return False
            self._refuse(
                Refusal(500, "InternalError", "We encountered an internal error. Please try again.")
            )
            return False
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
            if request.body is not None:
                request.body.close()
        return response.keep_alive

    def _refuse(self, refusal: Refusal) -> None:
        body = refusal.body()
        self.peer.sendall(
            (
                f"HTTP/1.1 {responses.status_line(str(refusal.status))}\r\nDate: {responses.date()}\r\n"
                f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n"
            ).encode("latin-1")
            + body
        )

    def _close(self) -> None:
        """End in order: a peer that still sends would otherwise lose the answer to a reset."""
        try:
            self.peer.shutdown(socket.SHUT_WR)
            self.peer.settimeout(0.2)
            for _ in range(16):
                if not self.peer.recv(RECEIVE_BYTES):
                    break
        except OSError:
            pass
        finally:
            self.peer.close()


class _Response:
    """The answer to one request while it leaves."""

    def __init__(self, peer: socket.socket, request: _Request) -> None:
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


def _refusal_in(error: BaseException) -> Refusal:
    """llhttp wraps what its callbacks raise."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Refused):
            return seen.refusal
        seen = seen.__cause__ or seen.__context__
    return limits.BAD_REQUEST
