"""What the set-up script says where something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.stack import paths

SCRIPT = paths.CHECKOUT / "requirements" / "setup.sh"
TOOLS = ("sh", "sed", "tail", "mktemp", "dirname", "touch", "rm", "tr", "cat", "printf", "env")


@pytest.fixture
def bare(tmp_path: Path):
    """A machine with a few tools and the python given as a shell script."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (tools / name).symlink_to(found)

    def run(python: str | None, **variables: str) -> subprocess.CompletedProcess:
        if python is not None:
            (tools / "python3").write_text("#!/bin/sh\n" + python)
            (tools / "python3").chmod(0o755)
        return subprocess.run(
            [str(SCRIPT)],
            env={"PATH": str(tools), "SANDBOX_VENV": str(tmp_path / "venv"), **variables},
            capture_output=True,
            text=True,
        )

    return run


def test_no_python(bare):
    done = bare(None)
    assert done.returncode == 3
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert "sudo apt install python3" in done.stderr


def test_python_too_old(bare):
    done = bare('case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    assert "found: Python 3.9.2" in done.stderr


def test_no_venv_module(bare):
    done = bare(
        'case "$2" in *ensurepip*) exit 1;; *version_info*d.*) echo 3.12;; *) exit 0;; esac'
    )
    assert done.returncode == 3
    assert "This Python has no venv module." in done.stderr
    assert "python3.12-venv" in done.stderr or "venv, then run make again" in done.stderr


def test_no_temporary_folder(bare, tmp_path):
    done = bare("exit 0", TMPDIR=str(tmp_path / "nothing-here"))
    assert done.returncode == 3
    assert "Free some disk space" in done.stderr


def test_no_network(bare, tmp_path):
    real = shutil.which("python3", path=os.defpath) or shutil.which("python3")
    done = bare(
        f'exec {real} "$@"',
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
        PIP_CONFIG_FILE=os.devnull,
    )
    assert done.returncode == 3
    assert "could not be fetched" in done.stderr
    assert "run make again" in done.stderr
