"""One execution environment: a runtime process, its variables, and the log lines around each event.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.emulator import clock, world
from sandbox.emulator.lambda_ import launch, runtimes
from sandbox.emulator.lambda_.output import Event, text_of
from sandbox.emulator.lambda_.platform_log import PlatformLog, stamp
from sandbox.emulator.lambda_.process import Ended, OutOfMemory, RuntimeProcess, TimedOut
from sandbox.emulator.lambda_.role import Session

INIT_SECONDS = 10.0
MOST_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
Chunk = Callable[[bytes, dict[str, str]], None]


@dataclass(slots=True)
class Outcome:
    """What came of one event. `payload` is JSON; `kind` names a platform error for the REPORT line."""

    request_id: str
    payload: bytes
    is_error: bool
    events: list[Event] = field(default_factory=list)
    executed_version: str = "$LATEST"
    kind: str = ""
    duration: float = 0.0
    # Headers of a streamed answer.
    headers: dict[str, str] = field(default_factory=dict)
    log_stream: str = ""

    @property
    def logs(self) -> str:
        """The log of this event as text."""
        return text_of(self.events)


@dataclass(slots=True)
class Work:
    """One event on its way to a function."""

    request_id: str
    payload: bytes
    invoked_arn: str
    trace: str = ""
    client_context: str = ""
    identity: str = ""


class Environment:
    """Runs events one after the other; `run` is called by one thread at a time, `close` by any."""

    def __init__(self, version: Any, session: Session, initialization: str = "on-demand") -> None:
        self.id = uuid.uuid4().hex
        self.version = version
        self.session = session
        self.initialization = initialization
        # AWS's streams carry the day on which the environment began.
        self.log_stream = f"{clock.now():%Y/%m/%d}/[{version.id.qualifier}]{uuid.uuid4().hex}"
        self.runtime = runtimes.find(version.config.runtime)
        self.log = PlatformLog(version)
        self.last_used = time.monotonic()
        self.closed = False
        self._process: RuntimeProcess | None = None
        self._init_events: list[Event] = []
        self._init_seconds: float | None = None
        self._namespaces: tuple[int, ...] = ()
        self._folder = world.run_directory("tmp", "lambda", "environments", self.id[:12])

    # Life

    def initialize(self) -> None:
        """Start the runtime ahead of the first event (provisioned concurrency); failures show at that event."""
        with contextlib.suppress(_Failure):
            self._initialize(uuid.uuid4().hex, self.version.config.timeout)

    def close(self) -> None:
        """End the runtime; an event that runs ends with an error."""
        self.closed = True
        process = self._process
        if process is not None:
            process.kill()

    def dispose(self) -> None:
        """Close and give back files; not while an event runs."""
        self.close()
        self._drop()
        self._leave_namespaces()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The runtime's process."""
        return self._process.pid if self._process else None

    # Events

    def run(self, work: Work, on_chunk: Chunk | None = None) -> Outcome:
        """Give one event to the function and wait for what comes of it."""
        config = self.version.config
        events: list[Event] = []
        init_seconds: float | None = None
        kind = ""
        duration = 0.0
        headers: dict[str, str] = {}
        begun = time.monotonic()
        streamed = [0]
        try:
            for attempt in (1, 2):
                self._ensure_running(work.request_id, config.timeout)
                assert self._process is not None
                if attempt == 1 or not events:
                    events = self._start_events(work)
                init_seconds, self._init_seconds = self._init_seconds, None
                deadline_ms = int((time.time() + config.timeout) * 1000)
                try:
                    # After its last answer it may still be on its way to ask.
                    self._process.await_ready(config.timeout)
                    begun = time.monotonic()
                    self._process.send_event(_event_headers(work, deadline_ms), work.payload)
                    break
                except Ended:
                    # It had ended after its last answer and nobody knew yet.
                    self._drop()
                    if attempt == 2:
                        raise
            assert self._process is not None

            def forward(chunk: bytes, sent: dict[str, str]) -> None:
                streamed[0] += len(chunk)
                if on_chunk is not None:
                    on_chunk(chunk, sent)

            answer = self._process.wait(
                begun + config.timeout,
                memory_kilobytes=config.memory_size * 1024,
                on_chunk=forward if on_chunk is not None else None,
            )
            duration = time.monotonic() - begun
            payload, failed, headers = answer.body, answer.kind != "response", answer.headers
            if answer.kind == "next":
                # A runtime that asks for the next event without having answered this one.
                payload, failed = b"null", False
            if len(payload) > MOST_RESPONSE_BYTES and not answer.streamed:
                kind = "Function.ResponseSizeTooLarge"
                failed = True
                payload = _error_body(
                    kind,
                    "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
                )
            elif on_chunk is not None and not answer.streamed and not failed:
                on_chunk(payload, answer.headers)
        except _Failure as failure:
            duration = time.monotonic() - begun
            payload, failed, kind = failure.payload, True, failure.kind
            init_seconds = None
            events = events or self._start_events(work)
        except TimedOut:
            duration = float(config.timeout)
            kind, failed = "timeout", True
            text = f"Task timed out after {config.timeout:.2f} seconds"
            payload = _error_body("Sandbox.Timedout", f"RequestId: {work.request_id} Error: {text}")
            events += self._take()
            events += self.log.fault(f"{stamp()} {work.request_id} {text}\n\n")
            self._drop()
        except (OutOfMemory, Ended) as end:
            duration = time.monotonic() - begun
            kind, failed = "Runtime.ExitError", True
            reason = _exit_reason(end)
            message = f"RequestId: {work.request_id} Error: {reason}"
            payload = _error_body(kind, message)
            events += self._take()
            events += self.log.fault(f"{message}\n{kind}\n")
            self._drop()
        if self._process is not None:
            events += self._take()
            self._process.memory()
        events += self._end_events(work, duration, init_seconds, kind)
        self.last_used = time.monotonic()
        return Outcome(
            work.request_id,
            payload,
            failed,
            events,
            self.version.id.qualifier,
            kind,
            duration,
            headers,
            self.log_stream,
        )

    # Starting

    def _ensure_running(self, request_id: str, seconds: float) -> None:
        if self._process is not None and self._process.pending():
            self._drop()
        if self._process is None:
            self._initialize(request_id, seconds)

    def _initialize(self, request_id: str, seconds: float) -> None:
        began = time.monotonic()
        version = self.runtime.version or self.runtime.identifier
        self._init_events = self.log.init_start(
            f"{self.runtime.family}:{version}", _runtime_arn(self.version), self.initialization
        )
        if self.runtime.warning:
            self._init_events += self.log.warning(self.runtime.warning)
        # An initialization that takes longer than AWS gives it goes on with the function's own time.
        limit = began + INIT_SECONDS + (seconds if self.initialization == "on-demand" else 120)
        try:
            process = launch.start(
                self.version, self.runtime, self.variables(), self._folder, self._namespaces
            )
            self._process = process
            if self.closed:
                process.kill()
            answer = process.wait(limit, memory_kilobytes=self.version.config.memory_size * 1024)
        except TimedOut:
            self._fail_initialization(
                began,
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
                "timeout",
            )
        except launch.NoEntrypoint as missing:
            self._fail_initialization(
                began, "Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: {missing}"
            )
        except (OutOfMemory, Ended) as end:
            reason = end.reason if isinstance(end, Ended) else ""
            if reason and (self._leave_namespaces() or launch.without_walls(reason)):
                self._drop()
                self._initialize(request_id, seconds)
                return
            self._fail_initialization(
                began, "Runtime.ExitError", f"RequestId: {request_id} Error: {_exit_reason(end)}"
            )
        else:
            if answer.kind == "init_error":
                kind = answer.headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")
                self._fail_initialization(began, kind, body=answer.body)
            self._init_seconds = time.monotonic() - began
            self._init_events += process.output.take()
            if not self._namespaces:
                self._namespaces = process.namespaces()

    def _fail_initialization(
        self,
        began: float,
        kind: str,
        message: str = "",
        status: str = "error",
        body: bytes | None = None,
    ) -> None:
        if self._process is not None:
            self._init_events += self._take()
        if message:
            self._init_events += self.log.fault(f"{message}\n{kind}\n")
        seconds = time.monotonic() - began
        self._init_events += self.log.init_report(self.initialization, seconds, status, kind)
        self._drop()
        raise _Failure(kind, body or _error_body(kind, message))

    def variables(self) -> dict[str, str]:
        """The environment variables of the runtime.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        config, identity = self.version.config, self.version.id
        port = os.environ.get("GATEWAY_LISTEN", "127.0.0.1:4566").rpartition(":")[2]
        found = {
            "AWS_LAMBDA_FUNCTION_NAME": identity.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": identity.qualifier,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": self.initialization,
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group(self.version),
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_REGION": identity.region,
            "AWS_DEFAULT_REGION": identity.region,
            "AWS_ACCESS_KEY_ID": self.session.access_key,
            "AWS_SECRET_ACCESS_KEY": self.session.secret,
            "AWS_SESSION_TOKEN": self.session.token,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
            "_AWS_XRAY_DAEMON_PORT": "2000",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "_HANDLER": config.handler or "",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        }
        if self.runtime.family != "provided":
            found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{self.runtime.identifier}"
        logging_config = config.logging_config or {}
        if logging_config.get("LogFormat") == "JSON":
            found["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
            found["AWS_LAMBDA_LOG_LEVEL"] = logging_config.get("ApplicationLogLevel", "INFO")
        found |= {name: str(value) for name, value in (config.environment or {}).items()}
        return found

    # Lines

    def _start_events(self, work: Work) -> list[Event]:
        events, self._init_events = self._init_events, []
        return events + self.log.start(work.request_id)

    def _end_events(
        self, work: Work, duration: float, init_seconds: float | None, kind: str
    ) -> list[Event]:
        config = self.version.config
        peak = self._process.peak_kilobytes if self._process else self._last_peak
        used = min(math.ceil(peak / 1024), config.memory_size) if peak else config.memory_size
        shown = init_seconds if self.initialization == "on-demand" else None
        return self.log.end(work.request_id, duration, shown, used, kind)

    _last_peak = 0

    def _take(self) -> list[Event]:
        if self._process is None:
            return []
        return self._process.output.take()

    def _leave_namespaces(self) -> bool:
        """Give up what the environment's earlier process left; False when there is nothing."""
        numbers, self._namespaces = self._namespaces, ()
        for number in numbers:
            os.close(number)
        return bool(numbers)

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._last_peak = process.peak_kilobytes
            process.close()


