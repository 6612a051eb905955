"""Proving a lab's checks: they refuse what is wrong, accept what is right, and always say the same.

Cases are untouched work, every solution for several students, and the lab's mutants; each is graded the
way a submission is. docs/lab-authors/mutants.md describes the format of a mutant.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.grading.replay import Grader, broken_by
from sandbox.grading.result import Result
from sandbox.grading.submission import take_in
from sandbox.labs import Lab, LabError, folder

STUDENTS = ("ada", "grace-h", "Žofie Nováková")


class Edit(BaseModel):
    """One change of a mutant's base: `find` must be in the file exactly once."""

    model_config = ConfigDict(extra="forbid")

    file: str
    find: str
    replace: str


class Mutant(BaseModel):
    """`mutant.toml`."""

    model_config = ConfigDict(extra="forbid")

    description: str
    fails: list[str]
    skips: list[str] = []
    base: str = "solution"
    edits: list[Edit] = []
    remove: list[str] = []


@dataclass
class Case:
    """One piece of work and what must come of it: `fails` None stands for a score of 0."""

    name: str
    student: str
    fails: list[str] | None
    skips: list[str] = field(default_factory=list)
    kind: str = "mutant"


@dataclass
class Verdict:
    """A case, its result, and what is wrong with it (nothing: it is as it should be)."""

    case: Case
    result: Result
    wrong: str | None

    @property
    def failing(self) -> list[str]:
        """Ids of the checks that failed."""
        return [one.id for one in self.result.checks if one.status == "fail"]


def mutants(lab: Lab) -> dict[str, Mutant]:
    """The lab's mutants by name; raises LabError for one that cannot be read."""
    found = {}
    for path in sorted(lab.mutants_folder.glob("*/mutant.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            found[path.parent.name] = Mutant.model_validate(content)
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise LabError(f"{path}: {error}") from None
    return found


def cases(lab: Lab, students: Sequence[str] = STUDENTS) -> list[Case]:
    """Every case of a lab: the solution for each student, its other forms for one of them."""
    found = [Case("starter", students[0], None, kind="starter")]
    for number, solution in enumerate(lab.solutions):
        chosen = students if number == 0 else [students[number % len(students)]]
        found += [Case(solution.name, student, [], kind="solution") for student in chosen]
    for name, mutant in mutants(lab).items():
        found.append(Case(name, students[0], mutant.fails, mutant.skips))
    return found


def build(lab: Lab, case: Case, target: Path) -> None:
    """Write the files of a case into `target`; raises LabError for an edit that finds nothing."""
    target.mkdir(parents=True, exist_ok=True)
    if case.kind == "starter":
        folder.lay(lab.folder / "starter", target)
        return
    if case.kind == "solution":
        folder.lay(lab.folder / "starter", target)
        folder.lay(lab.folder / case.name, target, over=True)
        return
    mutant, files = mutants(lab)[case.name], lab.mutants_folder / case.name
    folder.lay(lab.folder / "starter", target)
    folder.lay(lab.folder / mutant.base, target, over=True)
    for name in mutant.remove:
        (target / name).unlink()
    for edit in mutant.edits:
        text = (target / edit.file).read_text(encoding="utf-8")
        if text.count(edit.find) != 1:
            raise LabError(
                f"{files / 'mutant.toml'}: {edit.find!r} is {text.count(edit.find)} times in "
                f"{edit.file}, not once."
            )
        (target / edit.file).write_text(text.replace(edit.find, edit.replace), encoding="utf-8")
    folder.lay(files, target, over=True)
    (target / "mutant.toml").unlink(missing_ok=True)


def grade(grader: Grader, case: Case) -> Verdict:
    """Grade one case and compare."""
    place = Path(tempfile.mkdtemp(prefix="case-"))
    try:
        build(grader.lab, case, place / "work")
        taken = take_in(place / "work", grader.lab, place / "taken", student=case.student)
        result = grader.grade(taken)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Verdict(case, result, judge(case, result))


def judge(case: Case, result: Result) -> str | None:
    """What is wrong with a result, in one sentence."""
    if result.status == "error":
        return f"could not be scored: {broken_by(result)}"
    failing = [one.id for one in result.checks if one.status == "fail"]
    if case.fails is None:
        earned = [one.id for one in result.checks if one.score]
        return f"untouched work earns points: {', '.join(earned)}" if earned else None
    if case.kind == "solution":
        reasons = [
            f"{one.id}: {one.rationale} (expected {one.expected!r}, actual {one.actual!r})"
            for one in result.checks
            if one.status == "fail"
        ]
        if result.status != "complete":
            ended = result.replay.reason if result.replay else None
            return "; ".join(filter(None, [*reasons, ended]))
        return None
    skipped = [one.id for one in result.checks if one.status == "skip"]
    said: list[str] = []
    if sorted(failing) != sorted(case.fails):
        said.append(f"fails {_names(failing)}, should fail {_names(case.fails)}")
    if sorted(skipped) != sorted(case.skips):
        said.append(f"skips {_names(skipped)}, should skip {_names(case.skips)}")
    return "; ".join(said) or None


def prove(
    grader: Grader,
    wanted: Iterable[Case],
    *,
    jobs: int = 2,
    report: Callable[[Verdict], None] | None = None,
) -> list[Verdict]:
    """Grade all cases, some at a time."""

    def one(case: Case) -> Verdict:
        verdict = grade(grader, case)
        if report is not None:
            report(verdict)
        return verdict

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, wanted))


def uncaught(grader: Grader) -> list[str]:
    """Checks for which no mutant is declared that only they catch."""
    alone = {mutant.fails[0] for mutant in mutants(grader.lab).values() if len(mutant.fails) == 1}
    return [check.id for check in grader.checks if check.id not in alone]


def unknown(grader: Grader) -> list[str]:
    """Names in mutants that are no check."""
    known = {check.id for check in grader.checks}
    named = {
        name for mutant in mutants(grader.lab).values() for name in (*mutant.fails, *mutant.skips)
    }
    return sorted(named - known)


def _names(ids: Sequence[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"
