"""The sandbox clock on the command line."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Annotated

import typer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    """Add `sandbox clock` and `sandbox clock advance`."""
    clock = typer.Typer(help="Show the sandbox's clock, or move it forward.")
    clock.callback(invoke_without_command=True)(show)
    clock.command()(advance)
    app.add_typer(clock, name="clock")


def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show the sandbox's clock, or move it forward with `advance`."""
    if context.invoked_subcommand is None:
        from sandbox.stack import current

        _print(current.get("/clock"), as_json)


def advance(
    step: Annotated[str, typer.Argument(help="How far: 90d, 12h, 30m, 1w, 1d12h.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Move the clock forward; what waits for that moment happens: lifecycle rules, expiry, TTL."""
    from sandbox.stack import current

    seconds = parse_step(step).total_seconds()
    _print(current.post("/clock", {"advance_seconds": seconds}), as_json)


def parse_step(text: str) -> timedelta:
    """`1d12h` as a timedelta; raises typer.BadParameter for anything else."""
    if not re.fullmatch(r"(\d+[smhdw])+", text):
        raise typer.BadParameter(f"{text!r} is not a step of time. Write 90d, 12h, 30m or 1d12h.")
    parts = re.findall(r"(\d+)([smhdw])", text)
    return sum(
        (timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), start=timedelta()
    )


def _print(state: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(state))
        return
    now = datetime.fromisoformat(state["now"])
    ahead = timedelta(seconds=round(state["offset_seconds"]))
    where = f"{ahead} ahead of this machine" if ahead else "the same as this machine's"
    print(f"The sandbox clock says {now:%Y-%m-%d %H:%M:%S} UTC, {where}.")
