"""Processes that were started for somebody end with them, also when that was at once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sandbox.stack import paths

JAIL = paths.CHECKOUT / "sandbox" / "grading" / "isolation" / "jail.py"


def test_a_stop_before_the_emulator_was_started_is_not_lost(tmp_path: Path):
    """The owner named in the environment is nobody's parent, so the supervisor stops itself at once."""
    environment = os.environ | {
        "SANDBOX_OWNER_PID": "1",
        "SANDBOX_RUN_DIR": str(tmp_path),
        "SANDBOX_WORLD_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.stack.supervisor", str(tmp_path)],
        env=environment,
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 0


def test_a_jail_whose_grader_is_gone_ends():
    ours, theirs = socket.socketpair()
    jail = subprocess.Popen(
        [sys.executable, "-I", "-S", str(JAIL), str(theirs.fileno())], pass_fds=[theirs.fileno()]
    )
    theirs.close()
    ours.close()
    deadline = time.monotonic() + 10
    while jail.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        assert jail.poll() == 1
    finally:
        if jail.poll() is None:
            os.kill(jail.pid, signal.SIGKILL)
