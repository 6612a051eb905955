"""`sandbox demo`: the finished lab, played step by step."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, ascii_only, console, interactive, lab_or_usage_error

MOST_LINES = 14


def register(app: typer.Typer) -> None:
    """Add `sandbox demo`."""
    app.command()(demo)


def demo(
    lab: LabNumber,
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for a key after each command.")
    ] = False,
    step: Annotated[
        str | None, typer.Option("--until", help="Stop after this step (its id or number).")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the demo's sandbox running at the end.")
    ] = False,
) -> None:
    """Play the solution in a world of its own: each command, what it printed and what it changed.

    Your own world and files are not touched. Ends with the score.
    """
    from sandbox.labs import folder, provisioning, student, values_of
    from sandbox.stack import environment, instance, paths

    found = lab_or_usage_error(lab)
    last = _last_step(found, step)
    who = student()
    values = values_of(found, who)
    started = instance.start(
        f"demo-{found.id:02d}", ephemeral=True, services=found.services, tied=not keep
    )
    paths.home().mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"demo-{found.name}-", dir=paths.home())) / found.name
    try:
        provisioning.provision(found, started.endpoint, values)
        folder.prepare(found, work, values)
        folder.lay(found.solutions[0], work, over=True)
        variables = {
            **os.environ,
            **environment.variables(started.port),
            **values.environment(),
            "SANDBOX_TOKEN": started.token,
            "PYTHONUNBUFFERED": "1",
            "AWS_CLI_AUTO_PROMPT": "off",
        }
        _title(found, started.endpoint)
        finished = _play(found, work, variables, started, pause, last)
        code = _score(found, started, values, work, who) if finished and last is None else 0
    finally:
        if not keep:
            started.stop()
            shutil.rmtree(work.parent, ignore_errors=True)
    if keep:
        console().print(f"  It is still there: [bold]{started.endpoint}[/], files in {work}")
        console().print(f"  End it: [bold]sandbox down --port {started.port}[/]\n")
    raise typer.Exit(code if finished else 3)


def _play(lab, work: Path, variables: dict, started, pause: bool, last: str | None) -> bool:
    from sandbox.labs.playing import Shell
    from sandbox.labs.solve_script import parse

    steps = parse((work / "solve.sh").read_text(encoding="utf-8"))
    numbered = [step for step in steps if step.id]
    shell, watcher = Shell(work, variables), _Watcher(started)
    try:
        for step in steps:
            if step.id:
                _heading(numbered.index(step) + 1, len(numbered), step.title)
            for scene in step.scenes:
                if not step.id:
                    shell.play(scene)
                    continue
                _show_scene(scene)
                if not scene.code.strip():
                    continue
                played = shell.play(scene)
                watcher.look()
                _show_played(played, watcher.changes)
                if played.code is None or played.code != 0:
                    console().print(
                        f"\n  [red]The command failed (exit code {played.code}); "
                        "the demonstration ends here.[/]\n"
                    )
                    return False
                if pause and not _wait_for_key():
                    return False
            if last is not None and step.id == last:
                return True
        return True
    finally:
        shell.close()


class _Watcher:
    """What changed in the world since the last look, by the world's own record of requests."""

    def __init__(self, started) -> None:
        self._started = started
        self._seen: set[str] = set()
        self.changes: list[str] = []
        self.look()

    def look(self) -> None:
        """Bring `changes` up to date."""
        from sandbox.grading.read_only import is_read
        from sandbox.stack.errors import StackError

        try:
            answer = self._started.call("GET", "/events?limit=1000")
        except StackError:
            self.changes = []
            return
        events = answer["events"] if isinstance(answer, dict) else answer
        found: dict[tuple[str, str], list[str]] = {}
        for event in events:
            key = str(event.get("id") or (event.get("time"), event.get("operation")))
            if key in self._seen:
                continue
            self._seen.add(key)
            operation = str(event.get("operation") or "")
            status = int(event.get("status") or 0)
            if not operation or status >= 400 or is_read(operation, {}):
                continue
            target = str(event.get("resource") or "").rpartition(":")[2]
            found.setdefault((operation, target.split("/")[0]), []).append(target)
        self.changes = [
            f"{operation} {targets[0] if len(targets) == 1 else f'{first} ({len(targets)} times)'}"
            for (operation, first), targets in found.items()
        ]


