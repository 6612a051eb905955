"""The result of a grading run: one versioned, validated model; every other format is made from it.

Scores are computed here, once, by `Result.of`; renderers only print what they find.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Literal["cloud-sandbox/result/1"] = "cloud-sandbox/result/1"
# A body of megabytes in `actual` would make every report unreadable; what is cut is counted.
LONGEST_TEXT = 20_000

Outcome = Literal["pass", "fail", "skip", "error"]
Status = Literal["complete", "incomplete", "error"]
Visibility = Literal["visible", "hidden"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CheckResult(Model):
    """What one check found. `score` is null for an error: it was not scored, which is not zero."""

    id: str
    title: str
    step: str | None = None
    status: Outcome
    score: float | None = Field(ge=0)
    max_score: float = Field(gt=0)
    visibility: Visibility = "visible"
    needs: list[str] = []
    blocked_by: list[str] = []
    rationale: str | None = None
    compared: bool = False
    expected: Any = None
    actual: Any = None
    help: str | None = None
    hint: str | None = None
    trace: str | None = None
    duration_s: float = Field(default=0.0, ge=0)


class StepRef(Model):
    """A step's id and title, in the lab's order."""

    id: str
    title: str


class LabRef(Model):
    """Which lab was graded; `version` is the SHA-256 of the checks it was graded with."""

    id: int
    title: str
    version: str
    pass_mark: float
    steps: list[StepRef] = []


class SubmissionRef(Model):
    """Which work was graded: its name, who handed it in, the SHA-256 of its files."""

    id: str
    student: str
    sha256: str


class Protection(Model):
    """One protection of a replay: whether it held on this machine, and by what."""

    name: str
    held: bool
    how: str


class Environment(Model):
    """Where the result was made."""

    sandbox: str
    python: str
    platform: str
    protections: list[Protection] = []


class Replay(Model):
    """How the submission's `solve.sh` ran."""

    ended: Literal[
        "finished", "time", "cpu", "output", "memory", "processes", "disk", "world", "failed"
    ]
    exit_code: int | None
    duration_s: float
    reason: str | None = None
    output: str = ""


class Result(Model):
    """One graded run of one lab's checks."""

    schema_: Literal["cloud-sandbox/result/1"] = Field(default=SCHEMA, alias="schema")
    lab: LabRef
    submission: SubmissionRef | None = None
    seed: str
    environment: Environment
    status: Status
    score: float | None = Field(ge=0)
    max_score: float = Field(ge=0)
    percent: float | None = Field(ge=0, le=100)
    passed: bool
    message: str | None = None
    notes: list[str] = []
    started_at: datetime
    duration_s: float
    replay: Replay | None = None
    hidden_checks: int = 0
    checks: list[CheckResult]

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    @classmethod
    def of(
        cls,
        lab: LabRef,
        checks: Sequence[CheckResult],
        *,
        seed: str,
        started_at: datetime,
        duration_s: float,
        submission: SubmissionRef | None = None,
        replay: Replay | None = None,
        protections: Sequence[Protection] = (),
        message: str | None = None,
        notes: Sequence[str] = (),
    ) -> Result:
        """Score `checks`: complete when all pass, error (no score) when one broke or none ran."""
        broken = not checks or any(one.status == "error" for one in checks)
        maximum = _rounded(sum(one.max_score for one in checks))
        score = None if broken else _rounded(sum(one.score or 0.0 for one in checks))
        percent = None if score is None else round(100 * score / maximum, 2)
        status: Status = "error" if broken else "complete"
        if not broken and any(one.status != "pass" for one in checks):
            status = "incomplete"
        return cls(
            lab=lab,
            submission=submission,
            seed=seed,
            environment=environment(protections),
            status=status,
            score=score,
            max_score=maximum,
            percent=percent,
            passed=percent is not None and percent >= lab.pass_mark,
            message=message,
            notes=list(notes),
            started_at=started_at,
            duration_s=round(duration_s, 3),
            replay=replay,
            hidden_checks=sum(one.visibility == "hidden" for one in checks),
            checks=list(checks),
        )

    @classmethod
    def unscored(cls, lab: LabRef, message: str, *, seed: str, **known: Any) -> Result:
        """A result that says why nothing could be scored: our error, never a zero."""
        known.setdefault("started_at", datetime.now(UTC))
        known.setdefault("duration_s", 0.0)
        return cls.of(lab, [], seed=seed, message=message, **known)

    def for_student(self) -> Result:
        """The same result without hidden checks: their titles, reasons and points are not in it."""
        if not self.hidden_checks:
            return self
        visible = [one for one in self.checks if one.visibility == "visible"]
        seen = Result.of(
            self.lab,
            visible,
            seed=self.seed,
            started_at=self.started_at,
            duration_s=self.duration_s,
            submission=self.submission,
            replay=self.replay,
            protections=self.environment.protections,
            message=self.message,
            notes=self.notes,
        )
        if self.status == "error":
            seen.status, seen.score, seen.percent, seen.passed = "error", None, None, False
        seen.hidden_checks = self.hidden_checks
        for one in seen.checks:
            hidden = {check.id for check in self.checks if check.visibility == "hidden"}
            one.needs = [name for name in one.needs if name not in hidden]
            one.blocked_by = [name for name in one.blocked_by if name not in hidden]
        return seen

    def title_of(self, check_id: str) -> str:
        """A check's title; its id where the result does not show that check."""
        return next((one.title for one in self.checks if one.id == check_id), "another check")

    @property
    def exit_code(self) -> int:
        """0 complete, 1 incomplete, 3 the sandbox itself failed."""
        return {"complete": 0, "incomplete": 1, "error": 3}[self.status]


def environment(protections: Sequence[Protection] = ()) -> Environment:
    """This machine, as results name it."""
    from importlib.metadata import version

    return Environment(
        sandbox=version("cloud-sandbox"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        protections=list(protections),
    )


def jsonable(value: Any) -> Any:
    """`value` as JSON holds it; what JSON has no type for becomes text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        cut = len(value) - LONGEST_TEXT
        return value if cut <= 0 else f"{value[:LONGEST_TEXT]}… ({cut} more characters)"
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [jsonable(item) for item in sorted(value, key=repr)]
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return jsonable(str(value))


def _rounded(points: float) -> float:
    return round(points, 4)


def schema() -> dict[str, Any]:
    """The JSON Schema of result.json, as `result.schema.json` beside this file has it."""
    found = Result.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **found}
