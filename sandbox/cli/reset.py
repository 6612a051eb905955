"""`sandbox reset`: begin a lab again."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sandbox.cli.lab import Port, facts, show
from sandbox.cli.style import LabNumber, console, interactive, lab_or_usage_error


def register(app: typer.Typer) -> None:
    """Add `sandbox reset`."""
    app.command()(reset)


def reset(
    lab: LabNumber,
    files: Annotated[
        bool, typer.Option("--files", help="Begin the files in work/lab-NN again, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    port: Port = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Delete a lab's world and make its starting point again; your files stay.

    With --files they begin again, too; the old ones are kept beside them.
    """
    from sandbox.labs import lifecycle

    found = lab_or_usage_error(lab)
    shared = [other.id for other in lifecycle.sharing(found)]
    if interactive() and not yes:
        also = f" (also of lab {', '.join(map(str, shared))})" if shared else ""
        typer.confirm(f"Delete everything in world {found.world_name}{also}?", abort=True)
    opened = lifecycle.reset(found, port, files=files)
    if as_json:
        print(json.dumps(facts(opened), indent=2))
        return
    console().print(f"\n  World [bold]{found.world_name}[/] is new.", end="")
    show(opened)
