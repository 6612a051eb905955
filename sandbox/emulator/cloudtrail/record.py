"""The world's record of requests: who asked for what, how it ended, and which rule decided.

The gateway appends to a queue in memory; a thread writes the queue to SQLite and keeps the file bounded.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Response

from sandbox.emulator import clock, world
from sandbox.emulator.access import principal
from sandbox.emulator.access.actions.operations import prefix_of

LOG = logging.getLogger(__name__)
MOST_EVENTS = 20_000
PRUNE_EVERY = 1_000
PAUSE_SECONDS = 0.5
LONGEST_PARAMETER = 300
SECRET = re.compile(r"password|secret|token|privatekey|plaintext", re.IGNORECASE)
COLUMNS = (
    "time",
    "event_id",
    "request_id",
    "account",
    "caller_type",
    "caller",
    "user_id",
    "access_key",
    "user_name",
    "service",
    "operation",
    "action",
    "resource",
    "region",
    "source_ip",
    "user_agent",
    "status",
    "error_code",
    "error_message",
    "outcome",
    "rule",
    "parameters",
)

_queue: deque[tuple] = deque(maxlen=MOST_EVENTS)
_wake = threading.Event()
_file_lock = threading.Lock()
_database: sqlite3.Connection | None = None
_written = 0
_thread: threading.Thread | None = None


def finish_request(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Finalizer of the gateway chain: record the request, unless the emulator asked itself."""
    decision = getattr(context, "sandbox_decision", None)
    if context.service is None and decision is None:
        return
    caller = principal.of(context)
    if caller.trusted:
        return
    error = context.service_exception
    request = context.request
    refused = decision is not None and not decision.allowed
    # Websites and APIs are no services of the chain; the decision tells whose they are.
    if context.service is not None:
        service = context.service.service_name
    else:
        service = decision.action.partition(":")[0] if decision else ""
    if context.operation is not None:
        operation = context.operation.name
    else:
        operation = decision.action.partition(":")[2] if decision else "Unknown"
    code = getattr(error, "code", None) or (type(error).__name__ if error else None)
    _queue.append(
        (
            clock.time(),
            uuid.uuid4().hex,
            context.request_id,
            caller.account,
            caller.kind.value,
            caller.arn,
            caller.user_id,
            caller.access_key,
            caller.name,
            service,
            operation,
            decision.action if decision else f"{prefix_of(service)}:{operation}",
            _resource(decision, context),
            context.region or "us-east-1",
            request.remote_addr,
            request.headers.get("User-Agent", ""),
            response.status_code,
            code or ("AccessDenied" if refused and response.status_code == 403 else None),
            getattr(error, "message", None) if error else None,
            decision.outcome.value if decision else None,
            decision.rule if decision else _unproven(context),
            context.service_request,
        )
    )
    _ensure_thread()


def _unproven(context: RequestContext) -> str | None:
    """Why a caller was refused before anybody asked what it may."""
    if hasattr(context, "sandbox_principal") or context.service_exception is None:
        return None
    return "the caller could not prove who it is"


def _resource(decision: Any, context: RequestContext) -> str:
    if decision is not None and decision.resource != "*":
        return decision.resource
    return ""


def _ensure_thread() -> None:
    global _thread
    if _thread is None:
        with _file_lock:
            if _thread is None:
                _thread = threading.Thread(target=_run, name="sandbox-events", daemon=True)
                _thread.start()
    _wake.set()


def _run() -> None:
    while True:
        _wake.wait()
        time.sleep(PAUSE_SECONDS)
        _wake.clear()
        try:
            flush()
        except Exception:
            LOG.exception("the record of requests could not be written")


def _open() -> sqlite3.Connection:
    global _database
    if _database is None:
        path = world.directory("events") / "events.sqlite"
        database = sqlite3.connect(path, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA cache_size = -256")
        columns = ", ".join(COLUMNS)
        database.execute(
            f"CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})"
        )
        _database = database
    return _database


def flush() -> None:
    """Write what is queued."""
    global _written
    with _file_lock:
        rows = []
        while _queue:
            row = _queue.popleft()
            rows.append((*row[:-1], _parameters(row[-1])))
        if not rows:
            return
        database = _open()
        marks = ", ".join("?" * len(COLUMNS))
        with database:
            database.executemany(f"INSERT INTO event ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
            _written += len(rows)
            if _written >= PRUNE_EVERY:
                _written = 0
                database.execute(
                    "DELETE FROM event WHERE id <= (SELECT MAX(id) FROM event) - ?", (MOST_EVENTS,)
                )


def _parameters(request: Any) -> str:
    """The short parameters of a request as JSON, without secrets and bodies."""
    found: dict[str, Any] = {}
    if isinstance(request, Mapping):
        for name, value in request.items():
            if SECRET.search(name):
                found[name] = "HIDDEN_DUE_TO_SECURITY_REASONS"
            elif isinstance(value, bool | int | float) or (
                isinstance(value, str) and len(value) <= LONGEST_PARAMETER
            ):
                found[name] = value
            elif isinstance(value, str):
                found[name] = value[:LONGEST_PARAMETER] + "..."
    return json.dumps(found, default=str)


def read(
    *,
    denied: bool = False,
    service: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The newest events (oldest of them first), or with `after` those that followed that id."""
    conditions: list[str] = []
    values: list[Any] = []
    if denied:
        conditions.append(
            "(status IN (401, 403) OR outcome IN ('explicitDeny', 'implicitDeny') "
            "OR error_code LIKE '%AccessDenied%')"
        )
    if service:
        conditions.append("service = ?")
        values.append(service)
    if after is not None:
        conditions.append("id > ?")
        values.append(after)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "ASC" if after is not None else "DESC"
    rows = select(f"{where} ORDER BY id {order} LIMIT ?", *values, limit)
    return rows if after is not None else rows[::-1]


def select(clause: str, *values: Any) -> list[dict[str, Any]]:
    """Events by an SQL clause that follows `FROM event`."""
    flush()
    with _file_lock:
        cursor = _open().execute(f"SELECT id, {', '.join(COLUMNS)} FROM event {clause}", values)
        return [dict(zip(("id", *COLUMNS), row, strict=True)) for row in cursor.fetchall()]


def newest_id() -> int:
    """The id of the newest event, 0 without any."""
    flush()
    with _file_lock:
        return _open().execute("SELECT COALESCE(MAX(id), 0) FROM event").fetchone()[0]
