"""Lines for CloudWatch Logs, written by a thread of their own so that no call waits for them."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from sandbox.emulator import clock

LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 0.3
MOST_WAITING = 10_000
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.\-]+)")

# (account, region, group, stream), time in ms, message
_queue: deque[tuple[tuple[str, str, str, str], int, str]] = deque(maxlen=MOST_WAITING)
_wake = threading.Event()
_started = False
_lock = threading.Lock()


def write(account: str, region: str, group: str, stream: str, message: str) -> None:
    """Note a line; it is in CloudWatch Logs a moment later."""
    global _started
    _queue.append(((account, region, group, stream), int(clock.time() * 1000), message))
    if not _started:
        with _lock:
            if not _started:
                threading.Thread(target=_run, name="sandbox-api-logs", daemon=True).start()
                _started = True
    _wake.set()


def formatted(template: str, lookup: Callable[[str], Any]) -> str:
    """An access log line: `$context` variables put in, `-` for those without a value."""

    def text(found: re.Match[str]) -> str:
        value = lookup(found[1].rstrip("."))
        tail = "." if found[1].endswith(".") else ""
        return ("-" if value is None else str(value)) + tail

    return _VARIABLE.sub(text, template)


def group_of(arn: str) -> str:
    """The name of the log group that `arn:aws:logs:REGION:ACCOUNT:log-group:NAME` names."""
    return arn.partition(":log-group:")[2].removesuffix(":*")


def _run() -> None:
    while True:
        _wake.wait()
        time.sleep(PAUSE_SECONDS)
        _wake.clear()
        batches: dict[tuple[str, str, str, str], list[dict[str, Any]]] = defaultdict(list)
        while _queue:
            place, moment, message = _queue.popleft()
            batches[place].append({"timestamp": moment, "message": message})
        for place, events in batches.items():
            try:
                _put(place, sorted(events, key=lambda event: event["timestamp"]))
            except Exception as error:
                LOG.warning("could not write to log group %s: %s", place[2], error)


def _put(place: tuple[str, str, str, str], events: list[dict[str, Any]]) -> None:
    from botocore.exceptions import ClientError
    from localstack.aws.connect import connect_to

    account, region, group, stream = place
    client = connect_to(aws_access_key_id=account, region_name=region).logs
    names = {"logGroupName": group, "logStreamName": stream}
    try:
        client.put_log_events(**names, logEvents=events)
    except ClientError:
        for make, values in (
            (client.create_log_group, {"logGroupName": group}),
            (client.create_log_stream, names),
        ):
            try:
                make(**values)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise
        client.put_log_events(**names, logEvents=events)
    from sandbox.emulator.state import saver

    saver.mark("logs")
