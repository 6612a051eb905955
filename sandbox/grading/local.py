"""Checking the student's own world and folder: what `sandbox check` does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandbox.grading import loading, runner
from sandbox.grading.result import LabRef, Result, StepRef
from sandbox.grading.subject import Subject
from sandbox.labs import Lab, Values
from sandbox.stack.instance import Instance


def lab_ref(lab: Lab, files: Sequence[Path]) -> LabRef:
    """The lab as results name it."""
    return LabRef(
        id=lab.id,
        title=lab.title,
        version=loading.fingerprint(files),
        pass_mark=lab.pass_mark,
        steps=[StepRef(id=step.id, title=step.title) for step in lab.steps],
    )


def check(
    lab: Lab,
    started: Instance,
    values: Values,
    work: Path,
    *,
    student: str,
    report: runner.Report | None = None,
) -> Result:
    """Run the lab's checks against the world of `started` and the files in `work`."""
    files = [lab.checks_file]
    checks = loading.load(files)
    begun, moment = time.monotonic(), datetime.now(UTC)
    subject = Subject(endpoint=started.endpoint, values=values, work=work, call=started.call)
    try:
        found = runner.run(checks, subject, report=report)
    finally:
        subject.close()
    return Result.of(
        lab_ref(lab, files),
        found,
        seed=student,
        started_at=moment,
        duration_s=time.monotonic() - begun,
    )


def write(result: Result, file: Path) -> None:
    """Replace `file` by the result as a whole: a reader never sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f".{file.name}.tmp")
    written.write_text(result.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    written.replace(file)
