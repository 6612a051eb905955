"""One running sandbox: start, find, stop, restart.

Its record is `SANDBOX_HOME/run/PORT/instance.json`; the folder also holds the log, the emulator's pid
and its temporary files.
"""

from __future__ import annotations

import contextlib
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
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.stack import client, paths, settings
from sandbox.stack.errors import StackError

DEFAULT_PORT = 4566
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass
class Instance:
    """A sandbox that was started: where it answers and where its files are."""

    world: str
    port: int
    host: str
    mode: str
    supervisor_pid: int
    directory: str
    run_directory: str
    ephemeral: bool
    started_at: float
    token: str = field(repr=False)
    student_token: str = field(repr=False)

    @property
    def endpoint(self) -> str:
        """The address for `AWS_ENDPOINT_URL`."""
        return f"http://localhost:{self.port}"

    @property
    def pid(self) -> int | None:
        """The emulator's process id; another one after a crash and a new start."""
        try:
            return int((Path(self.run_directory) / "emulator.pid").read_text())
        except (OSError, ValueError):
            return None

    @property
    def log_file(self) -> Path:
        """What the emulator and its supervisor printed."""
        return Path(self.run_directory) / "log.txt"

    @property
    def is_cut_off(self) -> bool:
        """Whether the emulator has no network but its own loopback."""
        return (Path(self.run_directory) / "cut-off").exists()

    def alive(self) -> bool:
        """Whether the supervisor of this record still runs (a reused pid does not count)."""
        return _is_supervisor(self.supervisor_pid)

    def ready(self) -> bool:
        """Whether the emulator answers."""
        try:
            return bool(client.call(self.endpoint, "GET", "/status", timeout=2)["ready"])
        except StackError:
            return False

    def call(self, method: str, path: str, body: object = None):
        """One call to this instance's `/_sandbox` routes."""
        return client.call(self.endpoint, method, path, body, self.token)

    def stop(self) -> None:
        """Save the world and end the processes; an ephemeral world's folder goes too."""
        stop(self)


def default_port() -> int:
    """`SANDBOX_PORT`, or 4566; raises StackError for what is not a port."""
    text = os.environ.get("SANDBOX_PORT") or str(DEFAULT_PORT)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StackError(f"SANDBOX_PORT={text!r} is not a port.", "Use a number, such as 4566.")
    return int(text)


