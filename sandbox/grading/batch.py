"""Grading a class: many submissions, some at a time, resumable after any interruption.

The ledger is a folder with one result file per submission, written as a whole and named by a key over
everything that the result depends on. What is there already is not graded again; what could not be
scored is.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sandbox.grading import local
from sandbox.grading.renderers import csv
from sandbox.grading.replay import Grader
from sandbox.grading.result import Result, SubmissionRef
from sandbox.grading.submission import MANIFEST, Submission, SubmissionError, take_in

SUMMARY = "results.csv"


@dataclass(frozen=True)
class Graded:
    """One submission's result and whether it was there already."""

    source: Path
    result: Result
    resumed: bool


def is_class(folder: Path) -> bool:
    """Whether `folder` holds submissions rather than being one."""
    if not folder.is_dir() or any((folder / name).exists() for name in ("solve.sh", MANIFEST)):
        return False
    inner = list(folder.iterdir())
    if len(inner) == 1 and inner[0].is_dir():
        return not (inner[0] / "solve.sh").exists() or inner[0].name != folder.name
    return any(path.suffix == ".zip" or path.is_dir() for path in inner)


def submissions(folder: Path) -> list[Path]:
    """The zips and folders in `folder`, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and (path.suffix == ".zip" or path.is_dir())
    )


def shard(sources: Sequence[Path], part: str) -> list[Path]:
    """Part `i/n` of the submissions, for several machines; raises ValueError for anything else."""
    first, _, count = part.partition("/")
    if not first.isdigit() or not count.isdigit() or not 1 <= int(first) <= int(count):
        raise ValueError(f"{part!r} is not a part such as 2/8")
    return list(sources)[int(first) - 1 :: int(count)]


def grade_class(
    grader: Grader,
    sources: Sequence[Path],
    results: Path,
    *,
    jobs: int = 1,
    report: Callable[[Graded], None] | None = None,
) -> list[Graded]:
    """Grade `sources` and keep each result in the folder `results`; in the order given.

    A submission that cannot be taken in, or that breaks something of ours, becomes a result that says
    so and has no score; the others go on.
    """
    results.mkdir(parents=True, exist_ok=True)

    def one(source: Path) -> Graded:
        graded = _grade_one(grader, source, results)
        if report is not None:
            report(graded)
        return graded

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        found = list(pool.map(one, sources))
    write_summary(results / SUMMARY, [graded.result for graded in found])
    return found


def _grade_one(grader: Grader, source: Path, results: Path) -> Graded:
    place = Path(tempfile.mkdtemp(prefix="submission-"))
    try:
        try:
            taken = take_in(source, grader.lab, place)
        except (SubmissionError, OSError) as error:
            return Graded(source, _refused(grader, source, results, str(error)), False)
        file = results / f"{source.stem}-{key(grader, source, taken)[:16]}.json"
        kept = _kept(file)
        if kept is not None:
            return Graded(source, kept, True)
        result = grader.grade(taken)
        local.write(result, file)
        return Graded(source, result, False)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def key(grader: Grader, source: Path, taken: Submission) -> str:
    """What a result depends on: whose work it is, its files, the checks, the limits, our version."""
    parts = (
        source.name,
        taken.student,
        taken.sha256,
        str(grader.lab.id),
        grader.reference.version,
        repr(grader.limits),
        version("cloud-sandbox"),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _kept(file: Path) -> Result | None:
    """A result of an earlier run; nothing when there is none or it was not scored."""
    try:
        found = Result.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return None if found.status == "error" else found


def _refused(grader: Grader, source: Path, results: Path, reason: str) -> Result:
    name = hashlib.sha256(source.name.encode()).hexdigest()[:16]
    reference = SubmissionRef(id=source.stem, student=source.stem, sha256="")
    result = Result.unscored(
        grader.reference, f"It was refused. {reason}", seed=source.stem, submission=reference
    )
    local.write(result, results / f"{source.stem}-refused-{name}.json")
    return result


def write_summary(file: Path, found: Sequence[Result]) -> None:
    """One row per submission."""
    rows = [(*csv.summary_row(result), _said(result)) for result in found]
    written = file.with_name(f".{file.name}.tmp")
    written.write_text(csv.table((*csv.SUMMARY, "said"), rows), encoding="utf-8")
    written.replace(file)


def _said(result: Result) -> str:
    said: Iterator[str | None] = iter(
        (result.message, result.replay.reason if result.replay else None, *result.notes)
    )
    return " ".join(text for text in said if text)
