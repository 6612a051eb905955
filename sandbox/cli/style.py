"""How the commands print: one console that honours NO_COLOR, TERM=dumb, pipes and plain terminals."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

LabNumber = Annotated[int, typer.Argument(help="The lab's number.", metavar="LAB")]


@cache
def console() -> Console:
    """The console for reports on standard output."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, emoji=False, width=None if _wide() else 92)


def ascii_only() -> bool:
    """Whether the output's encoding has no room for symbols."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return not encoding.startswith("utf") or os.environ.get("TERM") == "dumb"


def interactive() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def lab_or_usage_error(number: int):
    """The lab `number`; a usage error (exit code 2) when there is none."""
    from sandbox.labs import LabError, load
    from sandbox.labs.manifest import all_folders

    known = [int(folder.name[4:6]) for folder in all_folders()]
    if number not in known:
        numbers = ", ".join(map(str, known)) or "none yet"
        raise typer.BadParameter(f"There is no lab {number}. Labs: {numbers}.")
    try:
        return load(number)
    except LabError:
        raise


def refuse(message: str, advice: str, code: int) -> NoReturn:
    """End with one line that says why, one that says what to do, and an exit code."""
    print(f"sandbox: {message}\n  {advice}", file=sys.stderr)
    raise typer.Exit(code)


def require_started(lab) -> None:
    """A usage error (exit code 2) for a lab that was never started here."""
    if not lab.work.is_dir():
        refuse(f"Lab {lab.id} has not been started yet.", f"Start it: make lab-{lab.id}", 2)


def _wide() -> bool:
    return sys.stdout.isatty()
