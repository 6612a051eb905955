"""`sandbox check`: the score of the student's own work, with reasons."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, ascii_only, console, lab_or_usage_error, require_started

FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        help="terminal, json, junit, gradescope, markdown, csv or ags.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `sandbox check`."""
    app.command()(check)


def check(
    lab: LabNumber,
    format: FormatOption = "terminal",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    port: Annotated[int | None, typer.Option(help="Port of the sandbox.")] = None,
) -> None:
    """Score your work in a lab: what is right, what is not yet, and why.

    The result is always written to work/lab-NN/result.json, too. Exit code: 0 complete, 1 incomplete,
    3 when the sandbox itself failed.
    """
    from sandbox.grading import local
    from sandbox.labs import lifecycle, student

    chosen = known_format("json" if as_json else format)
    found = lab_or_usage_error(lab)
    require_started(found)
    running = lifecycle.resume(found, port)
    who = student()
    result = _checked(found, running, who, quiet=chosen != "terminal" or output is not None)
    seen = result.for_student()
    local.write(seen, found.work / "result.json")
    _remember(found.name, seen)
    emit(seen, chosen, output)
    raise typer.Exit(seen.exit_code)


def _checked(found, running, who: str, *, quiet: bool):
    from sandbox.grading import local
    from sandbox.grading.loading import CheckFileError
    from sandbox.labs import LabError, values_of

    values = values_of(found, who)
    try:
        if quiet or not console().is_terminal:
            return local.check(found, running, values, found.work, student=who)
        with console().status(f"Checking lab {found.id} ...") as status:

            def say(one) -> None:
                if one.visibility == "visible":
                    # One line, however long the title is: a second one would not be cleared.
                    line = f"Checking lab {found.id}: {one.title}"
                    status.update(textwrap.shorten(line, console().width - 4, placeholder=" ..."))

            return local.check(found, running, values, found.work, student=who, report=say)
    except CheckFileError as error:
        raise LabError(str(error)) from None


def known_format(name: str) -> str:
    """`name` if it is a format; else a usage error that names them."""
    from sandbox.grading.renderers import FORMATS

    if name not in FORMATS:
        raise typer.BadParameter(f"{name!r} is not a format. Formats: {', '.join(FORMATS)}.")
    return name


def emit(result, format: str, output: Path | None) -> None:
    """Print or write a result."""
    from sandbox.grading import renderers

    if output is None and format == "terminal":
        from sandbox.grading.renderers import terminal

        console().print(terminal.page(result.for_student(), ascii_only=ascii_only()))
        return
    text = renderers.render(result, format)  # type: ignore[arg-type]
    if output is None:
        print(text, end="")
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}.") from None


def _remember(name: str, result) -> None:
    from sandbox.labs import progress

    progress.record_score(name, result.percent, result.status == "complete", result.passed)
