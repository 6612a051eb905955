"""Names that end in `.localhost` lead to this machine, in every Python of the sandbox's environment.

Browsers and curl send them to loopback by themselves (RFC 6761, section 6.3); Python asks the system,
which often knows `localhost` alone. Set-up names this module in a `.pth` file, so that `requests` and
boto3 find the addresses that the sandbox prints.
"""

import socket

_ask_system = socket.getaddrinfo


def _getaddrinfo(host, *more, **options):  # type: ignore[no-untyped-def]
    name = host.decode("ascii", "ignore") if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").lower().endswith(".localhost"):
        host = "127.0.0.1"
    return _ask_system(host, *more, **options)


if getattr(socket.getaddrinfo, "__module__", "") != __name__:
    socket.getaddrinfo = _getaddrinfo