def _title(lab, endpoint: str) -> None:
    from rich.text import Text

    out = console()
    out.print()
    out.print(Text.assemble(("  Demo", "bold cyan"), f"  Lab {lab.id}  ", (lab.title, "bold")))
    out.print(f"  [bright_black]a world of its own at {endpoint}; yours is not touched[/]")


def _heading(number: int, count: int, title: str) -> None:
    from rich.rule import Rule
    from rich.text import Text

    out = console()
    out.print()
    text = Text.assemble((f"{number}/{count}  ", "cyan"), (title, "bold"))
    out.print(
        Rule(text, align="left", style="bright_black", characters="-" if ascii_only() else "─")
    )


def _show_scene(scene) -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    out.print()
    if scene.comment:
        out.print(Padding(Text(scene.comment, style="italic"), (0, 2, 0, 2), expand=False))
    if not scene.code.strip():
        return
    first = True
    for line in scene.code.splitlines():
        sign = "$ " if first or not (line.startswith((" ", "\t")) or _inner(line)) else "  "
        first = False
        out.print(Text.assemble(("  " + sign, "bold green"), _coloured(line)), soft_wrap=True)


def _inner(line: str) -> bool:
    return line.strip() in ("done", "fi", "esac", "EOF", "}")


def _coloured(line: str):
    """A shell line with its quotations and variables set apart."""
    from rich.text import Text

    text = Text(line)
    text.highlight_regex(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", "yellow")
    text.highlight_regex(r"\$\{?\w+[^}\s\"/]*\}?|\$\(", "cyan")
    text.highlight_regex(r"(?<=\s)--?[a-z][\w-]*", "bright_black")
    return text


def _show_played(played, changes: list[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    lines = played.output.splitlines()
    if lines:
        shown = lines
        if len(lines) > MOST_LINES:
            left = len(lines) - MOST_LINES + 1
            shown = [*lines[: MOST_LINES - 4], f"... {left} more lines", *lines[-3:]]
        for line in shown:
            out.print(
                Padding(
                    Text(line, style="bright_black", overflow="fold"), (0, 0, 0, 4), expand=False
                )
            )
    words = list(changes)
    words += [f"file {name}" for name in played.new_files[:4]]
    words += [f"file {name} changed" for name in played.changed_files[:4]]
    if words:
        arrow = "->" if ascii_only() else "→"
        line = Text.assemble((f"{arrow} ", "cyan"), (", ".join(words), "cyan"))
        out.print(Padding(line, (0, 0, 0, 4), expand=False))


def _wait_for_key() -> bool:
    """Wait for a key; False when it says to end."""
    console().print("    [bright_black]any key: go on   q: end[/]", end="\r")
    if not interactive():
        return sys.stdin.readline() != ""
    from sandbox.cli.keys import Keys

    with Keys() as keys:
        key = keys.wait()
    console().print(" " * 40, end="\r")
    return key not in ("q", "\x03", "\x04")


def _score(lab, started, values, work: Path, who: str) -> int:
    from sandbox.cli.check import emit
    from sandbox.grading import local

    result = local.check(lab, started, values, work, student=who)
    emit(result, "terminal", None)
    return result.exit_code


def _last_step(lab, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    if wanted.isdigit() and 1 <= int(wanted) <= len(lab.steps):
        return lab.steps[int(wanted) - 1].id
    if lab.step(wanted) is None:
        known = ", ".join(step.id for step in lab.steps)
        raise typer.BadParameter(f"Lab {lab.id} has no step {wanted!r}. Steps: {known}.")
    return wanted
