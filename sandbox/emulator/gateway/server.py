"""The listener: loopback only, answers written without waiting for Nagle's algorithm."""

from __future__ import annotations

from localstack import config
from localstack.aws.serving.twisted import TLSMultiplexerFactory
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway
from twisted.internet import endpoints, reactor, ssl

from sandbox.emulator import preload
from sandbox.emulator.gateway import responses
from sandbox.emulator.gateway.requests import BoundedGateway


class SandboxServer(TwistedRuntimeServer):
    """LocalStack's Twisted server, bound to the host that was asked for.

    Upstream `TwistedRuntimeServer.register` ignores the host of `GATEWAY_LISTEN` and listens on every
    interface; a student's sandbox must not be reachable from the lecture hall's network.
    """

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,
    ) -> None:
        """Serve `gateway` on every `HostAndPort` of `listen`, HTTP and HTTPS on the same port.

        Raises `twisted.internet.error.CannotListenError` when a port is taken.
        """
        responses.install()
        site = BoundedGateway(gateway)
        factory = site
        if ssl_creds:
            certificate, key = ssl_creds
            context = ssl.DefaultOpenSSLContextFactory(key, certificate)
            context.getContext().use_certificate_chain_file(certificate)
            factory = TLSMultiplexerFactory(context, False, site)
        for address in listen:
            if config.is_ipv6_address(address.host):
                endpoint = endpoints.TCP6ServerEndpoint(
                    reactor, address.port, interface=address.host
                )
            else:
                endpoint = endpoints.TCP4ServerEndpoint(
                    reactor, address.port, interface=address.host
                )
            endpoint.listen(factory).addErrback(_stop_on_failure)

    def run(self) -> None:
        """Serve until the reactor stops; the labs' services are loaded once it runs."""
        # Not earlier: LocalStack's own start imports in the main thread until here.
        reactor.callWhenRunning(preload.start)
        return super().run()


def _stop_on_failure(failure) -> None:
    import os
    import sys

    sys.stderr.write(f"cannot listen: {failure.getErrorMessage()}\n")
    sys.stderr.flush()
    os._exit(98)
