"""The world this emulator process serves: where its files are.

The stack passes the folder in the environment before LocalStack is imported (`SANDBOX_WORLD_DIR`,
`SANDBOX_WORLD`, `SANDBOX_EPHEMERAL`); the providers only ask here.
"""

from __future__ import annotations

import os
from pathlib import Path


def name() -> str:
    """The world's name, for instance `lab-01`."""
    return os.environ.get("SANDBOX_WORLD", "default")


def directory(*parts: str) -> Path:
    """A folder of the world, made if missing: `directory("s3")`, `directory("dynamodb")`."""
    path = Path(os.environ["SANDBOX_WORLD_DIR"]).joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def ephemeral() -> bool:
    """True for worlds of tests and grading, of which nothing is kept."""
    return os.environ.get("SANDBOX_EPHEMERAL") == "1"


def run_directory(*parts: str) -> Path:
    """A folder of this process's own run, empty at every start: sockets, unpacked code."""
    path = Path(os.environ["SANDBOX_RUN_DIR"]).joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path
