"""Functions' logs on their way into CloudWatch Logs.

Events are collected for a moment and written in one go per stream; whoever asks CloudWatch Logs for
anything finds them complete, because the gateway flushes first. The execution role decides whether there are
logs at all, as on AWS.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, NamedTuple

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator.lambda_.output import Event

LOG = logging.getLogger(__name__)
BATCH_SECONDS = 0.1
# Logs change all the time; a state file is written this often.
SAVE_SECONDS = 3.0
DECISION_SECONDS = 1.0
MOST_EVENTS = 50_000


class Target(NamedTuple):
    """Where events belong, and whose permission it takes."""

    account: str
    region: str
    group: str
    stream: str
    role: str
    function: str


_waiting: dict[Target, list[Event]] = {}
_changed = threading.Condition()
_writing = 0
_started = False
_next_save = 0.0
_decisions: dict[tuple[str, str, str], tuple[float, bool]] = {}


class FlushHandler(Handler):
    """Completes the logs before CloudWatch Logs answers anything."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.service and context.service.service_name == "logs" and _started:
            flush()


def write(target: Target, events: list[Event]) -> None:
    """Add events to a stream, soon."""
    global _started
    with _changed:
        if not _started:
            _started = True
            from sandbox.emulator.state import saver

            saver.before_leaving(_flush_for_good)
            threading.Thread(target=_run, name="lambda-logs", daemon=True).start()
        _waiting.setdefault(target, []).extend(events)
        if len(_waiting) == 1:
            _changed.notify()


def flush(wait_seconds: float = 2.0) -> None:
    """Write what waits; returns when it is there."""
    _write_all()
    with _changed:
        # Another thread may be in the middle of it. Not for ever: a subscription filter may be asking.
        _changed.wait_for(lambda: not _writing, timeout=wait_seconds)


def _run() -> None:
    while True:
        with _changed:
            _changed.wait_for(lambda: bool(_waiting))
        time.sleep(BATCH_SECONDS)
        try:
            _write_all()
        except Exception:
            LOG.exception("logs of functions could not be written")


def _write_all() -> None:
    global _waiting, _writing, _next_save
    with _changed:
        if not _waiting:
            return
        batch, _waiting = _waiting, {}
        _writing += 1
    try:
        for target, events in batch.items():
            try:
                _write(target, events)
            except Exception as error:
                LOG.warning("logs of %s: %s", target.function, error)
    finally:
        with _changed:
            _writing -= 1
            _changed.notify_all()
    now = time.monotonic()
    if now >= _next_save:
        _next_save = now + SAVE_SECONDS
        timer = threading.Timer(SAVE_SECONDS - 0.5, _mark)
        timer.daemon = True
        timer.start()


def _flush_for_good() -> None:
    flush()
    _mark()


def _mark() -> None:
    from sandbox.emulator.state import saver

    saver.mark("logs")


def _write(target: Target, events: list[Event]) -> None:
    from sandbox.emulator.state import restore

    restore.ensure("logs")
    from moto.logs.models import logs_backends

    backend = logs_backends[target.account][target.region]
    if not _prepare(backend, target):
        return
    entries = [
        {"timestamp": event.timestamp, "message": event.message}
        for event in sorted(events, key=lambda event: event.timestamp)
    ]
    if backend.filters.metric_filters:
        _put_through_service(target, entries)
    else:
        backend.put_log_events(target.group, target.stream, entries)
    trim(backend.groups[target.group])


def trim(group: Any) -> None:
    """Forget a group's oldest events when it has too many: all of them are in memory and in every save."""
    total = sum(len(stream.events) for stream in group.streams.values())
    if total <= MOST_EVENTS:
        return
    excess = total - MOST_EVENTS * 9 // 10
    for stream in sorted(group.streams.values(), key=lambda stream: stream.creation_time):
        dropped = min(excess, len(stream.events))
        del stream.events[:dropped]
        excess -= dropped
        if not excess:
            return


def _prepare(backend: Any, target: Target) -> bool:
    """Whether the stream is there, or could be made with the role's permissions."""
    arn = f"arn:aws:logs:{target.region}:{target.account}:log-group:{target.group}"
    group = backend.groups.get(target.group)
    if group is None:
        if not _may(target, "logs:CreateLogGroup", arn):
            return False
        backend.create_log_group(target.group, {})
        group = backend.groups[target.group]
    stream_arn = f"{arn}:log-stream:{target.stream}"
    if target.stream not in group.streams:
        if not _may(target, "logs:CreateLogStream", arn):
            return False
        group.create_log_stream(target.stream)
    return _may(target, "logs:PutLogEvents", stream_arn)


def _may(target: Target, action: str, arn: str) -> bool:
    from sandbox.emulator.lambda_ import role

    key = (target.role, action, arn)
    known = _decisions.get(key)
    now = time.monotonic()
    if known is not None and known[0] > now:
        return known[1]
    if len(_decisions) > 1000:
        _decisions.clear()
    # A group's own policies are written with and without the star at the end.
    found = role.may(target.role, target.function, action, arn) or role.may(
        target.role, target.function, action, f"{arn}:*"
    )
    _decisions[key] = (now + DECISION_SECONDS, found)
    return found


def _put_through_service(target: Target, entries: list[dict[str, Any]]) -> None:
    from localstack.aws.connect import connect_to

    client = connect_to(aws_access_key_id=target.account, region_name=target.region).logs
    client.put_log_events(logGroupName=target.group, logStreamName=target.stream, logEvents=entries)
