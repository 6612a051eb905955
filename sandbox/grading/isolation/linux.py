"""Running a submission in a jail of Linux's own making: namespaces, control groups, another user.

No Docker and no set-up are needed. As root (CI) the commands run as an unused user id; for a normal user
a user namespace gives what the other namespaces ask for. Where the system refuses them the portable way
is taken, and the protections say so.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sandbox.grading.isolation import inside, portable, supervision
from sandbox.grading.isolation.cgroups import ControlGroup
from sandbox.grading.isolation.job import Ended, Job, Outcome, reason_of
from sandbox.grading.isolation.relay import Relay
from sandbox.stack import paths

HOME = "/home/student"
PROGRAMS = "/opt/sandbox/bin"
AWS_SOCKET = "/run/aws.sock"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/alternatives",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
)
# User ids nobody has; each run takes another one, so that limits per user do not add up.
FIRST_USER, USERS = 61_000, 3_000
_runs = itertools.count()
READY_SECONDS = 30.0


class Prepared:
    """A jail that is built and waits for `go`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.protections: list[tuple[str, bool, str]] = []
        self._fallback: portable.Prepared | None = None
        self._relay: Relay | None = None
        self._group: ControlGroup | None = None
        self._lines: list[dict] = []
        self._text = b""
        root = job.scratch / "root"
        root.mkdir(parents=True, exist_ok=True)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    str(Path(__file__).with_name("jail.py")),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
                cwd="/",
            )
        try:
            self._limit_group()
            self._control.sendall(json.dumps(self._configuration(root)).encode() + b"\n")
            self._receive_walls()
        except (OSError, ValueError) as error:
            self._use_fallback(f"the jail could not be built: {error}")

    def _configuration(self, root: Path) -> dict:
        user, group = os.geteuid(), os.getegid()
        if user == 0:
            user = group = FIRST_USER + (os.getpid() * 31 + next(_runs)) % USERS
        cwd = f"{HOME}/{self.job.name}"
        environment = inside.environment(self.job, HOME, PROGRAMS, "/tmp", AWS_SOCKET)
        return {
            "uid": user,
            "gid": group,
            "root": str(root),
            "port": self.job.port,
            "home": HOME,
            "cwd": cwd,
            "source": str(self.job.work),
            "collect": str(self.job.collect),
            "command": list(self.job.command),
            "aws_server": inside.warm_aws(),
            "aws_socket": AWS_SOCKET,
            "environment": environment,
            "limits": asdict(self.job.limits),
            "read_only": _visible(),
            "files": {
                **inside.files(HOME, PROGRAMS),
                "/etc/passwd": f"root:x:0:0::/:/bin/false\nstudent:x:{user}:{group}::{HOME}:/bin/bash\n",
                "/etc/group": f"root:x:0:\nstudent:x:{group}:\n",
                "/etc/hosts": "127.0.0.1 localhost\n",
                "/etc/resolv.conf": "",
            },
        }

    def _limit_group(self) -> None:
        limits = self.job.limits
        try:
            # The jail's own memory and its two processes come on top.
            self._group = ControlGroup(
                limits.memory_bytes + limits.disk_bytes, limits.processes + 8
            )
            self._group.add(self._process.pid)
            self.protections.append(("memory and processes together", True, "control group"))
        except OSError as error:
            if self._group is not None:
                self._group.remove()
            self._group = None
            how = f"no control group here ({error.strerror}); watched from outside instead"
            self.protections.append(("memory and processes together", False, how))

    def _receive_walls(self) -> None:
        self._control.settimeout(READY_SECONDS)
        text, descriptors, _, _ = socket.recv_fds(self._control, 65536, 1)
        if not text:
            raise OSError(self._last_words())
        report = json.loads(text.partition(b"\n")[0])
        self._text = text.partition(b"\n")[2]
        self.protections += [tuple(one) for one in report["protections"]]
        held = {name for name, holds, _ in self.protections if holds}
        if descriptors:
            self._relay = Relay(socket.socket(fileno=descriptors[0]), self.job.port)
        if not {"file system", "network", "processes unseen"} <= held:
            self._use_fallback(None)
            return
        limits = self.job.limits
        self.protections += [
            ("time", True, f"{limits.seconds:g} s"),
            ("output", True, f"{limits.output_bytes // 1024} kB"),
            ("disk", True, f"{limits.disk_bytes // 2**20} MB of memory file system"),
            ("limits of each process", True, "CPU time, data, files, processes of the user"),
        ]

    def _use_fallback(self, reason: str | None) -> None:
        missing = [one for one in self.protections if not one[1]]
        if reason:
            missing.append(("file system", False, reason))
        self.close()
        self._fallback = portable.Prepared(self.job)
        known = {name for name, _, _ in self._fallback.protections}
        self.protections = self._fallback.protections + [m for m in missing if m[0] not in known]

    def go(self, beyond: Callable[[], Ended | None] | None = None) -> Outcome:
        """Run the commands to their end or a limit; `beyond` names a limit outside that is exceeded."""
        if self._fallback is not None:
            outcome = self._fallback.go(beyond)
            outcome.protections = self.protections
            return outcome
        assert self._process.stdout is not None
        self._wait_for("ready")
        begun = time.monotonic()
        self._control.sendall(b"go")
        pid = self._process.pid
        self._control.setblocking(False)
        ended, output = supervision.watch(
            self._process.stdout,
            self.job.limits,
            self._over,
            None if self._group else lambda: supervision.memory_below(pid),
            self._control.fileno(),
            beyond,
        )
        seconds = time.monotonic() - begun
        supervision.kill_below(pid)
        self._control.setblocking(True)
        self._control.settimeout(READY_SECONDS)
        code = next((line["exit"] for line in self._lines if "exit" in line), None)
        self._wait_for("over")
        ended = self._real_end(ended, code)
        self.close()
        return Outcome(
            ended,
            code,
            seconds,
            output,
            reason_of(ended, code, self.job.limits),
            self.protections,
        )

    def _real_end(self, ended: Ended, code: int | None) -> Ended:
        if ended != "finished":
            return ended
        if code == 0:
            return "finished"
        exceeded = self._group.exceeded() if self._group else None
        if exceeded == "memory":
            return "memory"
        if code is None or any("failed" in line for line in self._lines):
            return "failed"
        if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            return "cpu"
        return "processes" if exceeded == "processes" else "finished"

    def _over(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            data = self._control.recv(65536)
            self._text += data
            if not data:
                return True
        self._split()
        return any("exit" in line or "over" in line for line in self._lines)

    def _split(self) -> None:
        while b"\n" in self._text:
            line, _, self._text = self._text.partition(b"\n")
            self._lines.append(json.loads(line))

    def _wait_for(self, key: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self._split()
            if any(key in line for line in self._lines):
                return
            if time.monotonic() > deadline:
                raise OSError(f"the jail did not say {key!r}: {self._last_words()}")
            if select.select([self._control], [], [], 0.5)[0]:
                data = self._control.recv(65536)
                if not data:
                    raise OSError(f"the jail ended before {key!r}: {self._last_words()}")
                self._text += data

    def _last_words(self) -> str:
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        return (self._process.stdout.read() or b"").decode(errors="replace").strip()[-500:]

    def close(self) -> None:
        """End everything that is left of it."""
        if self._fallback is not None:
            self._fallback.close()
        if self._process.poll() is None:
            supervision.kill_below(self._process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._process.kill()
        self._process.wait()
        self._control.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._relay is not None:
            self._relay.close()
        if self._group is not None:
            self._group.remove()
            self._group = None
        shutil.rmtree(self.job.scratch / "root", ignore_errors=True)


def _visible() -> list[str]:
    """What of this machine the commands may see, read-only: the system, Python, our command."""
    own = [
        sys.prefix,
        str(paths.CHECKOUT / "sandbox"),
        str(Path(os.path.realpath(sys.executable)).parent.parent),
        sys.base_prefix,
    ]
    shown: list[str] = []
    for path in (*SYSTEM, *SETTINGS, *own):
        inside_other = any(path == one or path.startswith(one + "/") for one in shown)
        if path not in ("/", "") and not inside_other and os.path.lexists(path):
            shown.append(path)
    return shown
