"""`sandbox lab`: start a lab and say what to do next."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, console, lab_or_usage_error

Port = Annotated[int | None, typer.Option("--port", help="Port of the sandbox.")]


def register(app: typer.Typer) -> None:
    """Add `sandbox lab`."""
    app.command()(lab)


def lab(
    lab: LabNumber,
    port: Port = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Start a lab: open its world, make its starting point, copy its files to work/lab-NN."""
    from sandbox.labs import lifecycle

    found = lab_or_usage_error(lab)
    opened = lifecycle.open_lab(found, port)
    if as_json:
        print(json.dumps(facts(opened), indent=2))
    else:
        show(opened)


def facts(opened) -> dict:
    """What `--json` prints."""
    return {
        "lab": opened.lab.id,
        "title": opened.lab.title,
        "endpoint": opened.instance.endpoint,
        "world": opened.instance.world,
        "work": str(opened.work),
        "readme": str(opened.lab.folder / "README.md"),
        "new_files": opened.new_files,
        "values": opened.values.environment(),
        "steps": [{"id": step.id, "title": step.title} for step in opened.lab.steps],
    }


def show(opened) -> None:
    """What to do next, for a person."""
    from rich.padding import Padding
    from rich.text import Text

    lab, out = opened.lab, console()
    out.print()
    line = Text("  ")
    line.append(f"Lab {lab.id}", style="bold cyan")
    line.append(f"  {lab.title}", style="bold")
    line.append(f"   about {lab.minutes} minutes", style="bright_black")
    out.print(line)
    out.print(Padding(Text(lab.summary, style="bright_black"), (0, 2, 0, 2), expand=False))
    out.print()
    for number, step in enumerate(lab.steps, 1):
        out.print(Text.assemble((f"  {number:>3}  ", "cyan"), step.title))
    out.print()
    out.print(Padding(_places(opened), (0, 0, 0, 2), expand=False))
    out.print()
    out.print(Padding(_verbs(lab.id), (0, 0, 0, 2), expand=False))
    out.print()
    out.print(
        f"  [bright_black]{opened.instance.endpoint}, world {opened.instance.world}, ready in "
        f"{opened.seconds:.1f} s[/]"
    )
    out.print()


def _places(opened):
    from rich.table import Table
    from rich.text import Text

    from sandbox.labs import progress

    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bright_black", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("read", relative(opened.lab.folder / "README.md"))
    rows.add_row("work in", relative(opened.work) + _news(opened))
    shell = Text.assemble(
        ("make shell", "bold"),
        ("   a shell whose aws, python and curl use the sandbox", "bright_black"),
    )
    rows.add_row("open", shell)
    own = Table.grid(padding=(0, 2))
    for name, value in list(opened.values.environment().items())[:10]:
        own.add_row(Text(f"${name}", style="bold"), Text(value, overflow="fold"))
    if own.row_count:
        rows.add_row("yours", own)
        rows.add_row("", Text("set by: source values.env", style="bright_black"))
    seen = progress.of(opened.lab.name)
    if seen.last is not None:
        rows.add_row("so far", f"{seen.last:.0f} %, best {seen.best:.0f} %")
    return rows


def _verbs(number: int):
    from rich.table import Table

    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(style="bright_black")
    rows.add_row(f"make check-{number}", "scores your work, with reasons")
    rows.add_row(f"make hint-{number}", "gives a hint")
    rows.add_row(f"make watch-{number}", "checks again whenever you change something")
    return rows


def relative(path: Path) -> str:
    """`path` as one types it from here."""
    try:
        return os.path.relpath(path) if not os.path.relpath(path).startswith("..") else str(path)
    except ValueError:
        return str(path)


def _news(opened) -> str:
    count = len(opened.new_files)
    if not count:
        return "   (as you left it)"
    return f"   ({count} {'file' if count == 1 else 'files'} put there for you)"