def find(port: int | None = None, root: Path | None = None) -> Instance | None:
    """The sandbox that runs on `port` (default: this shell's); a stale record is removed."""
    record = paths.run(port or default_port(), root) / "instance.json"
    try:
        found = Instance(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    if found.alive():
        return found
    _end_orphan(found)
    record.unlink(missing_ok=True)
    return None


def _end_orphan(instance: Instance) -> None:
    """End an emulator whose supervisor was killed; it would hold the port and the world."""
    pid = instance.pid
    if pid is None or not _runs(pid, "sandbox.emulator.main"):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _runs(pid, "sandbox.emulator.main"):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def running(root: Path | None = None) -> list[Instance]:
    """All sandboxes that run out of one state folder."""
    ports = sorted(
        int(entry.name)
        for entry in ((root or paths.home()) / "run").glob("*")
        if entry.name.isdigit()
    )
    return [found for port in ports if (found := find(port, root))]


def start(
    world: str,
    *,
    port: int | None = None,
    host: str = "127.0.0.1",
    ephemeral: bool = False,
    home: Path | None = None,
    services: Sequence[str] = (),
    student_token: str | None = None,
    tied: bool = False,
    cut_off: bool = False,
    function_group: Sequence[Path] = (),
) -> Instance:
    """Start the emulator on `world` and wait until it answers.

    An instance that already serves this world on this port is returned as it is; one that serves
    another world is saved and stopped first. With `ephemeral` the world lives in a temporary folder
    and `port=None` takes any free one. `services` are loaded first. `student_token` is what a replayed
    submission shows to use the clock and the like (default: a random one). A `tied` instance ends with
    the process that started it, however that ends. One that is `cut_off` reaches neither the network nor
    folders of this machine, where the system can do that (`Instance.is_cut_off`). The folders of a
    `function_group` are control groups that its functions join. Raises StackError with the next step.
    """
    root = home or paths.home()
    if port is None:
        port = free_port() if ephemeral else default_port()
    existing = find(port, root)
    if existing is not None:
        if existing.world == world and existing.ephemeral == ephemeral:
            _await_ready(existing, None)
            return existing
        stop(existing)
    _require_free(port, host)
    if ephemeral:
        paths.require_space(root)
        directory = Path(tempfile.mkdtemp(prefix=f"world-{world}-", dir=_scratch(root)))
    else:
        directory = paths.world(world, root)
        paths.require_space(directory)
        _require_unopened(world, root)
    run_directory = paths.run(port, root)
    _reset_run_directory(run_directory)
    token = secrets.token_urlsafe(24)
    student_token = student_token or secrets.token_urlsafe(24)
    environment = settings.emulator_environment(
        port=port,
        host=host,
        world=world,
        world_directory=directory,
        run_directory=run_directory,
        ephemeral=ephemeral,
    )
    if services:
        environment["SANDBOX_PRELOAD"] = ",".join(services)
    if tied:
        environment["SANDBOX_OWNER_PID"] = str(os.getpid())
    if cut_off:
        environment["SANDBOX_CUT_OFF"] = "1"
        # LocalStack's name for "run this folder": nobody's guess.
        environment["BUCKET_MARKER_LOCAL"] = secrets.token_hex(16)
    if function_group:
        environment["SANDBOX_FUNCTION_GROUP"] = os.pathsep.join(map(str, function_group))
    environment["SANDBOX_ADMIN_TOKEN"] = token
    environment["SANDBOX_STUDENT_TOKEN"] = student_token
    with (run_directory / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stack.supervisor", str(run_directory)],
            env=environment,
            cwd=run_directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = Instance(
        world=world,
        port=port,
        host=host,
        mode="embedded",
        supervisor_pid=process.pid,
        directory=str(directory),
        run_directory=str(run_directory),
        ephemeral=ephemeral,
        started_at=time.time(),
        token=token,
        student_token=student_token,
    )
    record = run_directory / "instance.json"
    record.touch(mode=0o600)
    record.write_text(json.dumps(asdict(started), indent=2))
    _await_ready(started, process)
    return started


def stop(instance: Instance) -> None:
    """End `instance`; its world is saved first by the emulator itself."""
    pid = instance.supervisor_pid
    if instance.alive():
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while instance.alive() and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.01)
        if instance.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            _reap(pid)
    run_directory = Path(instance.run_directory)
    (run_directory / "instance.json").unlink(missing_ok=True)
    shutil.rmtree(run_directory / "tmp", ignore_errors=True)
    if instance.ephemeral:
        shutil.rmtree(instance.directory, ignore_errors=True)
        shutil.rmtree(run_directory, ignore_errors=True)


def _await_ready(instance: Instance, process: subprocess.Popen | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process is not None and (code := process.poll()) is not None:
            _explain_failed_start(instance, code)
        if _accepts(instance.port) and instance.ready():
            return
        time.sleep(0.015)
    raise StackError(
        f"The sandbox did not get ready within {START_SECONDS:.0f} s.",
        f"Look at its log: {instance.log_file}",
    )


def _explain_failed_start(instance: Instance, code: int) -> None:
    tail = instance.log_file.read_text(errors="replace").strip().splitlines()[-12:]
    (Path(instance.run_directory) / "instance.json").unlink(missing_ok=True)
    for line in reversed(tail):
        if line.startswith("sandbox: "):
            raise StackError(line.removeprefix("sandbox: "))
    raise StackError(
        f"The emulator ended at once (exit code {code}).\n" + "\n".join(tail[-4:]),
        f"The whole log: {instance.log_file}",
    )


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A TCP port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _require_free(port: int, host: str) -> None:
    # A process that was killed a moment ago may still be giving its port back.
    deadline = time.monotonic() + 1.0
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except PermissionError:
                raise StackError(
                    f"Port {port} needs administrator rights.",
                    "Use one above 1024: SANDBOX_PORT=4566",
                ) from None
            except OSError:
                if time.monotonic() > deadline:
                    raise StackError(
                        f"Port {port} is in use by another program.",
                        "End that program, or take another port: "
                        f"SANDBOX_PORT={port + 1} make lab-1",
                    ) from None
        time.sleep(0.05)


def _require_unopened(world: str, root: Path) -> None:
    for other in running(root):
        if other.world == world and not other.ephemeral:
            raise StackError(
                f"World {world} is already open in the sandbox on port {other.port}.",
                f"Use that one (SANDBOX_PORT={other.port}), or stop it: sandbox down --port {other.port}",
            )


def _scratch(root: Path) -> Path:
    folder = root / "ephemeral"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _reset_run_directory(folder: Path) -> None:
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    log = folder / "log.txt"
    if log.exists():
        log.replace(folder / "log.previous.txt")


def _reap(pid: int) -> None:
    # Only our own children can be waited for; a supervisor of an earlier command is init's.
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)


def _is_supervisor(pid: int) -> bool:
    return _runs(pid, "sandbox.stack.supervisor")


def _runs(pid: int, module: str) -> bool:
    """Whether `pid` is a Python process of `module`, not another program with a reused number."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return module in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
