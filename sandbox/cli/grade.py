"""`sandbox grade`: replay what was handed in, and score it."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.check import FormatOption, emit, known_format
from sandbox.cli.style import LabNumber, console, lab_or_usage_error


def register(app: typer.Typer) -> None:
    """Add `sandbox grade`."""
    app.command()(grade)


def grade(
    lab: LabNumber,
    submission: Annotated[
        Path,
        typer.Argument(
            help="A zip from `sandbox submit`, a folder with solve.sh, or a folder full of either."
        ),
    ],
    checks_path: Annotated[
        Path | None,
        typer.Option(help="Folder with your own checks of this lab, run on top of the lab's."),
    ] = None,
    format: FormatOption = "terminal",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    student: Annotated[
        str | None, typer.Option(help="Whose work it is; default: the name in its manifest.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long solve.sh may run.")] = 120.0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Of a class: at a time.")] = 1,
    results: Annotated[
        Path | None, typer.Option(help="Of a class: folder for the results (default: beside it).")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Of a class: one part, such as 2/8, for several machines.")
    ] = None,
) -> None:
    """Replay a submission in a fresh world, apart from everything else, and score it.

    Given a folder full of submissions it grades the class: one result file each, a table, and
    results.csv. Run it again to go on where it stopped.

    A result.json in the submission is never read. Exit code: 0 complete, 1 incomplete, 2 the
    submission cannot be taken in, 3 the sandbox itself failed (never a zero).
    """
    from sandbox.grading import batch
    from sandbox.grading.isolation import Limits
    from sandbox.grading.loading import CheckFileError
    from sandbox.grading.replay import Grader
    from sandbox.grading.submission import SubmissionError, take_in

    chosen = known_format("json" if as_json else format)
    found = lab_or_usage_error(lab)
    try:
        grader = Grader.of(found, checks_path, Limits(seconds=seconds))
    except CheckFileError as error:
        raise typer.BadParameter(str(error)) from None
    if batch.is_class(submission):
        _grade_class(grader, submission, results, jobs, shard, chosen == "json")
    with tempfile.TemporaryDirectory(prefix="submission-") as folder:
        try:
            taken = take_in(submission, found, Path(folder), student=student)
        except SubmissionError as error:
            print(f"sandbox: {submission} was refused. {error}", file=sys.stderr)
            raise typer.Exit(2) from None
        if chosen == "terminal" and output is None and console().is_terminal:
            with console().status(f"Replaying {taken.name} ..."):
                result = grader.grade(taken)
        else:
            result = grader.grade(taken)
    emit(result, chosen, output)
    raise typer.Exit(result.exit_code)


def _grade_class(
    grader, folder: Path, results: Path | None, jobs: int, part: str | None, as_json: bool
) -> None:
    from sandbox.grading import batch

    sources = batch.submissions(folder)
    try:
        chosen = batch.shard(sources, part) if part else sources
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    target = results or folder.with_name(f"{folder.resolve().name}-results")
    out = console()
    done = 0

    def say(graded) -> None:
        nonlocal done
        done += 1
        if not as_json:
            out.print(_line(graded, done, len(chosen)), soft_wrap=True)

    found = batch.grade_class(grader, chosen, target, jobs=jobs, report=say)
    unscored = sum(graded.result.status == "error" for graded in found)
    if as_json:
        print(json.dumps({"results": str(target), "submissions": len(found), "unscored": unscored}))
    else:
        percents = [g.result.percent for g in found if g.result.percent is not None]
        out.print()
        if percents:
            middle = statistics.median(percents)
            out.print(f"  [bold]{len(percents)} scored[/], median {middle:.0f} %", end="")
            out.print(f", {sum(g.result.passed for g in found)} passed")
        if unscored:
            out.print(f"  [magenta]{unscored} not scored[/]: look at them; they are not zeros")
        out.print(f"  [bright_black]{target / batch.SUMMARY}[/]", soft_wrap=True)
        out.print()
    raise typer.Exit(3 if unscored else 0)


def _line(graded, number: int, count: int):
    from rich.text import Text

    from sandbox.grading.renderers import words

    result = graded.result
    width = len(str(count))
    line = Text(f"  {number:>{width}}/{count}  ", style="bright_black")
    line.append(f"{graded.source.name:<32} ")
    if result.score is None:
        line.append("not scored  ", style="magenta")
    else:
        style = "green" if result.passed else "yellow"
        earned = f"{words.points(result.score)}/{words.points(result.max_score)}"
        line.append(f"{earned:>10}  ", style=style)
    said = result.message or (result.replay.reason if result.replay else None) or ""
    line.append("as before " if graded.resumed else "", style="bright_black")
    line.append(said, style="bright_black")
    return line
