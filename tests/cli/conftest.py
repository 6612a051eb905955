"""The command as a newcomer types it, with folders and a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.stack import instance

SANDBOX = str(Path(sys.executable).with_name("sandbox"))
Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Run]:
    """`sandbox("up", "--world", "w")` runs the command; everything it started is stopped at the end."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")
    } | {
        "SANDBOX_HOME": str(tmp_path / "home"),
        "SANDBOX_WORK": str(tmp_path / "work"),
        "SANDBOX_PORT": str(instance.free_port()),
        "SANDBOX_STUDENT": "ann",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [SANDBOX, *arguments],
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    run.environment = environment  # type: ignore[attr-defined]
    yield run
    run("down", "--all")
