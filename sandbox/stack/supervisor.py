"""The process that keeps the emulator running: starts it, starts it again when it crashed.

`python -m sandbox.stack.supervisor RUN_DIRECTORY` with the emulator's environment; its standard
output is the instance's log. It imports nothing of LocalStack and stays small.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# An emulator that dies this often within a minute will not get better by starting it again.
MOST_CRASHES_PER_MINUTE = 3
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

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        child = subprocess.Popen([sys.executable, "-m", "sandbox.emulator.main"])
        (run_directory / "emulator.pid").write_text(str(child.pid))
        code = child.wait()
        if stopping or code in (0, PORT_TAKEN, STATE_DAMAGED):
            return 0 if stopping else code
        now = time.monotonic()
        crashes = [moment for moment in crashes if now - moment < 60] + [now]
        print(json.dumps({"supervisor": "the emulator died", "exit": code}), flush=True)
        if len(crashes) >= MOST_CRASHES_PER_MINUTE:
            print(json.dumps({"supervisor": "it dies again and again; giving up"}), flush=True)
            return code if code > 0 else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
