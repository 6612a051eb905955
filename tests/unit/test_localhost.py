"""Names below .localhost in the sandbox's Python."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

import sandbox.localhost  # noqa: F401


@pytest.mark.parametrize(
    "name", ["api.execute-api.us-east-1.localhost", "A.LOCALHOST.", b"b.localhost"]
)
def test_names_below_localhost_are_loopback(name):
    found = {address[4][0] for address in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)}
    assert found == {"127.0.0.1"}


def test_other_names_are_the_systems_business():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("localhost.invalid", 80)


def test_every_python_of_the_environment_knows_them():
    code = "import socket; print(socket.getaddrinfo('x.localhost', 1)[0][4][0])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "127.0.0.1"
