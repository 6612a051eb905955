"""The table of labs: what each is about, what it needs, how far the student is."""

from __future__ import annotations

import json

from rich import box
from rich.table import Table
from rich.text import Text

from sandbox.labs import manifest
from sandbox.stack import diagnosis

NEEDS = {"docker": "Docker", "java": "Java", "browser": "a browser"}


def table() -> Table:
    """One row per lab of the checkout."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=True, padding=(0, 1), header_style="bold cyan")
    for column in ("Lab", "Title", "Minutes", "Needs", "Progress"):
        shown.add_column(
            column,
            justify="right" if column in ("Lab", "Minutes") else "left",
            no_wrap=column != "Title",
        )
    for lab in manifest.all_labs():
        shown.add_row(str(lab.id), lab.title, str(lab.minutes), _needs(lab), _progress(lab))
    return shown


def _needs(lab: manifest.Lab) -> Text:
    """What the lab needs beside Python, and whether this machine has it."""
    if not lab.requires:
        return Text("Python only")
    shown = Text()
    for need in lab.requires:
        here = diagnosis.has(need)
        word = f"{NEEDS.get(need, need)}: {'here' if here else 'missing'}"
        shown.append(("" if not shown else "\n") + word, style="" if here else "red")
    return shown


def _progress(lab: manifest.Lab) -> Text:
    if not lab.work.exists():
        return Text("not begun", style="dim")
    try:
        result = json.loads((lab.work / "result.json").read_text())
        score, most = result["score"], result["max_score"]
        if score is None or not most:
            return Text("not scored yet", style="yellow")
    except (OSError, ValueError, KeyError):
        return Text("begun", style="yellow")
    share = round(100 * score / most)
    filled = "█" * (share // 10) + "░" * (10 - share // 10)
    style = "green" if share >= lab.pass_mark else "yellow"
    return Text(f"{filled} {share} %", style=style)
