"""What a replayed submission finds: its environment, its commands, its settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandbox.grading.isolation.job import Job

# The client of warm_aws.py: hands its arguments, environment and descriptors to the server, which is a
# process of the same jail, and falls back to the real program. As little Python as possible.
AWS_SHIM = """\
#!{python} -IS
import os, sys
def real():
    os.execv({python!r}, [{python!r}, "-m", "awscli", *sys.argv[1:]])
try:
    import _socket
    server = _socket.socket(_socket.AF_UNIX)
    server.connect({socket!r})
    parts = [os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:]]
    parts += [name + "=" + value for name, value in os.environ.items()]
    data = "\\0".join(parts).encode("utf-8", "surrogateescape")
    fds = b"".join(n.to_bytes(4, sys.byteorder) for n in (0, 1, 2))
    server.sendmsg([len(data).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
    server.sendall(data)
    answer = server.recv(8)
except Exception:
    answer = b""
if not answer:
    real()
sys.exit(int(answer))
"""

_AWS_CONFIG = """\
[default]
region = us-east-1
cli_pager =
s3 =
    addressing_style = path
"""


def files(job: Job, home: str, programs: str, aws_socket: str) -> dict[str, str]:
    """Small files that the jail holds, by absolute path."""
    shim = AWS_SHIM.format(python=sys.executable, socket=aws_socket)
    return {
        f"{home}/.sandbox/aws/config": _AWS_CONFIG,
        f"{programs}/aws": shim,
        f"{programs}/awslocal": shim,
    }


def environment(job: Job, home: str, programs: str, temporary: str) -> dict[str, str]:
    """The whole environment of the commands; nothing is inherited from this process."""
    settings = f"{home}/.sandbox"
    return {
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "TMPDIR": temporary,
        "PATH": os.pathsep.join(
            [programs, str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "AWS_ENDPOINT_URL": f"http://localhost:{job.port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": f"{settings}/aws/config",
        "AWS_SHARED_CREDENTIALS_FILE": f"{settings}/aws/credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "SANDBOX_HOME": settings,
        "SANDBOX_PORT": str(job.port),
        **job.environment,
    }


def aws_server() -> list[str]:
    """The command of the warm aws server; its listening socket is descriptor 3."""
    return [sys.executable, "-m", "sandbox.grading.isolation.warm_aws"]
