"""Asynchronous events: a queue that runs on the sandbox clock, retries, and what follows the last one.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
A failed event is tried again after one minute and after two more, as on AWS; `sandbox clock advance` makes
those minutes pass, `SANDBOX_LAMBDA_RETRY_SECONDS` shortens them.
"""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localstack.aws.api.lambda_ import TooManyRequestsException

from sandbox.emulator import clock
from sandbox.emulator.lambda_ import destinations, metrics
from sandbox.emulator.lambda_.environment import Outcome, Work
from sandbox.emulator.lambda_.models import WaitingEvent, event_stores
from sandbox.emulator.state import saver

LOG = logging.getLogger(__name__)
RETRY_SECONDS = float(os.environ.get("SANDBOX_LAMBDA_RETRY_SECONDS") or 60)
MOST_RETRIES = 2
OLDEST_SECONDS = 6 * 3600
LONGEST_THROTTLE_SECONDS = 300
MOST_AT_ONCE = 32


class Queue:
    """The events of all functions; each is run by a thread of a small pool when it is due."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._changed = threading.Condition()
        self._running: set[str] = set()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="lambda-event")
        self._started = False
        clock.on_advance(self._wake)

    def put(self, version: Any, qualifier: str | None, work: Work) -> None:
        """Accept an event for a version; `qualifier` is the one that was asked for."""
        now = clock.time()
        event = WaitingEvent(
            work.request_id,
            work.payload,
            work.invoked_arn,
            version.function_arn,
            qualifier or "$LATEST",
            work.trace,
            work.client_context,
            received=now,
            due=now,
        )
        _waiting(event)[event.request_id] = event
        self._wake()

    def restored(self) -> None:
        """Go on with what a saved world was waiting for."""
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="lambda-events", daemon=True).start()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                waiting = [e for e in _all() if e.request_id not in self._running]
                now = clock.time()
                ready = [event for event in waiting if event.due <= now]
                if not ready:
                    next_due = min((event.due for event in waiting), default=None)
                    self._changed.wait(None if next_due is None else max(0.0, next_due - now))
                    continue
                for event in ready:
                    self._running.add(event.request_id)
            for event in ready:
                self._pool.submit(self._try, event)

    def _try(self, event: WaitingEvent) -> None:
        try:
            over = self._handle(event)
        except Exception:
            LOG.exception("event %s of %s", event.request_id, event.version_arn)
            over = True
        if over:
            _waiting(event).pop(event.request_id, None)
        saver.mark("lambda")
        with self._changed:
            self._running.discard(event.request_id)
            self._changed.notify_all()

    def _handle(self, event: WaitingEvent) -> bool:
        """Run an event once; True when it is finished one way or the other."""
        try:
            version = self._provider.lambda_service.get_lambda_version_manager(event.version_arn)
        except ValueError:
            return True  # The function was deleted.
        function = version.function
        config = function.event_invoke_configs.get(event.qualifier)
        oldest = getattr(config, "maximum_event_age_in_seconds", None) or OLDEST_SECONDS
        retries = getattr(config, "maximum_retry_attempts", None)
        retries = MOST_RETRIES if retries is None else retries
        work = Work(
            event.request_id, event.payload, event.invoked_arn, event.trace, event.client_context
        )
        if function.reserved_concurrent_executions == 0:
            return self._give_up(event, version, config, None, "ZeroReservedConcurrency")
        try:
            outcome = self._provider.lambda_service.run(version, work)
        except TooManyRequestsException:
            pause = min(2**event.throttles, LONGEST_THROTTLE_SECONDS)
            event.throttles += 1
            return self._again(event, version, config, None, pause, oldest)
        event.attempts += 1
        if not outcome.is_error:
            destinations.succeeded(event, version, config, outcome)
            return True
        if event.attempts > retries:
            return self._give_up(event, version, config, outcome, "RetriesExhausted")
        pause = event.attempts * RETRY_SECONDS
        return self._again(event, version, config, outcome, pause, oldest)

    def _again(
        self,
        event: WaitingEvent,
        version: Any,
        config: Any,
        outcome: Outcome | None,
        pause: float,
        oldest: float,
    ) -> bool:
        due = clock.time() + pause
        if due - event.received > oldest:
            return self._give_up(event, version, config, outcome, "EventAgeExceeded")
        event.due = due
        return False

    def _give_up(
        self,
        event: WaitingEvent,
        version: Any,
        config: Any,
        outcome: Outcome | None,
        condition: str,
    ) -> bool:
        metrics.count(version.function_version.id, "AsyncEventsDropped")
        destinations.failed(event, version, config, outcome, condition)
        destinations.to_dead_letters(event, version, outcome)
        return True


def _all() -> list[WaitingEvent]:
    return [
        event
        for regions in list(event_stores.values())
        for store in list(regions.values())
        for event in list(store.waiting.values())
    ]


def _waiting(event: WaitingEvent) -> dict[str, WaitingEvent]:
    parts = event.version_arn.split(":")
    return event_stores[parts[4]][parts[3]].waiting
