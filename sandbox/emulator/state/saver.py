"""Saving what changed, a second or so after it changed.

A service is dirty after a request that may change it. The saver thread pickles dirty services one by one
while new requests of that service wait at a gate (milliseconds), then writes the file with the gate open.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator.state import containers, files, pickling, restore

LOG = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
# A save that takes long is done less often, but what was acknowledged 5 s ago must be on disk.
LONGEST_PAUSE_SECONDS = 3.0
GATE_SECONDS = 0.25
READING = re.compile(
    r"(Get(?!SessionToken|FederationToken)|List|Describe|Head|Query$|Scan$|BatchGet|Select|Lookup|"
    r"Simulate|Search|Test|Validate|Filter)"
)

# Running a function changes nothing of Lambda's own, and may take minutes inside the gate.
PASSING = {"Invoke", "InvokeAsync", "InvokeWithResponseStream"}

_dirty: set[str] = set()
_changes = 0
_wake = threading.Condition()
_after_save: dict[str, list[Callable[[], None]]] = defaultdict(list)
_before_save: list[Callable[[], None]] = []
_save_lock = threading.Lock()


class _Gate:
    """Counts the requests inside a service and can hold new ones back for a moment."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    def enter(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed, timeout=2)
            self._inside += 1

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if not self._inside:
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        with self._changed:
            self._closed = True
            # A long upload may stay inside; the pickle is then retried if it is disturbed.
            self._changed.wait_for(lambda: not self._inside, timeout=GATE_SECONDS)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


_gates: dict[str, _Gate] = defaultdict(_Gate)


def mark(service: str) -> None:
    """Say that the state of `service` changed (a provider's background work, the fast path)."""
    if service not in _dirty:
        with _wake:
            _dirty.add(service)
            _wake.notify()


def after_save(service: str, action: Callable[[], None]) -> None:
    """Call `action()` each time the state of `service` has been written."""
    _after_save[service].append(action)


class GateHandler(Handler):
    """Lets a request into its service; `finish_request` lets it out."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        # Calls between services happen inside a request that already passed a gate.
        if context.service and not context.is_internal_call and not _passes(context):
            gate = _gates[context.service.service_name]
            gate.enter()
            context.sandbox_gate = gate


def finish_request(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Finalizer of the gateway chain: open the gate, note what the request may have changed."""
    gate = getattr(context, "sandbox_gate", None)
    if gate is not None:
        context.sandbox_gate = None
        gate.leave()
    _count(context)
    if getattr(context, "fast_path", False):
        # Answered by the DynamoDB engine, which keeps its own files.
        return
    if _passes(context):
        return
    if context.service and context.operation and not READING.match(context.operation.name):
        mark(context.service.service_name)


def _passes(context: RequestContext) -> bool:
    return bool(
        context.operation
        and context.operation.name in PASSING
        and context.service.service_name == "lambda"
    )


def before_leaving(action: Callable[[], None]) -> None:
    """Call `action()` before the last save: what was collected in memory reaches its service."""
    _before_save.append(action)


def leave() -> None:
    """The last save of an emulator that ends in order."""
    for action in _before_save:
        try:
            action()
        except Exception as error:
            LOG.error("before the last save: %s", error)
    save_now()


def changes() -> int:
    """How many requests so far may have changed something: `sandbox watch` looks at it."""
    return _changes


def _count(context: RequestContext) -> None:
    global _changes
    if context.operation:
        name = context.operation.name
    else:
        name = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if name and not READING.match(name):
        _changes += 1


def start() -> None:
    """Start the saver thread."""
    threading.Thread(target=_run, name="sandbox-saver", daemon=True).start()


def save_now() -> list[str]:
    """Save every dirty service; returns their names. Raises OSError when the disk refuses."""
    saved = []
    # The lock makes a leaving emulator wait for the save that is under way.
    with _save_lock:
        for service in sorted(_dirty):
            _dirty.discard(service)
            try:
                if _save(service):
                    saved.append(service)
            except BaseException:
                _dirty.add(service)
                raise
    return saved


def _run() -> None:
    while True:
        with _wake:
            _wake.wait_for(lambda: bool(_dirty))
        begun = time.monotonic()
        try:
            save_now()
            pause = max(PAUSE_SECONDS, 3 * (time.monotonic() - begun))
        except Exception as error:
            LOG.error("the world could not be saved: %s", error)
            pause = LONGEST_PAUSE_SECONDS
        time.sleep(min(LONGEST_PAUSE_SECONDS, pause))


def _save(service: str) -> bool:
    from localstack.services.plugins import SERVICE_PLUGINS, ServiceState

    if SERVICE_PLUGINS.get_state(service) != ServiceState.RUNNING:
        return False
    if not restore.is_restored(service):
        return False
    found = containers.of(SERVICE_PLUGINS.get_service(service))
    payload = _pickle(service, found)
    files.write(restore.file_of(service), restore.key(), service, payload)
    for action in _after_save[service]:
        action()
    return True


def _pickle(service: str, found: list) -> bytes:
    with _gates[service].closed():
        for attempt in range(5):
            try:
                return pickling.dumps([containers.content(container) for container in found])
            except RuntimeError:
                # A background thread of the service changed a dict while it was read.
                if attempt == 4:
                    raise
                time.sleep(0.01)
    raise AssertionError
