"""`sandbox watch`: check again whenever the files or the world change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sandbox.cli.style import (
    LabNumber,
    ascii_only,
    console,
    interactive,
    lab_or_usage_error,
    require_started,
)

if TYPE_CHECKING:
    from sandbox.grading.result import Result

POLL_SECONDS = 0.7
KEYS = "h hint   c check again   l steps   q end"


def register(app: typer.Typer) -> None:
    """Add `sandbox watch`."""
    app.command()(watch)


def watch(
    lab: LabNumber,
    port: Annotated[int | None, typer.Option(help="Port of the sandbox.")] = None,
    once: Annotated[
        bool, typer.Option("--once", hidden=True, help="End after the first change.")
    ] = False,
) -> None:
    """Check again whenever you save a file or change something in the sandbox.

    Files and the sandbox are looked at every second, which works on every file system. Keys: h gives
    the next hint, c checks again, l lists the steps, q ends.
    """
    from sandbox.labs import lifecycle

    found = lab_or_usage_error(lab)
    require_started(found)
    running = lifecycle.resume(found, port)
    code = _Watch(found, running).run(once)
    raise typer.Exit(code)


class _Watch:
    def __init__(self, lab, running) -> None:
        self.lab = lab
        self.running = running
        self.result: Result | None = None

    def run(self, once: bool) -> int:
        from sandbox.cli.keys import Keys

        self._check()
        seen = self._state()
        with Keys() as keys:
            while True:
                key = self._key(keys)
                if key in ("q", "\x03", "\x04"):
                    break
                if key == "h":
                    self._hint()
                elif key == "l":
                    self._steps()
                now = self._state()
                if key in ("c", "n", "\n") or now != seen:
                    self._check()
                    seen = self._state()
                    if once:
                        break
        return 3 if self.result is None else self.result.exit_code

    def _key(self, keys) -> str | None:
        if interactive():
            return keys.wait(POLL_SECONDS)
        time.sleep(POLL_SECONDS)
        return None

    def _check(self) -> None:
        from sandbox.grading import local
        from sandbox.labs import progress, student, values_of

        who = student()
        result = local.check(
            self.lab, self.running, values_of(self.lab, who), self.lab.work, student=who
        ).for_student()
        self.result = result
        local.write(result, self.lab.work / "result.json")
        complete = result.status == "complete"
        progress.record_score(self.lab.name, result.percent, complete, result.passed)
        self._show(result)

    def _show(self, result: Result) -> None:
        from rich.text import Text

        from sandbox.grading.renderers import terminal, words

        out = console()
        if not interactive():
            stamp = time.strftime("%H:%M:%S")
            print(f"{stamp} {words.score_line(result)} {words.verdict(result)}", flush=True)
            return
        out.clear()
        out.print(terminal.page(result, ascii_only=ascii_only(), only_open=True))
        out.print(Text(f"  {time.strftime('%H:%M:%S')}   {KEYS}", style="bright_black"))

    def _hint(self) -> None:
        from sandbox.cli import hint
        from sandbox.labs import progress

        step = hint.current_step(self.lab)
        shown = min(progress.of(self.lab.name).hints.get(step.id, 0) + 1, len(step.hints))
        progress.record_hint(self.lab.name, step.id, shown)
        hint.show(self.lab, step, list(step.hints[:shown]))

    def _steps(self) -> None:
        from rich.text import Text

        for number, step in enumerate(self.lab.steps, 1):
            checks = self.result.checks if self.result is not None else []
            mine = [one for one in checks if one.step == step.id]
            done = bool(mine) and all(one.status == "pass" for one in mine)
            word = "done" if done else "open"
            style = "green" if done else "bright_black"
            console().print(Text.assemble(f"  {number:>2}  ", (f"{word}  ", style), step.title))

    def _state(self) -> tuple:
        """What the result depends on: files by size and time, and the world's count of changes."""
        return self._files(self.lab.work), self._changes()

    @staticmethod
    def _files(folder: Path) -> tuple:
        found = []
        for path in sorted(folder.rglob("*")):
            if path.name in ("result.json", ".result.json.tmp") or "__pycache__" in path.parts:
                continue
            try:
                facts = path.stat()
            except OSError:
                continue
            if not path.is_dir():
                found.append((str(path), facts.st_size, facts.st_mtime_ns))
        return tuple(found)

    def _changes(self) -> object:
        from sandbox.stack.errors import StackError

        try:
            status = self.running.call("GET", "/status")
            return status.get("changes"), status["clock_offset_seconds"]
        except StackError:
            return None
