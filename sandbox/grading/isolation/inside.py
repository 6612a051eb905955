"""What a replayed submission finds: its environment, its commands, its settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandbox.grading.isolation.job import Job
from sandbox.stack import aws_server
from sandbox.stack.environment import AWS_CONFIG


def files(home: str, programs: str) -> dict[str, str]:
    """Small files that the jail holds, by absolute path."""
    program = aws_server.client_program()
    return {
        f"{home}/.sandbox/aws/config": AWS_CONFIG,
        f"{programs}/aws": program,
        f"{programs}/awslocal": program,
    }


def environment(
    job: Job, home: str, programs: str, temporary: str, aws_socket: str
) -> dict[str, str]:
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
        aws_server.SOCKET_VARIABLE: aws_socket,
        "SANDBOX_HOME": settings,
        "SANDBOX_PORT": str(job.port),
        **job.environment,
    }


def warm_aws() -> list[str]:
    """The command of the prepared aws; its listening socket is descriptor 3."""
    return [sys.executable, "-m", "sandbox.stack.aws_server", "--serve", "3"]
