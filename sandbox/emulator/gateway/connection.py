"""HTTP/1.1 over one connection, in one thread: parse, call the gateway, write.

A thread waits in `recv`, handles the request and writes the answer itself, so that a request changes
threads never; an event loop in front of worker threads costs more than most services need for their
answer. Parsing is llhttp's (`httptools`). What is no plain HTTP/1.1 (TLS, HTTP/2, websockets) is left
to `event_loop`, with the bytes that were read.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import httptools

from sandbox.emulator.gateway import limits, responses
from sandbox.emulator.gateway.incoming import Arrivals, Refused, Request, refusal_in
from sandbox.emulator.gateway.limits import Refusal
from sandbox.emulator.gateway.outgoing import Response

LOG = logging.getLogger(__name__)

RECEIVE_BYTES = 256 * 1024
TLS_HANDSHAKE = 0x16
HTTP2_PREFACE = b"PRI * HTTP/2"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


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
        arrivals = Arrivals()
        first = data
        only = True  # nothing but `first` has arrived, so that it can be handed over
        while data:
            try:
                self._feed(arrivals, data)
            except (Refused, httptools.HttpParserError) as error:
                self._refuse(refusal_in(error))
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

    def _feed(self, arrivals: Arrivals, data: bytes) -> None:
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

    def _environ(self, request: Request) -> dict[str, Any]:
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

    def _answer(self, request: Request) -> bool:
        """Whether the connection may serve another request."""
        response = Response(self.peer, request)
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
