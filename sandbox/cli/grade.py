"""`sandbox grade`: replay what was handed in, and score it."""

from __future__ import annotations

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
        Path, typer.Argument(help="A zip from `sandbox submit`, or the folder with solve.sh.")
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
) -> None:
    """Replay a submission in a fresh world, apart from everything else, and score it.

    A result.json in the submission is never read. Exit code: 0 complete, 1 incomplete, 2 the
    submission cannot be taken in, 3 the sandbox itself failed (never a zero).
    """
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
