"""The process that keeps the emulator running: starts it, starts it again when it crashed.

`python -m sandbox.stack.supervisor RUN_DIRECTORY` with the emulator's environment; its standard
output is the instance's log. It imports nothing of LocalStack and stays small.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# An emulator that dies this often within a minute will not get better by starting it again.
MOST_CRASHES_PER_MINUTE = 3
# How long an emulator may take to save the world and go; `instance.STOP_SECONDS` is longer.
LEAVE_SECONDS = 12.0
PORT_TAKEN = 98
STATE_DAMAGED = 78


def main() -> int:
    """Run until the emulator ends in order or crashes too often; returns its last exit code."""
    run_directory = Path(sys.argv[1])
    crashes: list[float] = []
    stopping = False
    child: subprocess.Popen | None = None

    def stop(signum: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
            threading.Thread(target=_insist, args=(child,), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    owner = os.environ.get("SANDBOX_OWNER_PID")
    if owner:
        threading.Thread(target=_end_with, args=(int(owner),), daemon=True).start()
    while True:
        child = subprocess.Popen([sys.executable, "-m", "sandbox.emulator.main"])
        (run_directory / "emulator.pid").write_text(str(child.pid))
        if stopping:
            # The signal came while there was no child yet to pass it on to.
            child.send_signal(signal.SIGTERM)
            threading.Thread(target=_insist, args=(child,), daemon=True).start()
        code = child.wait()
        if stopping or code in (0, PORT_TAKEN, STATE_DAMAGED):
            _remove_what_nobody_will(owner)
            return 0 if stopping else code
        now = time.monotonic()
        crashes = [moment for moment in crashes if now - moment < 60] + [now]
        print(json.dumps({"supervisor": "the emulator died", "exit": code}), flush=True)
        if len(crashes) >= MOST_CRASHES_PER_MINUTE:
            print(json.dumps({"supervisor": "it dies again and again; giving up"}), flush=True)
            return code if code > 0 else 1


def _insist(child: subprocess.Popen) -> None:
    """End an emulator that was asked to and does not: first its stacks go to the log.

    The world is saved a second after each change: only what changed since the last save is lost.
    """
    patience = float(os.environ.get("SANDBOX_LEAVE_SECONDS") or LEAVE_SECONDS)
    for number in (signal.SIGUSR1, signal.SIGKILL):
        deadline = time.monotonic() + patience / 2
        while time.monotonic() < deadline:
            if child.returncode is not None:
                return
            time.sleep(0.05)
        print(json.dumps({"supervisor": f"the emulator does not end; {number.name}"}), flush=True)
        child.send_signal(number)


def _end_with(owner: int) -> None:
    """Ask this process to end when the process that started it is gone."""
    while os.getppid() == owner:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _remove_what_nobody_will(owner: str | None) -> None:
    """The folders of an ephemeral world whose owner was killed before it could remove them."""
    if owner and os.getppid() != int(owner) and os.environ.get("SANDBOX_EPHEMERAL") == "1":
        for name in ("SANDBOX_WORLD_DIR", "SANDBOX_RUN_DIR"):
            shutil.rmtree(os.environ[name], ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
