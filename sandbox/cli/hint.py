"""`sandbox hint`: the next hint of a step, remembered."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, console, lab_or_usage_error


def register(app: typer.Typer) -> None:
    """Add `sandbox hint`."""
    app.command()(hint)


def hint(
    lab: LabNumber,
    step: Annotated[
        str | None, typer.Argument(help="A step's id or number; default: where you are.")
    ] = None,
    all_hints: Annotated[
        bool, typer.Option("--again", help="Only those you have seen, no new one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Give the next hint: each step has three, from a question to nearly the answer."""
    from sandbox.labs import progress

    found = lab_or_usage_error(lab)
    chosen = _step(found, step)
    seen = progress.of(found.name).hints.get(chosen.id, 0)
    shown = seen if all_hints else min(seen + 1, len(chosen.hints))
    if shown != seen:
        progress.record_hint(found.name, chosen.id, shown)
    hints = list(chosen.hints[:shown])
    if as_json:
        left = len(chosen.hints) - shown
        print(json.dumps({"lab": found.id, "step": chosen.id, "hints": hints, "left": left}))
        return
    show(found, chosen, hints)


def show(lab, step, hints: list[str]) -> None:
    """Print hints, the newest last."""
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    number = lab.steps.index(step) + 1
    out.print()
    out.print(Text.assemble(("  Hints", "bold cyan"), f"  {number}  ", (step.title, "bold")))
    out.print()
    for place, text in enumerate(hints, 1):
        newest = place == len(hints)
        mark = Text(f"{place}/{len(step.hints)}  ", style="cyan" if newest else "bright_black")
        out.print(Padding(mark + _marked_up(text, newest), (0, 2, 1, 2), expand=False))
    if not hints:
        out.print("  You have seen none of this step yet.")
    elif len(hints) < len(step.hints):
        out.print(f"  [bright_black]One more: make hint-{lab.id}[/]")
    else:
        out.print(f"  [bright_black]That was the last one. The text: {_readme(lab, step)}[/]")
    out.print()


def _readme(lab, step) -> str:
    from sandbox.cli.lab import relative

    return f"{relative(lab.folder / 'README.md')}, heading {step.id!r}"


def _marked_up(text: str, newest: bool):
    """`code` in a hint stands out."""
    from rich.text import Text

    built = Text(style="" if newest else "bright_black")
    for place, part in enumerate(text.split("`")):
        built.append(part, style="bold" if place % 2 and newest else "")
    return built


def _step(lab, wanted: str | None):
    """The step that is meant: by id, by number, or the first that does not pass yet."""
    if wanted is not None:
        if wanted.isdigit() and 1 <= int(wanted) <= len(lab.steps):
            return lab.steps[int(wanted) - 1]
        step = lab.step(wanted)
        if step is None:
            known = ", ".join(step.id for step in lab.steps)
            raise typer.BadParameter(f"Lab {lab.id} has no step {wanted!r}. Steps: {known}.")
        return step
    return current_step(lab)


def current_step(lab):
    """The first step with a check that does not pass, by the last check; else the first step."""
    from sandbox.grading.result import Result

    try:
        result = Result.model_validate_json((lab.work / "result.json").read_text())
    except (OSError, ValueError):
        return lab.steps[0]
    if result.lab.id != lab.id:
        return lab.steps[0]
    open_steps = {one.step for one in result.checks if one.status in ("fail", "skip")}
    return next((step for step in lab.steps if step.id in open_steps), lab.steps[-1])
