"""What a student has reached: one small file, `progress.json` in the sandbox's home.

It can be copied to another machine. It is a memory, never evidence: grading does not read it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.stack import paths

FORMAT = 1


@dataclass
class LabProgress:
    """One lab: when it was started, the last and the best score in per cent, hints seen per step."""

    started_at: float | None = None
    checked_at: float | None = None
    completed_at: float | None = None
    last: float | None = None
    best: float | None = None
    passed: bool = False
    hints: dict[str, int] = field(default_factory=dict)


def _file() -> Path:
    return paths.home() / "progress.json"


def read() -> dict[str, LabProgress]:
    """Progress by lab name (`lab-01`); a file that cannot be read counts as none."""
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            return {}
        return {name: LabProgress(**found) for name, found in content["labs"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def of(lab: str) -> LabProgress:
    """Progress in one lab."""
    return read().get(lab, LabProgress())


def write(lab: str, progress: LabProgress) -> None:
    """Keep the progress of one lab; the file is replaced as a whole."""
    known: dict[str, Any] = {name: asdict(found) for name, found in read().items()}
    known[lab] = asdict(progress)
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f".{file.name}.{os.getpid()}")
    written.write_text(json.dumps({"format": FORMAT, "labs": known}, indent=2) + "\n")
    written.replace(file)


def record_start(lab: str) -> None:
    """Remember that the lab was started, the first time."""
    found = of(lab)
    if found.started_at is None:
        found.started_at = time.time()
        write(lab, found)


def record_score(lab: str, percent: float | None, complete: bool, passed: bool) -> None:
    """Remember a score in per cent; None (not scored) changes nothing but the time."""
    found = of(lab)
    found.checked_at = time.time()
    if percent is not None:
        found.last = percent
        found.best = max(found.best or 0.0, percent)
        found.passed = found.passed or passed
        if complete and found.completed_at is None:
            found.completed_at = time.time()
    write(lab, found)


def record_hint(lab: str, step: str, shown: int) -> None:
    """Remember how many hints of a step were shown."""
    found = of(lab)
    found.hints[step] = shown
    write(lab, found)


def forget_hints(lab: str) -> None:
    """Start a lab's hints from the first again; scores stay."""
    found = of(lab)
    found.hints = {}
    write(lab, found)
