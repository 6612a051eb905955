"""The lines that Lambda itself writes into a function's log, as text or as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.emulator.lambda_.output import Event

# Of what AWS calls system log levels; a line that is less important than the function's level is left out.
LEVELS = ("DEBUG", "INFO", "WARN")


class PlatformLog:
    """Makes the lines of one function version."""

    def __init__(self, version: Any) -> None:
        logging_config = version.config.logging_config or {}
        self.json = logging_config.get("LogFormat") == "JSON"
        self._least = LEVELS.index(logging_config.get("SystemLogLevel") or "INFO")
        self._version = version.id.qualifier
        self._memory = version.config.memory_size

    def init_start(self, runtime: str, runtime_arn: str, initialization: str) -> list[Event]:
        """An environment begins."""
        if self.json:
            record = {
                "initializationType": initialization,
                "phase": "init",
                "runtimeVersion": runtime,
                "runtimeVersionArn": runtime_arn,
            }
            return self._record("platform.initStart", record)
        return [
            line(f"INIT_START Runtime Version: {runtime}\tRuntime Version ARN: {runtime_arn}\n")
        ]

    def warning(self, text: str) -> list[Event]:
        """Something of the sandbox's own."""
        if self.json:
            found = {"timestamp": stamp(), "level": "WARN", "message": text}
            return [line(json.dumps(found, separators=(",", ":")) + "\n")]
        return [line(f"[WARN]\t{stamp()}\t\t{text}\n")]

    def init_report(
        self, initialization: str, seconds: float, status: str, kind: str
    ) -> list[Event]:
        """An environment could not begin; `status` is `error` or `timeout`."""
        if self.json:
            record: dict[str, Any] = {
                "initializationType": initialization,
                "metrics": {"durationMs": round(seconds * 1000, 2)},
                "phase": "init",
                "status": status,
            }
            if status == "error":
                record["errorType"] = kind
            return self._record("platform.initReport", record, "WARN")
        report = (
            f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: init\tStatus: {status}"
        )
        if status == "error":
            report += f"\tError Type: {kind}"
        return [line(report + "\n")]

    def start(self, request_id: str) -> list[Event]:
        """An event begins."""
        if self.json:
            record = {"requestId": request_id, "version": self._version}
            return self._record("platform.start", record)
        return [line(f"START RequestId: {request_id} Version: {self._version}\n")]

    def fault(self, text: str) -> list[Event]:
        """What Lambda says about a runtime that ended; JSON logs have it in the report."""
        return [] if self.json else [line(text)]

    def end(
        self,
        request_id: str,
        seconds: float,
        init_seconds: float | None,
        used_megabytes: int,
        kind: str,
    ) -> list[Event]:
        """An event is over; `kind` is empty, `timeout` or the type of a platform error."""
        milliseconds = seconds * 1000
        billed = math.ceil(milliseconds + (init_seconds or 0) * 1000)
        if self.json:
            metrics: dict[str, Any] = {
                "durationMs": round(milliseconds, 3),
                "billedDurationMs": billed,
                "memorySizeMB": self._memory,
                "maxMemoryUsedMB": used_megabytes,
            }
            if init_seconds is not None:
                metrics["initDurationMs"] = round(init_seconds * 1000, 3)
            status = "timeout" if kind == "timeout" else "error" if kind else "success"
            record = {"requestId": request_id, "metrics": metrics, "status": status}
            if status == "error":
                record["errorType"] = kind
            return self._record("platform.report", record, "WARN" if kind else "INFO")
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {billed} ms\tMemory Size: {self._memory} MB\t"
            f"Max Memory Used: {used_megabytes} MB\t"
        )
        if init_seconds is not None:
            report += f"Init Duration: {init_seconds * 1000:.2f} ms\t"
        if kind == "timeout":
            report += "Status: timeout\t"
        elif kind:
            report += f"Status: error\tError Type: {kind}\t"
        return [line(f"END RequestId: {request_id}\n"), line(report + "\n")]

    def _record(self, kind: str, record: dict[str, Any], level: str = "INFO") -> list[Event]:
        if LEVELS.index(level) < self._least:
            return []
        text = {"time": stamp(), "type": kind, "record": record}
        return [line(json.dumps(text, separators=(",", ":")) + "\n")]


def line(text: str) -> Event:
    """An event of this moment."""
    return Event(int(time.time() * 1000), text)


def stamp() -> str:
    """This moment as logs write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