class _Failure(Exception):
    """The runtime did not get as far as its first event."""

    def __init__(self, kind: str, payload: bytes) -> None:
        super().__init__(kind)
        self.kind = kind
        self.payload = payload


def log_group(version: Any) -> str:
    """Where a version logs to."""
    chosen = (version.config.logging_config or {}).get("LogGroup")
    return chosen or f"/aws/lambda/{version.id.function_name}"


def _event_headers(work: Work, deadline_ms: int) -> dict[str, str]:
    headers = {
        "Lambda-Runtime-Aws-Request-Id": work.request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": work.invoked_arn,
        "Lambda-Runtime-Trace-Id": work.trace,
    }
    if work.client_context:
        # The API carries it in base64, runtimes get the JSON.
        with contextlib.suppress(ValueError):
            text = base64.b64decode(work.client_context).decode()
            headers["Lambda-Runtime-Client-Context"] = json.dumps(json.loads(text))
    if work.identity:
        headers["Lambda-Runtime-Cognito-Identity"] = work.identity
    return headers


def _exit_reason(end: Exception) -> str:
    if isinstance(end, OutOfMemory):
        return "Runtime exited with error: signal: killed"
    code = getattr(end, "code", None)
    if code is None or code == 0:
        return getattr(end, "reason", "") or "Runtime exited without providing a reason"
    if code < 0:
        name = {9: "killed", 11: "segmentation fault", 6: "aborted", 15: "terminated"}.get(-code)
        return f"Runtime exited with error: signal: {name or -code}"
    return f"Runtime exited with error: exit status {code}"


def _error_body(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()


def _runtime_arn(version: Any) -> str:
    found = version.config.runtime_version_config or {}
    return found.get("RuntimeVersionArn", "")


def clean_run_directory() -> None:
    """Remove what environments of a crashed emulator left."""
    shutil.rmtree(Path(world.run_directory("tmp", "lambda")) / "environments", ignore_errors=True)
