"""`sandbox report`: a result that is there already, in another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.check import FormatOption, emit, known_format


def register(app: typer.Typer) -> None:
    """Add `sandbox report`."""
    app.command()(report)


def report(
    result: Annotated[Path, typer.Argument(help="A result.json of `sandbox grade` or `check`.")],
    format: FormatOption = "terminal",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file.")
    ] = None,
) -> None:
    """Print a result in another format; nothing is checked again.

    Exit code: 0 passed the lab's mark, 1 not passed, 2 not a result, 3 not scored.
    """
    from sandbox.grading.result import Result

    chosen = known_format(format)
    try:
        found = Result.model_validate_json(result.read_bytes())
    except (OSError, ValueError):
        print(f"sandbox: {result} is not a result of this version.", file=sys.stderr)
        raise typer.Exit(2) from None
    emit(found, chosen, output)
    raise typer.Exit(3 if found.status == "error" else 0 if found.passed else 1)
