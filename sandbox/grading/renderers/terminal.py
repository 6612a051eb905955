"""What a student sees in the terminal: the score, each check by step, and reasons where it fails."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sandbox.grading.renderers import words
from sandbox.grading.result import CheckResult, Result

MARKS = {"pass": "✔", "partly": "◐", "fail": "✘", "skip": "·", "error": "!"}
PLAIN = {"pass": "+", "partly": "~", "fail": "x", "skip": ".", "error": "!"}
STYLES = {
    "pass": "green",
    "partly": "yellow",
    "fail": "red",
    "skip": "bright_black",
    "error": "magenta",
}
WIDEST = 92


def render(result: Result) -> str:
    """Plain text without colours, for files."""
    console = Console(file=io.StringIO(), width=WIDEST, color_system=None, force_terminal=False)
    console.print(page(result, ascii_only=False))
    return console.file.getvalue()  # type: ignore[attr-defined]


def page(result: Result, *, ascii_only: bool = False, only_open: bool = False) -> RenderableType:
    """The whole report as something Rich prints; with `only_open` finished steps are one line each."""
    marks = PLAIN if ascii_only else MARKS
    parts: list[RenderableType] = [
        Text(),
        _heading(result),
        Text(),
        bar(result, ascii_only),
        Text(),
    ]
    for title, checks in _by_step(result):
        if title and only_open and all(one.status == "pass" for one in checks):
            parts.append(
                Text.assemble((f"  {marks['pass']} ", STYLES["pass"]), (title, "bright_black"))
            )
            continue
        if title:
            parts.append(Text(f"  {title}", style="bold"))
        for one in checks:
            parts += list(_check(result, one, marks))
        parts.append(Text())
    parts += list(_closing(result))
    return Group(*parts)


def bar(result: Result, ascii_only: bool = False) -> RenderableType:
    """A bar as long as the score, and the score in words."""
    cells = 36
    share = 0.0 if result.percent is None else result.percent / 100
    full = round(share * cells)
    style = "green" if result.status == "complete" else "yellow" if share else "red"
    filled, empty = ("#", "-") if ascii_only else ("━", "─")
    line = Text("  ")
    line.append(filled * full, style=style)
    line.append(empty * (cells - full), style="bright_black")
    line.append("  ")
    line.append(words.score_line(result), style="bold")
    return line


def _heading(result: Result) -> RenderableType:
    grid = Table.grid(expand=False, padding=0)
    line = Text("  ")
    line.append(f"Lab {result.lab.id}", style="bold cyan")
    line.append(f"  {result.lab.title}", style="bold")
    line.append(f"   {result.seed}, {result.duration_s:.1f} s", style="bright_black")
    grid.add_row(line)
    return grid


def _by_step(result: Result) -> Iterator[tuple[str, list[CheckResult]]]:
    known = {step.id for step in result.lab.steps}
    for number, step in enumerate(result.lab.steps, 1):
        checks = [one for one in result.checks if one.step == step.id]
        if checks:
            yield f"{number}  {step.title}", checks
    others = [one for one in result.checks if one.step not in known]
    if others:
        yield ("Also" if known else ""), others


def _check(result: Result, one: CheckResult, marks: dict[str, str]) -> Iterator[RenderableType]:
    named = words.outcome(one)
    grid = Table.grid(padding=(0, 1))
    # A narrow terminal wraps the title, never the outcome or the points.
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(min_width=66, max_width=66)
    grid.add_column(justify="right", width=8, no_wrap=True)
    earned = "–" if one.score is None else words.points(one.score)
    dim = "bright_black" if one.status == "skip" else ""
    grid.add_row(
        Text(f"{marks[named]} {named}", style=STYLES[named]),
        Text(one.title, style=dim),
        Text(f"{earned}/{words.points(one.max_score)}", style=dim or "bold"),
    )
    yield Padding(grid, (0, 0, 0, 5), expand=False)
    if one.status == "skip":
        yield _under(Text(words.waits_for(result, one), style="bright_black"))
    if one.status in ("fail", "error"):
        yield from _reason(one)


def _reason(one: CheckResult) -> Iterator[RenderableType]:
    if one.rationale:
        yield _under(Text(one.rationale, style=STYLES[one.status]))
    labelled = Table.grid(padding=(0, 1))
    labelled.add_column(width=8, style="bright_black", no_wrap=True)
    labelled.add_column(overflow="fold")
    if one.compared:
        labelled.add_row("expected", Text(words.value(one.expected), style="green"))
        labelled.add_row("actual", Text(words.value(one.actual), style="red"))
        note = words.difference(one.expected, one.actual)
        if note:
            labelled.add_row("", Text(note, style="bright_black"))
    if one.help:
        labelled.add_row("help", Text(one.help))
    if one.hint and one.status == "fail":
        labelled.add_row("hint", Text(one.hint, style="italic"))
    if labelled.row_count:
        yield _under(labelled)


def _under(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 4, 0, 14), expand=False)


def _closing(result: Result) -> Iterator[RenderableType]:
    style = {"complete": "bold green", "incomplete": "bold", "error": "bold magenta"}[result.status]
    if result.replay is not None and result.replay.reason:
        yield Text(f"  {result.replay.reason}", style="red")
    yield Text(f"  {words.verdict(result)}", style=style)
    for note in result.notes:
        yield Text(f"  {note}", style="bright_black")
    step = next_step(result)
    if step is not None:
        line = Text("  Next: ")
        line.append(step.title, style="bold")
        line.append(f"   a hint: make hint-{result.lab.id}", style="bright_black")
        yield line
    elif result.status == "complete" and result.submission is None:
        yield Text(f"  To hand it in: make submit-{result.lab.id}", style="bright_black")
    yield Text()


def next_step(result: Result):
    """The first step with a failing check."""
    failing = {one.step for one in result.checks if one.status == "fail"}
    return next((step for step in result.lab.steps if step.id in failing), None)
