"""`sandbox solution`: the solution, after the lab is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, console, lab_or_usage_error, refuse


def register(app: typer.Typer) -> None:
    """Add `sandbox solution`."""
    app.command()(solution)


def solution(
    lab: LabNumber,
    force: Annotated[bool, typer.Option(help="Show it before the lab is passed, too.")] = False,
    which: Annotated[
        str | None, typer.Option("--which", help="Another form, such as solution-boto3.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show the solution of a lab that you have passed."""
    from sandbox.labs import progress

    found = lab_or_usage_error(lab)
    reached = progress.of(found.name)
    if not reached.passed and not force:
        best = "not checked yet" if reached.best is None else f"{reached.best:.0f} % so far"
        refuse(
            f"The solution of lab {found.id} is shown once you have {found.pass_mark:.0f} % ({best}).",
            f"A hint: make hint-{found.id}. In spite of that: sandbox solution {found.id} --force",
            1,
        )
    folders = {folder.name: folder for folder in found.solutions}
    name = which or "solution"
    if name not in folders:
        raise typer.BadParameter(f"There is no {name!r}. There is: {', '.join(folders)}.")
    files = _own_files(found, folders[name])
    if as_json:
        print(json.dumps({"lab": found.id, "folder": str(folders[name]), "files": files}, indent=2))
        return
    _show(folders[name], files, [other for other in folders if other != name], found.id)


def _own_files(lab, folder: Path) -> dict[str, str]:
    texts = {}
    for path in sorted(folder.rglob("*")):
        given = lab.folder / "starter" / path.relative_to(folder)
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        if given.is_file() and given.read_bytes() == path.read_bytes():
            continue
        texts[str(path.relative_to(folder))] = path.read_text(encoding="utf-8", errors="replace")
    return dict(sorted(texts.items(), key=lambda item: item[0] != "solve.sh"))


def _show(folder: Path, files: dict[str, str], others: list[str], number: int) -> None:
    from rich.padding import Padding
    from rich.syntax import Syntax

    from sandbox.cli.lab import relative

    out = console()
    for name, text in files.items():
        out.print()
        out.print(f"  [bold cyan]{name}[/]   [bright_black]{relative(folder / name)}[/]")
        out.print()
        if out.color_system is None:
            print("\n".join(f"    {line}" for line in text.splitlines()))
            continue
        lexer = Syntax.guess_lexer(name, text)
        shown = Syntax(text, lexer, theme="ansi_dark", background_color="default", word_wrap=True)
        out.print(Padding(shown, (0, 0, 0, 4), expand=False))
    out.print()
    for other in others:
        out.print(f"  [bright_black]In another form: sandbox solution {number} --which {other}[/]")
    if others:
        out.print()
