"""An HTTP client for which every name below `.localhost` is this machine, as in browsers and curl."""

from __future__ import annotations

import httpx


class LoopbackTransport(httpx.HTTPTransport):
    """Connects `anything.localhost` to 127.0.0.1 and leaves the Host header as it is."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        if request.url.host == "localhost" or request.url.host.endswith(".localhost"):
            request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


def client(timeout: float = 15.0) -> httpx.Client:
    """A client without credentials and without the machine's proxy settings."""
    transport = LoopbackTransport(limits=httpx.Limits(max_connections=32))
    return httpx.Client(transport=transport, timeout=timeout, trust_env=False)
