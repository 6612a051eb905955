"""What `make doctor` looks at: does this machine have what the labs need, and what to do where not."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from sandbox.stack import instance, paths

GOOD, NOTE, BAD = "good", "note", "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `level` is good, note (works, but) or bad (labs will fail)."""

    subject: str
    level: str
    fact: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


def run() -> list[Finding]:
    """Look at everything; takes well under a second and starts nothing."""
    return [look() for look in LOOKS]


def python() -> Finding:
    """The interpreter of the environment."""
    fact = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding(
            "Python", BAD, fact, "Use 3.11, 3.12 or 3.13: make clean, then PYTHON=python3.13 make"
        )
    return Finding("Python", GOOD, fact)


def state_folder() -> Finding:
    """Can the state folder be written, and how much room is there."""
    folder = paths.home()
    nearest = next(p for p in [folder, *folder.parents] if p.exists())
    free = shutil.disk_usage(nearest).free
    fact = f"{folder}, {free / 2**30:.1f} GB free"
    if not os.access(nearest, os.W_OK):
        return Finding(
            "State folder", BAD, f"{folder} cannot be written", "SANDBOX_HOME=/another/folder"
        )
    if free < paths.LEAST_FREE_BYTES:
        return Finding("State folder", BAD, fact, "Free some space; the sandbox wants 200 MB.")
    return Finding("State folder", GOOD, fact)


def port() -> Finding:
    """Is the sandbox's port free or ours."""
    number = instance.default_port()
    found = instance.find(number)
    if found is not None:
        return Finding("Port", GOOD, f"{number}, used by the sandbox (world {found.world})")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return Finding(
                "Port",
                BAD,
                f"{number} is in use by another program",
                f"End it, or take another port: SANDBOX_PORT={number + 1} make lab-1",
            )
    return Finding("Port", GOOD, f"{number} is free")


def localstack() -> Finding:
    """The emulator core and whether its byte code is there."""
    from importlib import metadata

    version = metadata.version("localstack-core")
    spec = Path(sys.prefix).glob("lib/python*/site-packages/localstack/__pycache__/config.*.pyc")
    if not any(spec):
        return Finding(
            "Emulator",
            NOTE,
            f"LocalStack core {version}, not compiled: each start takes about ten seconds",
            "Unset PYTHONDONTWRITEBYTECODE, then: make clean setup",
        )
    return Finding("Emulator", GOOD, f"LocalStack core {version}")


def dynamodb_engine() -> Finding:
    """The DynamoDB engine's program."""
    from sandbox.stack import node_packages

    try:
        program = node_packages.engine_program()
    except Exception as error:
        return Finding("DynamoDB engine", BAD, str(error), "Run: make setup")
    if not program.exists():
        return Finding("DynamoDB engine", BAD, "is not installed", "Run: make setup")
    return Finding("DynamoDB engine", GOOD, program.name)


def aws_command() -> Finding:
    """The aws command of the environment."""
    program = Path(sys.executable).with_name("aws")
    if not program.exists():
        return Finding("aws command", BAD, "missing", "Run: make clean setup")
    from importlib import metadata

    return Finding("aws command", GOOD, f"aws-cli {metadata.version('awscli')}, in a sandbox shell")


def real_credentials() -> Finding:
    """A student's own AWS account is never used, and is told so."""
    if (Path.home() / ".aws").exists():
        return Finding("Your ~/.aws", GOOD, "is there; a sandbox shell does not read it")
    return Finding("Your ~/.aws", GOOD, "none, and none is needed")


def namespaces() -> Finding:
    """Can a submission be locked in with namespaces (instructors)."""
    if not sys.platform.startswith("linux"):
        return Finding("Isolation", NOTE, "process limits only; this system has no namespaces")
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "true",
    ]
    try:
        works = subprocess.run(command, capture_output=True, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    if works:
        return Finding("Isolation", GOOD, "namespaces, for grading other people's work")
    return Finding(
        "Isolation",
        NOTE,
        "no user namespaces: `sandbox grade` falls back to process limits",
        "Only instructors need it; in a container: run it with --security-opt seccomp=unconfined",
    )


def docker() -> Finding:
    """The Docker engine, which only labs with machines need."""
    try:
        import docker as sdk

        version = sdk.from_env(timeout=2).version()["Version"]
    except Exception:
        return Finding(
            "Docker",
            NOTE,
            "no engine answers; no lab of today needs one",
            "https://docs.docker.com/engine/install/",
        )
    return Finding("Docker", GOOD, f"engine {version}")


@cache
def has(need: str) -> bool:
    """Whether this machine has what a lab's `requires` names: docker, java, or a program's name."""
    if need == "docker":
        return docker().level == GOOD
    return shutil.which(need) is not None


LOOKS: tuple[Callable[[], Finding], ...] = (
    python,
    state_folder,
    port,
    localstack,
    dynamodb_engine,
    aws_command,
    real_credentials,
    namespaces,
    docker,
)
