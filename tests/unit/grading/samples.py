"""Results and labs that several tests look at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sandbox.grading.result import CheckResult, LabRef, Replay, Result, StepRef, SubmissionRef
from sandbox.labs import Lab
from sandbox.labs.manifest import load

COURSE = Path(__file__).resolve().parents[2] / "course"
MOMENT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LAB = LabRef(
    id=90,
    title="Letters & <boxes>",
    version="0" * 64,
    pass_mark=60,
    steps=[StepRef(id="one", title="Step one"), StepRef(id="two", title="Step two")],
)


def letters() -> Lab:
    """The tests' own lab."""
    return load(90, COURSE)


def check_result(id: str = "a", status: str = "pass", **known) -> CheckResult:
    """A check's result with whatever is said of it."""
    known.setdefault("max_score", 2.0)
    scores = {"pass": known["max_score"], "fail": 0.0, "skip": 0.0, "error": None}
    known.setdefault("score", scores[status])
    known.setdefault("title", f"The title of {id}")
    return CheckResult(id=id, status=status, **known)


def result(*checks: CheckResult, **known) -> Result:
    """A result of these checks."""
    known.setdefault("seed", "ada")
    return Result.of(LAB, checks, started_at=MOMENT, duration_s=1.25, **known)


def mixed() -> Result:
    """One of everything, a hidden check among it."""
    return result(
        check_result("first", "pass", step="one"),
        check_result(
            "second",
            "fail",
            step="one",
            score=1.0,
            rationale="The text says something else.",
            compared=True,
            expected="hello world",
            actual="hello  world \n",
            help="Look at it.",
            hint="Count the blanks.",
        ),
        check_result("third", "skip", step="two", needs=["second"], blocked_by=["second"]),
        check_result("secret_fourth", "fail", visibility="hidden", rationale="SECRET reason"),
        submission=SubmissionRef(id="ada-zip", student="ada", sha256="1" * 64),
        replay=Replay(ended="finished", exit_code=0, duration_s=0.5),
    )
