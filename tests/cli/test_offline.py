"""After set-up nothing needs a network: the labs run where there is only loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.labs import manifest

SANDBOX = Path(sys.executable).with_name("sandbox")
# A new network namespace has a loopback interface that is down; this raises it and becomes the command.
LOOPBACK_ONLY = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.2)
except OSError:
    pass
else:
    sys.exit("there is a network")
os.execvp(sys.argv[1], sys.argv[1:])
"""


def cut_off() -> list[str]:
    """The beginning of a command that runs without a network; skips where that cannot be had."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = ["unshare", *([] if root else ["--user", "--map-root-user"]), "--net", "--"]
    try:
        works = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except OSError:
        works = False
    if not works:
        pytest.skip("this system has no network namespaces to cut the network with")
    return [*command, sys.executable, "-c", LOOPBACK_ONLY]


@pytest.mark.slow
@pytest.mark.parametrize("number", [lab.id for lab in manifest.all_labs() if not lab.requires])
def test_a_lab_is_played_without_a_network(number, tmp_path):
    environment = os.environ | {
        "SANDBOX_HOME": str(tmp_path / "home"),
        "SANDBOX_WORK": str(tmp_path / "work"),
        "SANDBOX_STUDENT": "offline",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        [*cut_off(), str(SANDBOX), "demo", str(number)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    subprocess.run([str(SANDBOX), "down", "--all"], env=environment, capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "100 %" in done.stdout
