"""`sandbox submit`: pack the work for handing in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, console, lab_or_usage_error, require_started


def register(app: typer.Typer) -> None:
    """Add `sandbox submit`."""
    app.command()(submit)


def submit(
    lab: LabNumber,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The zip to write (default: work/lab-NN-NAME.zip)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Pack your work in a lab into one zip that you hand in."""
    from sandbox.cli.lab import relative
    from sandbox.grading.submission import SubmissionError, pack
    from sandbox.labs import LabError, folder, progress, student

    found = lab_or_usage_error(lab)
    require_started(found)
    who = student()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", who).strip("-.") or "student"
    target = output or found.work.parent / f"{found.name}-{plain}.zip"
    try:
        manifest = pack(found, found.work, who, target)
    except SubmissionError as error:
        raise LabError(str(error)) from None
    except OSError as error:
        raise LabError(f"{target} cannot be written: {error.strerror}.") from None
    untouched = not folder.touched(found, found.work)
    if as_json:
        print(json.dumps({"file": str(target), **manifest.model_dump()}, indent=2))
        return
    out = console()
    size = target.stat().st_size / 1000
    out.print()
    out.print(
        f"  [bold]{relative(target)}[/]  [bright_black]{size:.0f} kB, {len(manifest.files)} files[/]"
    )
    for name in manifest.files:
        if "/" not in name:
            out.print(f"    {name}")
    inner = sum("/" in name for name in manifest.files)
    if inner:
        out.print(f"    [bright_black]and {inner} in folders[/]")
    out.print()
    best = progress.of(found.name).last
    if untouched:
        out.print("  [yellow]Nothing in it is yours yet:[/] every file is as the lab gave it.")
    elif best is None:
        out.print(f"  You have not checked it yet: make check-{found.id}")
    else:
        out.print(f"  Your last check said {best:.0f} %.")
    out.print("  What counts is what its solve.sh does in an empty world. Try that here:")
    out.print(f"    [bold]sandbox grade {found.id} {relative(target)}[/]", soft_wrap=True)
    out.print()
