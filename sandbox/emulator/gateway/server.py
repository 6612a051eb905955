"""The listener: loopback only, a thread per connection."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from localstack import config
from localstack.runtime.server.core import RuntimeServer
from rolo.gateway import Gateway
from rolo.gateway.wsgi import WsgiGateway

from sandbox.emulator import preload
from sandbox.emulator.gateway import ports
from sandbox.emulator.gateway.connection import Connection

if TYPE_CHECKING:
    from sandbox.emulator.gateway.event_loop import EventLoop

# Silent connections are closed after this, sooner when many are open.
IDLE_SECONDS = 75
MANY_CONNECTIONS = 300
IDLE_SECONDS_OF_MANY = 3


class SandboxServer(RuntimeServer):
    """LocalStack's runtime server, bound to the host that was asked for.

    Upstream's ignores the host of `GATEWAY_LISTEN` and listens on every interface; a student's sandbox
    must not be reachable from the lecture hall's network.
    """

    def __init__(self) -> None:
        self._gateway: Gateway | None = None
        self._application: WsgiGateway | None = None
        self._ssl_creds: tuple[str, str] | None = None
        self._listeners: list[socket.socket] = []
        self._open = 0
        self._ended = threading.Event()
        self._event_loop: EventLoop | None = None
        self._loading = threading.Lock()

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,
    ) -> None:
        """Serve `gateway` on every `HostAndPort` of `listen`, HTTP and HTTPS on the same port.

        Ends the process with status 98 when a port is taken.
        """
        self._gateway = gateway
        self._application = WsgiGateway(gateway)
        self._ssl_creds = ssl_creds
        self._listeners += ports.taken()
        self._listeners += [ports.listen(address.host, address.port) for address in listen]

    def run(self) -> None:
        """Serve until `shutdown`; the labs' services are loaded once it runs."""
        # Not earlier: LocalStack's own start imports in the main thread until here.
        preload.start()
        for listener in self._listeners:
            threading.Thread(
                target=self._accept, args=(listener,), name="sandbox-accept", daemon=True
            ).start()
        self._ended.wait()

    def shutdown(self) -> None:
        """Accept nothing more and let `run` return."""
        for listener in self._listeners:
            listener.close()
        self._ended.set()

    def _accept(self, listener: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                # A peer that was gone before, or too many open files: not in a circle at full speed.
                self._ended.wait(0.05)
                continue
            peer.settimeout(IDLE_SECONDS if self._open < MANY_CONNECTIONS else IDLE_SECONDS_OF_MANY)
            try:
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()
            except RuntimeError:
                # No more threads for now (a function that forks without end); the next peer may have luck.
                peer.close()
                self._ended.wait(0.1)

    def _serve(self, peer: socket.socket) -> None:
        assert self._application
        self._open += 1
        try:
            Connection(peer, self._application, self._hand_over).serve()
        finally:
            self._open -= 1

    def _hand_over(self, peer: socket.socket, data: bytes) -> None:
        with self._loading:
            if self._event_loop is None:
                from sandbox.emulator.gateway.event_loop import EventLoop

                assert self._gateway
                self._event_loop = EventLoop(self._gateway, self._ssl_creds)
        self._event_loop.adopt(peer, data)
