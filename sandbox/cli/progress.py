"""`sandbox progress`: how far each lab is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `sandbox progress`."""
    app.command()(progress)


def progress(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show how far you are in each lab."""
    from sandbox.labs import all_labs
    from sandbox.labs import progress as kept

    known = kept.read()
    if as_json:
        found = {
            lab.name: {
                "lab": lab.id,
                "title": lab.title,
                "pass_mark": lab.pass_mark,
                **asdict(known.get(lab.name, kept.LabProgress())),
            }
            for lab in all_labs()
        }
        print(json.dumps(found, indent=2))
        return
    from sandbox.cli.lab_overview import table
    from sandbox.cli.style import console

    console().print()
    console().print(table())
