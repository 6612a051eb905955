"""Starting operations on stacks: which states allow which, and the threads that carry them out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from localstack.aws.api.cloudformation import StackStatus
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.utils.threads import start_worker_thread

from sandbox.emulator.cloudformation.executor import Operation
from sandbox.emulator.cloudformation.models import Stack, Version, now

LOG = logging.getLogger(__name__)

UPDATABLE = {
    StackStatus.CREATE_COMPLETE,
    StackStatus.UPDATE_COMPLETE,
    StackStatus.UPDATE_ROLLBACK_COMPLETE,
    StackStatus.IMPORT_COMPLETE,
    StackStatus.CREATE_FAILED,
    StackStatus.UPDATE_FAILED,
}
# How an operation ends whose own code failed.
BROKEN = {
    StackStatus.CREATE_IN_PROGRESS: StackStatus.CREATE_FAILED,
    StackStatus.ROLLBACK_IN_PROGRESS: StackStatus.ROLLBACK_FAILED,
    StackStatus.DELETE_IN_PROGRESS: StackStatus.DELETE_FAILED,
    StackStatus.UPDATE_IN_PROGRESS: StackStatus.UPDATE_FAILED,
    StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: StackStatus.UPDATE_COMPLETE,
    StackStatus.UPDATE_ROLLBACK_IN_PROGRESS: StackStatus.UPDATE_ROLLBACK_FAILED,
    StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: StackStatus.UPDATE_ROLLBACK_COMPLETE,
}


def check_updatable(stack: Stack) -> None:
    """Raise ValidationError for a stack whose state allows no update."""
    if stack.status not in UPDATABLE:
        raise ValidationError(
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def start_creation(
    stack: Stack, version: Version, ended: Callable[[], None] = lambda: None
) -> threading.Event:
    """CREATE_IN_PROGRESS; returns at once what is set at the end."""
    stack.creation_time = now()
    stack.set_status(StackStatus.CREATE_IN_PROGRESS, "User Initiated")
    return _start(stack, lambda operation: operation.create(version), ended)


def start_update(
    stack: Stack, version: Version, ended: Callable[[], None] = lambda: None
) -> threading.Event:
    """UPDATE_IN_PROGRESS; returns at once what is set at the end."""
    stack.last_updated = now()
    stack.set_status(StackStatus.UPDATE_IN_PROGRESS, "User Initiated")
    return _start(stack, lambda operation: operation.update(version), ended)


def start_deletion(stack: Stack, retained: list[str], forced: bool) -> None:
    """DELETE_IN_PROGRESS; returns at once."""
    stack.set_status(StackStatus.DELETE_IN_PROGRESS, "User Initiated")
    _start(stack, lambda operation: operation.delete(retained, forced))


def start_rollback(stack: Stack, skipped: list[str]) -> None:
    """Of an update that failed; returns at once."""
    stack.status = StackStatus.UPDATE_ROLLBACK_IN_PROGRESS
    _start(stack, lambda operation: operation.roll_back("User Initiated", skipped))


def start_rollback_of_creation(stack: Stack) -> None:
    """Of a creation that failed; returns at once."""
    stack.status = StackStatus.ROLLBACK_IN_PROGRESS
    _start(stack, lambda operation: operation.roll_back_creation("User Initiated"))


def _start(
    stack: Stack, act: Callable[[Operation], None], ended: Callable[[], None] = lambda: None
) -> threading.Event:
    finished = threading.Event()

    def run(*_: Any) -> None:
        try:
            act(Operation(stack))
        except Exception:
            LOG.exception("An operation on stack %s broke off", stack.stack_name)
            if stack.status in BROKEN:
                stack.set_status(BROKEN[stack.status], "Internal Failure")
        finally:
            ended()
            finished.set()

    start_worker_thread(run)
    return finished
