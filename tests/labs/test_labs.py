"""Every lab, by the same rules: untouched work scores 0, solutions score all, each mutant as it says."""

from __future__ import annotations

import json
import os

import pytest

from sandbox.grading import proof
from sandbox.grading.replay import Grader
from sandbox.labs import all_labs
from sandbox.stack import paths

COURSES = (paths.CHECKOUT, paths.CHECKOUT / "tests" / "course")
LABS = [lab for course in COURSES for lab in all_labs(course)]
CASES = [(lab, case) for lab in LABS for case in proof.cases(lab)]


def _name(value: object) -> str:
    return getattr(value, "name", str(value))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory):
    """A state folder of these tests' own."""
    saved = os.environ.get("SANDBOX_HOME")
    os.environ["SANDBOX_HOME"] = str(tmp_path_factory.mktemp("labs-home"))
    yield
    if saved is None:
        del os.environ["SANDBOX_HOME"]
    else:
        os.environ["SANDBOX_HOME"] = saved


@pytest.fixture(scope="session")
def verdicts(home, request: pytest.FixtureRequest) -> dict:
    """All cases that were collected, graded some at a time before the first is looked at."""
    wanted: dict[str, tuple] = {}
    for item in request.session.items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "case" in params and "lab" in params:
            wanted[item.nodeid] = (params["lab"], params["case"])
    found = {}
    for lab in {lab.id: lab for lab, _ in wanted.values()}.values():
        grader = Grader.of(lab)
        cases = [case for one, case in wanted.values() if one.id == lab.id]
        for verdict in proof.prove(grader, cases, jobs=max(2, os.cpu_count() or 2)):
            found[lab.id, verdict.case.name, verdict.case.student] = verdict
    return found


@pytest.mark.parametrize(
    ("lab", "case"),
    CASES,
    ids=[f"{lab.name}-{case.kind}-{case.name}-{case.student.split()[0]}" for lab, case in CASES],
)
def test_work_is_scored_as_it_should_be(lab, case, verdicts) -> None:
    verdict = verdicts[lab.id, case.name, case.student]
    assert verdict.wrong is None, _explain(verdict)


@pytest.mark.parametrize("lab", LABS, ids=_name)
def test_every_check_has_a_mutant_that_only_it_catches(lab) -> None:
    assert proof.uncaught(Grader.of(lab)) == []


@pytest.mark.parametrize("lab", LABS, ids=_name)
def test_mutants_name_checks_that_exist(lab) -> None:
    assert proof.unknown(Grader.of(lab)) == []


@pytest.mark.parametrize("lab", LABS, ids=_name)
def test_the_same_work_gives_the_same_result(lab, verdicts, home) -> None:
    solution = proof.Case("solution", proof.STUDENTS[0], [], kind="solution")
    again = proof.grade(Grader.of(lab), solution).result
    first = verdicts.get((lab.id, "solution", solution.student))
    if first is None:
        first = proof.grade(Grader.of(lab), solution)
    assert _lasting(again) == _lasting(first.result)


def _lasting(result) -> dict:
    """A result without what differs from run to run: times and printed output."""
    kept = json.loads(result.model_dump_json(by_alias=True))
    for name in ("started_at", "duration_s", "replay", "environment"):
        kept.pop(name)
    for one in kept["checks"]:
        one.pop("duration_s")
    kept["submission"].pop("id")
    return kept


def _explain(verdict) -> str:
    lines = [verdict.wrong]
    lines += [
        f"{one.id}: {one.status} {one.rationale or ''} {one.expected!r} {one.actual!r}"
        for one in verdict.result.checks
        if one.status != "pass"
    ]
    replay = verdict.result.replay
    if replay is not None:
        lines += [str(replay.reason), replay.output[-2000:]]
    return "\n".join(lines)
