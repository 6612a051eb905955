"""Running a lab's checks: in the order their `needs` ask for, several at a time, each with a time limit.

Checks run in threads, which works on every platform; a check that outlives its limit is left behind
and its `lab` refuses to go on. Checks that act run after all others, one by one.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.grading.api import Check, Failure
from sandbox.grading.read_only import WriteRefused
from sandbox.grading.result import CheckResult, jsonable
from sandbox.grading.subject import LabView, Subject

AT_ONCE = 6
# AWS error codes that are the emulator's fault, not the work's.
OUR_CODES = {"InternalError", "InternalFailure", "InternalServerError", "NotImplemented"}

Report = Callable[[CheckResult], None]


def run(
    checks: Sequence[Check],
    subject: Subject,
    *,
    at_once: int = AT_ONCE,
    report: Report | None = None,
) -> list[CheckResult]:
    """Run `checks` and answer their results in the given order; `report` hears each as it ends."""
    results: dict[str, CheckResult] = {}

    def finish(result: CheckResult) -> None:
        results[result.id] = result
        if report is not None:
            report(result)

    _run_group([one for one in checks if not one.acts], subject, at_once, results, finish)
    _run_group([one for one in checks if one.acts], subject, 1, results, finish)
    return [results[check.id] for check in checks]


class _Running:
    def __init__(self, check: Check, subject: Subject, ended: queue.SimpleQueue) -> None:
        self.check = check
        self.lab = LabView(subject, check)
        self.begun = time.monotonic()
        self.deadline = self.begun + check.timeout
        self._ended = ended
        threading.Thread(target=self._run, name=check.id, daemon=True).start()

    def _run(self) -> None:
        raised: BaseException | None = None
        try:
            self.check.function(self.lab)
        except BaseException as error:
            raised = error
        self._ended.put((self, raised))


def _run_group(
    group: Sequence[Check],
    subject: Subject,
    at_once: int,
    results: dict[str, CheckResult],
    finish: Report,
) -> None:
    waiting = list(group)
    running: list[_Running] = []
    ended: queue.SimpleQueue = queue.SimpleQueue()
    while waiting or running:
        for check in list(waiting):
            if not all(needed in results for needed in check.needs):
                continue
            blocking = [n for n in check.needs if results[n].status != "pass"]
            if blocking:
                waiting.remove(check)
                finish(_skipped(check, blocking, results))
            elif len(running) < at_once:
                waiting.remove(check)
                running.append(_Running(check, subject, ended))
        if not running:
            continue
        pause = max(0.0, min(one.deadline for one in running) - time.monotonic())
        try:
            one, raised = ended.get(timeout=pause)
        except queue.Empty:
            for late in [one for one in running if one.deadline <= time.monotonic()]:
                running.remove(late)
                late.lab.end()
                finish(_too_slow(late))
            continue
        if one in running:
            running.remove(one)
            finish(_judged(one, raised))


def _result(check: Check, **found: Any) -> CheckResult:
    return CheckResult(
        id=check.id,
        title=check.title,
        step=check.step,
        max_score=check.points,
        visibility="hidden" if check.hidden else "visible",
        needs=list(check.needs),
        **found,
    )


def _skipped(check: Check, blocking: list[str], results: dict[str, CheckResult]) -> CheckResult:
    # Waiting for a check that broke is not the student's fault either.
    if any(results[name].status == "error" for name in blocking):
        return _result(
            check,
            status="error",
            score=None,
            blocked_by=blocking,
            rationale="It waits for a check that could not be run.",
        )
    return _result(check, status="skip", score=0.0, blocked_by=blocking)


def _too_slow(one: _Running) -> CheckResult:
    return _result(
        one.check,
        status="error",
        score=None,
        rationale=f"The check did not end within {one.check.timeout:g} s.",
        duration_s=round(time.monotonic() - one.begun, 3),
    )


def _judged(one: _Running, raised: BaseException | None) -> CheckResult:
    check, seconds = one.check, round(time.monotonic() - one.begun, 3)
    if raised is None:
        return _result(check, status="pass", score=check.points, duration_s=seconds)
    failure = raised if isinstance(raised, Failure) else _answer_of_aws(raised)
    if failure is not None:
        compared = failure.compared
        return _result(
            check,
            status="fail",
            score=round(check.points * failure.credit, 4),
            rationale=failure.rationale,
            compared=compared,
            expected=jsonable(failure.expected)
            if failure.expected is not Failure.NOTHING
            else None,
            actual=jsonable(failure.actual) if failure.actual is not Failure.NOTHING else None,
            help=failure.help,
            hint=check.hint,
            duration_s=seconds,
        )
    return _result(
        check,
        status="error",
        score=None,
        rationale=_words(raised),
        trace="".join(traceback.format_exception(raised))[-8000:],
        duration_s=seconds,
    )


def _answer_of_aws(raised: BaseException) -> Failure | None:
    """A refusal by AWS that the check let through, as a failure in AWS's own words."""
    response = getattr(raised, "response", None)
    operation = getattr(raised, "operation_name", None)
    if not isinstance(response, dict) or operation is None:
        return None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    error = response.get("Error", {})
    if not 400 <= status < 500 or error.get("Code") in OUR_CODES:
        return None
    return Failure(f"{operation} was answered with {error.get('Code')}: {error.get('Message')}")


def _words(raised: BaseException) -> str:
    if isinstance(raised, WriteRefused):
        return f"The check itself is wrong: {raised}"
    return f"The check itself broke: {type(raised).__name__}: {raised}"
