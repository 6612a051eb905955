"""Running a submission as a process with limits: the way that every Unix has.

The file system and the network are not hidden here; the result says so. The process has its own session,
a copy of the work, no inherited environment, and, where we are root, another user.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sandbox.grading.isolation import inside, jail_copy, supervision
from sandbox.grading.isolation.job import Ended, Job, Outcome, reason_of

FIRST_USER, USERS = 61_000, 3_000
_runs = itertools.count()
# Every process of a run carries this in its environment, so that those that left the session are found.
MARK = "SANDBOX_REPLAY"


class Prepared:
    """A run that waits for `go`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._mark = secrets.token_hex(8)
        self._user = _other_user()
        # Another user must be able to reach it, so it is not below the state folder.
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-replay-"))
        self._folder.chmod(0o711)
        self._home = self._folder / "home"
        self._cwd = self._home / job.name
        shutil.copytree(job.work, self._cwd)
        for name in ("tmp", "bin"):
            (self._folder / name).mkdir()
        self._aws_socket = self._folder / "aws.sock"
        self._environment = inside.environment(
            job,
            str(self._home),
            str(self._folder / "bin"),
            str(self._folder / "tmp"),
            str(self._aws_socket),
        ) | {MARK: self._mark}
        texts = inside.files(str(self._home), str(self._folder / "bin"))
        for path, text in texts.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
            Path(path).chmod(0o755 if text.startswith("#!") else 0o644)
        self._give_away()
        self._server = self._start_aws_server()
        limits = job.limits
        self.protections: list[tuple[str, bool, str]] = [
            ("file system", False, "the machine's files can be read; the work is a copy"),
            ("network", False, "not closed off"),
            ("processes unseen", False, "other processes can be seen, not touched"),
            (
                "other user",
                self._user is not None,
                f"user {self._user}" if self._user else "runs as the user who grades",
            ),
            ("time", True, f"{limits.seconds:g} s"),
            ("output", True, f"{limits.output_bytes // 1024} kB"),
            ("disk", True, f"each file {limits.file_bytes // 2**20} MB; the whole is watched"),
            ("limits of each process", True, "CPU time, data, files, watched memory and number"),
        ]

    def _give_away(self) -> None:
        if self._user is None:
            return
        for folder in (self._home, self._folder / "tmp"):
            os.chown(folder, self._user, self._user)
            for path in folder.rglob("*"):
                os.chown(path, self._user, self._user, follow_symlinks=False)

    def _wrapped(self, command: list[str]) -> list[str]:
        config = {
            "limits": asdict(self.job.limits) | {"processes": self._most_processes()},
            "uid": self._user,
            "command": command,
        }
        script = str(Path(__file__).with_name("limits.py"))
        return [sys.executable, "-I", "-S", script, json.dumps(config)]

    def _most_processes(self) -> int:
        """The limit is per user: what else the user runs comes on top."""
        import psutil

        if self._user is not None:
            return self.job.limits.processes
        mine, user = 0, os.geteuid()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine += process.num_threads() if process.uids().real == user else 0
        return mine + self.job.limits.processes

    def _start_aws_server(self) -> subprocess.Popen | None:
        try:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self._aws_socket))
        except OSError:
            return None
        listener.listen(64)
        self._aws_socket.chmod(0o666)
        # The server takes its socket as descriptor 3.
        command = ["/bin/sh", "-c", f'exec "$@" 3<&{listener.fileno()}', "sh"]
        with listener:
            return subprocess.Popen(
                command + self._wrapped(inside.warm_aws()),
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                cwd="/",
                start_new_session=True,
            )

    def go(self, beyond: Callable[[], Ended | None] | None = None) -> Outcome:
        """Run the commands to their end or a limit; `beyond` names a limit outside that is exceeded."""
        begun = time.monotonic()
        process = subprocess.Popen(
            self._wrapped(list(self.job.command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=self._cwd,
            start_new_session=True,
        )
        assert process.stdout is not None
        crowd = _Crowd(self)
        ended, output = supervision.watch(
            process.stdout,
            self.job.limits,
            lambda: process.poll() is not None,
            crowd.memory,
            beyond=beyond,
        )
        code = process.poll()
        seconds = time.monotonic() - begun
        if ended == "memory" and crowd.exceeded:
            ended = crowd.exceeded
        self._end_all(process)
        process.stdout.close()
        ended = _real_end(ended, code)
        jail_copy.copy_plain(
            str(self._cwd),
            str(self.job.collect),
            self.job.limits.disk_bytes,
            self.job.limits.files,
        )
        self.close()
        reason = reason_of(ended, code, self.job.limits)
        return Outcome(ended, code, seconds, output, reason, self.protections)

    def members(self) -> list:
        """All processes of this run."""
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if self._user is not None:
                    if process.uids().real == self._user:
                        found.append(process)
                elif process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def disk(self) -> int:
        """Bytes below the run's folder."""
        total = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(folder, name).lstat().st_blocks * 512
        return total

    def _end_all(self, process: subprocess.Popen) -> None:
        import psutil

        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for _ in range(20):
            found = [m for m in self.members() if self._server is None or m.pid != self._server.pid]
            if not found:
                break
            for member in found:
                with contextlib.suppress(psutil.Error):
                    member.kill()
            psutil.wait_procs(found, timeout=0.3)
        process.wait()

    def close(self) -> None:
        """End what is left and remove the run's folder."""
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


class _Crowd:
    """Memory, processes and disk of a run together, looked at now and then."""

    def __init__(self, run: Prepared) -> None:
        self._run = run
        self._next = 0.0
        self.exceeded: Ended | None = None

    def memory(self) -> int:
        """Bytes in use; more than any limit when another limit of the whole is exceeded."""
        import psutil

        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + 0.25
        members = self._run.members()
        limits = self._run.job.limits
        if len(members) > limits.processes:
            self.exceeded = "processes"
            return sys.maxsize
        if self._run.disk() > limits.disk_bytes:
            self.exceeded = "disk"
            return sys.maxsize
        total = 0
        for process in members:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total


def _other_user() -> int | None:
    """A user id for the commands where we may choose one and it can run this Python."""
    if os.geteuid() != 0:
        return None
    user = FIRST_USER + (os.getpid() * 31 + next(_runs)) % USERS
    try:
        subprocess.run(
            [sys.executable, "-c", "import encodings, sandbox"],
            user=user,
            group=user,
            extra_groups=[],
            cwd="/",
            check=True,
            capture_output=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return user


def _real_end(ended: Ended, code: int | None) -> Ended:
    if ended == "finished" and code is not None and code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return "cpu"
    return ended
