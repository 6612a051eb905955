"""The listening sockets of the endpoint."""

from __future__ import annotations

import os
import socket
import sys

BACKLOG = 1024
EXIT_CANNOT_LISTEN = 98

# Taken before the process left the machine's network; see `sandbox.stack.network`.
_taken: list[socket.socket] = []


def take() -> None:
    """Listen on `GATEWAY_LISTEN` now; ends the process with status 98 when a port is taken."""
    for place in os.environ["GATEWAY_LISTEN"].split(","):
        host, _, port = place.rpartition(":")
        _taken.append(listen(host.strip("[]"), int(port)))


def taken() -> list[socket.socket]:
    """What `take` opened."""
    return list(_taken)


def give_back() -> None:
    """Close what `take` opened."""
    while _taken:
        _taken.pop().close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ends the process with status 98 when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        sys.stderr.flush()
        os._exit(EXIT_CANNOT_LISTEN)
