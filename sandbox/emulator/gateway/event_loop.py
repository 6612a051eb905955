"""TLS, HTTP/2 and websockets: connections that Twisted serves, loaded when the first one comes."""

from __future__ import annotations

import socket
import threading
from io import BytesIO

from localstack.aws.serving.twisted import TLSMultiplexerFactory
from rolo.gateway import Gateway
from rolo.serving import twisted
from rolo.serving.twisted import TwistedGateway, TwistedRequestAdapter
from twisted.internet import reactor, ssl
from twisted.internet.protocol import Factory

from sandbox.emulator.gateway import limits, responses
from sandbox.emulator.gateway.limits import Refusal

# Each open websocket keeps one of these threads.
MOST_THREADS = 200


class BoundedRequest(TwistedRequestAdapter):
    """A request whose body has an upper limit."""

    _received = 0
    _checked = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """The length of the body is known, None for a chunked one."""
        refusal = limits.too_large(length, self._authorization()) if length else None
        if refusal:
            self._refuse(refusal)
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        """A piece of the body has arrived."""
        if self._refused:
            return
        self._received += len(data)
        if self._received - self._checked >= limits.CHECK_EVERY_BYTES:
            self._checked = self._received
            if refusal := limits.too_large(self._received, self._authorization()):
                self._refuse(refusal)
                return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is complete; a refused one goes no further."""
        if not self._refused:
            super().requestReceived(command, path, version)

    def _authorization(self) -> str:
        signed = self.requestHeaders.getRawHeaders(b"authorization") or [b""]
        return signed[0].decode("latin-1")

    def _refuse(self, refusal: Refusal) -> None:
        self._refused = True
        self.content = BytesIO()
        body = refusal.body()
        self.channel.transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n"
            b"Connection: close\r\n\r\n%s"
            % (responses.status_line(str(refusal.status)).encode(), len(body), body)
        )
        self.channel.loseConnection()


class AwsResponse(twisted.HeaderPreservingWSGIResponse):
    """rolo's response with AWS's status lines and headers."""

    def startResponse(self, status: str, headers: list, excInfo: object = None):
        """WSGI's start_response."""
        kept = responses.cleaned(headers)
        server = kept.pop()[1]
        self.request.responseHeaders.setRawHeaders(b"Server", [server.encode("latin-1")])
        return super().startResponse(responses.status_line(status), kept, excInfo)


class BoundedSite(TwistedGateway):
    """rolo's site with bounded requests."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.requestFactory = BoundedRequest
        # Bodies belong to the services; Twisted would look into each POST for a form of its own.
        self._parsePOSTFormSubmission = False

    def log(self, request) -> None:
        """No access log of Twisted's: nobody reads it, and it formats a line per request."""


class _Resumed(Factory):
    """A factory for one connection of which `data` was read already."""

    def __init__(self, factory: Factory, data: bytes) -> None:
        self.factory = factory
        self.data = data

    def buildProtocol(self, address):
        protocol = self.factory.buildProtocol(address)
        connect = protocol.makeConnection

        def resume(transport) -> None:
            connect(transport)
            protocol.dataReceived(self.data)

        protocol.makeConnection = resume
        return protocol


class EventLoop:
    """Twisted's reactor in a thread of its own, serving what it is given."""

    def __init__(self, gateway: Gateway, ssl_creds: tuple[str, str] | None) -> None:
        twisted.HeaderPreservingWSGIResponse = AwsResponse
        reactor.suggestThreadPoolSize(MOST_THREADS)
        site = BoundedSite(gateway)
        self._factory: Factory = site
        if ssl_creds:
            certificate, key = ssl_creds
            context = ssl.DefaultOpenSSLContextFactory(key, certificate)
            context.getContext().use_certificate_chain_file(certificate)
            self._factory = TLSMultiplexerFactory(context, False, site)
        threading.Thread(
            target=reactor.run, args=(False,), name="sandbox-event-loop", daemon=True
        ).start()

    def adopt(self, peer: socket.socket, data: bytes) -> None:
        """Serve the connection from here on; `data` is what it sent so far."""
        reactor.callFromThread(self._adopt, peer, data)

    def _adopt(self, peer: socket.socket, data: bytes) -> None:
        peer.setblocking(False)
        try:
            # It works on a duplicate of the descriptor.
            reactor.adoptStreamConnection(peer.fileno(), peer.family, _Resumed(self._factory, data))
        finally:
            peer.close()
