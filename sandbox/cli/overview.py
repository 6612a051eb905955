"""How `status`, `doctor` and the bare `make` look."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.stack import instance, worlds

# A word beside each symbol: colour and shape alone tell nothing to a screen reader or in a log.
MARKS = {
    "good": Text("✓ ok  ", style="green"),
    "note": Text("! note", style="yellow"),
    "bad": Text("✗ bad ", style="bold red"),
}


def console() -> Console:
    """Where everything is printed; plain without a terminal, with NO_COLOR or TERM=dumb."""
    return Console(highlight=False)


def show_status(found: instance.Instance | None) -> None:
    """What runs, the worlds, the labs."""
    out = console()
    out.print()
    if found is None:
        out.print(
            "  [bold]The sandbox[/] is not running.",
            "[dim]Start it: sandbox up, or a lab: make lab-1[/]",
        )
    else:
        _show_running(out, found)
    _show_worlds(out, found)
    _show_labs(out)
    out.print()


def show_doctor(findings) -> None:
    """One line a finding, then what to do."""
    out = console()
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for finding in findings:
        fact = Text(finding.fact)
        if finding.advice:
            fact.append(f"\n{finding.advice}", style="cyan")
        table.add_row(MARKS[finding.level], finding.subject, fact)
    out.print()
    out.print(table)
    bad = sum(finding.level == "bad" for finding in findings)
    out.print()
    if bad:
        out.print(
            f"  {bad} thing{'s' if bad > 1 else ''} to mend before the labs work.", style="red"
        )
    else:
        out.print("  This machine is ready for the labs.", style="green")
    out.print()


def show_welcome() -> None:
    """What `make` alone prints."""
    out = console()
    out.print()
    out.print("  [bold]Cloud sandbox[/]: AWS labs on your own machine, no account, no bill")
    out.print()
    _commands(
        out,
        "For students",
        [
            ("make lab-1", "start a lab, and see what to do"),
            ("make shell", "a shell whose aws and boto3 use the sandbox"),
            ("make check-1", "score your work, with reasons"),
            ("make watch-1", "check again at every change"),
            ("make hint-1", "the next hint"),
            ("make reset-1", "begin the lab again"),
            ("make submit-1", "pack your work for handing in"),
        ],
    )
    _commands(
        out,
        "For instructors",
        [
            ("make demo-1", "play the finished lab, step by step"),
            ("make solution-1", "show the solution"),
            ("make grade-1 SUBMISSION=a.zip", "replay a submission, score it"),
        ],
    )
    _commands(
        out,
        "The sandbox",
        [
            ("make status", "what runs, the worlds, the labs"),
            ("make doctor", "does this machine have what labs need"),
            ("make up, make down", "start and stop by hand"),
            ("make test, lint, bench", "for work on the sandbox itself"),
        ],
    )
    _show_labs(out)
    out.print()


def _commands(out: Console, title: str, rows: list[tuple[str, str]]) -> None:
    out.print(f"  [bold cyan]{title}[/]")
    for command, words in rows:
        out.print(f"    [bold]{command:<32}[/][dim]{words}[/]")
    out.print()


def _show_running(out: Console, found: instance.Instance) -> None:
    ready = found.ready()
    state = "[green]running[/]" if ready else "[yellow]starting[/]"
    out.print(f"  [bold]The sandbox[/] is {state} at [bold]{found.endpoint}[/]")
    up = timedelta(seconds=round(time.time() - found.started_at))
    kept = "nothing is kept" if found.ephemeral else found.directory
    lines = [
        ("world", f"{found.world}  [dim]{kept}[/]"),
        ("mode", f"{found.mode}, process {found.pid}, {_memory(found.pid)}, up {up}"),
    ]
    if ready:
        clock = found.call("GET", "/clock")
        ahead = timedelta(seconds=round(clock["offset_seconds"]))
        moment = datetime.fromisoformat(clock["now"])
        note = f"  [yellow]{ahead} ahead[/]" if ahead else ""
        lines.append(("clock", f"{moment:%Y-%m-%d %H:%M} UTC{note}"))
    lines.append(("log", f"[dim]{found.log_file}[/]"))
    for name, text in lines:
        out.print(f"    {name:<7}{text}", soft_wrap=True)


def _show_worlds(out: Console, found: instance.Instance | None) -> None:
    everything = worlds.all_worlds()
    if not everything:
        return
    table = _table("World", "Size", "Services with state")
    for world in everything:
        open_now = found is not None and not found.ephemeral and found.world == world.name
        name = Text(world.name + (" (open)" if open_now else ""), style="green" if open_now else "")
        table.add_row(name, _size(world.bytes), ", ".join(world.services) or "-")
    out.print()
    out.print(table)


def _show_labs(out: Console) -> None:
    from sandbox.cli import lab_overview

    out.print(lab_overview.table())


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, padding=(0, 1), header_style="bold cyan")
    for column in columns:
        table.add_column(column)
    return table


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit in ("B", "kB") else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


def _memory(pid: int | None) -> str:
    import psutil

    try:
        return _size(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return "memory unknown"
