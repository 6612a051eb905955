"""The DynamoDB engine: one process of dynoxide per account and region.

A process has one namespace of tables, so accounts and regions get one each, started on first use. It
listens on loopback only and keeps its tables in `WORLD/dynamodb/ACCOUNT-REGION.sqlite`, where every
acknowledged write is on disk; an ephemeral world's engine keeps them in memory. It never outlives the
emulator, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from sandbox.emulator import main as emulator_main
from sandbox.emulator import world
from sandbox.emulator.dynamodb.connection import ConnectionPool, NoAnswer, NotSent
from sandbox.stack import node_packages
from sandbox.stack.errors import StackError

START_SECONDS = 10.0
START_TRIES = 3
# With the default stack one deeply nested condition expression would end the process.
STACK_BYTES = str(64 * 1024 * 1024)
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")

# Access was decided before; the engine only wants the header to be there.
HEAD = b"\r\n".join(
    (
        b"POST / HTTP/1.1",
        b"Host: localhost",
        b"Content-Type: application/x-amz-json-1.0",
        b"X-Amz-Target: %b",
        b"X-Amz-Date: 20260101T000000Z",
        b"Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, "
        b"SignedHeaders=host;x-amz-date, Signature=0",
    )
)

READS = frozenset(
    {
        "BatchGetItem",
        "DescribeStream",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",
        "ListTables",
        "ListTagsOfResource",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)

# Runs the engine and ends it when the emulator's end of the pipe closes: at a kill -9 as well, on every
# Unix, and independent of which thread started it (unlike PR_SET_PDEATHSIG).
GUARD = """
exec 3<&0
"$@" 3<&- </dev/null >>"$SANDBOX_ENGINE_LOG" 2>&1 &
engine=$!
echo "$engine"
(read -r _ <&3; kill -9 "$engine") >/dev/null 2>&1 &
guard=$!
wait "$engine"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
"""


class EngineFailure(Exception):
    """The engine cannot be started, or ended in the middle of a write."""


class Engine:
    """The engine of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._pool: ConnectionPool | None = None
        self._pid: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the engine itself, None before its first use."""
        return self._pid

    def request(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Send `body` for the `X-Amz-Target` and return (status, answer).

        A dead engine is started again. The request is then repeated if it cannot have been processed or
        only reads; otherwise EngineFailure is raised, as AWS answers InternalServerError, and the
        client decides.
        """
        head = HEAD % target.encode()
        pool = self.start()
        try:
            return pool.post(head, body)
        except NotSent:
            pass
        except NoAnswer as error:
            if target.rpartition(".")[2] not in READS:
                raise EngineFailure("The engine ended while it worked on the request.") from error
        try:
            return self._restart(pool).post(head, body)
        except (NotSent, NoAnswer) as error:
            raise EngineFailure("The DynamoDB engine does not answer.") from error

    def start(self) -> ConnectionPool:
        """Start the process if it does not run; raises EngineFailure with the reason."""
        if self._pool is not None:
            return self._pool
        with self._lock:
            if self._pool is None:
                self._pool = self._launch()
            return self._pool

    def stop(self) -> None:
        """End the process; its tables stay in the world's folder."""
        with self._lock:
            self._end()

    def _restart(self, broken: ConnectionPool) -> ConnectionPool:
        with self._lock:
            # Of several threads that found it dead, the first one starts it again.
            if self._pool is broken or self._pool is None:
                self._end()
                self._pool = self._launch()
            return self._pool

    def _launch(self) -> ConnectionPool:
        try:
            program = node_packages.engine_program()
        except StackError as error:
            raise EngineFailure(f"{error} {error.hint or ''}".strip()) from error
        arguments: list[str] = []
        if not world.ephemeral():
            database = world.directory("dynamodb") / f"{self.account}-{self.region}.sqlite"
            _end_stray(database)
            arguments = ["--db-path", str(database)]
        log = _run_directory() / f"dynamodb-{self.account}-{self.region}.log"
        for _ in range(START_TRIES):
            port = _free_port()
            command = [
                str(program),
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                *arguments,
            ]
            self._process, self._pid = _run_guarded(command, log)
            if arguments:
                _pid_file(database).write_text(str(self._pid))
            if _await_port(port, self._process):
                return ConnectionPool(port)
            self._end()
        raise EngineFailure(f"The DynamoDB engine did not start: {_last_line(log)}")

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._process is None:
            return
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._process = None
        self._pid = None


_engines: dict[tuple[str, str], Engine] = {}
_engines_lock = threading.Lock()


def of(account: str, region: str) -> Engine:
    """The engine of an account and region, made (not started) on first use.

    Raises ValueError for a region that is not written like one: the name becomes a file's name.
    """
    found = _engines.get((account, region))
    if found is not None:
        return found
    if not REGION.fullmatch(region) or not account.isdigit():
        raise ValueError(region)
    with _engines_lock:
        if not _engines:
            emulator_main.on_leave(stop_all)
        return _engines.setdefault((account, region), Engine(account, region))


def known() -> list[tuple[str, str]]:
    """Account and region of every engine that runs or has tables on disk."""
    found = set(_engines)
    if not world.ephemeral():
        for file in world.directory("dynamodb").glob("*.sqlite"):
            account, _, region = file.stem.partition("-")
            found.add((account, region))
    return sorted(found)


def warm(account: str = "000000000000", region: str = "us-east-1") -> None:
    """Start an engine ahead of its first request; a failure shows at that request."""
    with contextlib.suppress(EngineFailure):
        of(account, region).start()


def stop_all() -> None:
    """End every engine process."""
    for engine in list(_engines.values()):
        engine.stop()


def _run_guarded(command: list[str], log: Path) -> tuple[subprocess.Popen, int]:
    """Run `command` so that it ends with this process; returns (the guard, the program's pid)."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "RUST_MIN_STACK": STACK_BYTES,
        "SANDBOX_ENGINE_LOG": str(log),
    }
    shell = shutil.which("sh")
    if shell is None:
        # Without a Unix shell nothing guards it: an orderly end stops it, and the pid file finds a stray.
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return process, process.pid
    process = subprocess.Popen(
        [shell, "-c", GUARD, "dynamodb-engine", *command],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with process.stdout as output:
        pid = int(output.readline())
    return process, pid


def _await_port(port: int, process: subprocess.Popen) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            if process.poll() is not None:
                return False
            time.sleep(0.001)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _pid_file(database: Path) -> Path:
    return database.with_suffix(".pid")


def _end_stray(database: Path) -> None:
    """End an engine that an earlier emulator left behind on this database."""
    import psutil

    try:
        process = psutil.Process(int(_pid_file(database).read_text()))
        if str(database) in process.cmdline():
            process.kill()
            process.wait(timeout=5)
    except (OSError, ValueError, psutil.Error):
        return


def _run_directory() -> Path:
    named = os.environ.get("SANDBOX_RUN_DIR")
    folder = Path(named) if named else world.directory("dynamodb")
    # The log must be writable, or the program would not start for no visible reason.
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1][:300] if lines else "it gave no reason."
