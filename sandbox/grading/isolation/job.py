"""What is to be run, within which limits, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Ended = Literal[
    "finished", "time", "cpu", "output", "memory", "processes", "disk", "world", "failed"
]
MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Limits of one submission."""

    seconds: float = 120.0
    cpu_seconds: int = 90
    memory_bytes: int = 1024 * MB
    processes: int = 160
    output_bytes: int = 4 * MB
    file_bytes: int = 128 * MB
    disk_bytes: int = 256 * MB
    files: int = 20_000
    open_files: int = 512
    world_bytes: int = 1024 * MB
    emulator_bytes: int = 1536 * MB


@dataclass(frozen=True)
class Job:
    """A submission's commands: run in a copy of `work`; what they leave is put into `collect`."""

    command: tuple[str, ...]
    work: Path
    collect: Path
    scratch: Path
    name: str
    port: int
    environment: dict[str, str]
    limits: Limits = field(default_factory=Limits)


@dataclass
class Outcome:
    """How the commands ended. `protections` are (name, held, by what)."""

    ended: Ended
    exit_code: int | None
    seconds: float
    output: bytes
    reason: str | None = None
    protections: list[tuple[str, bool, str]] = field(default_factory=list)


def reason_of(ended: Ended, exit_code: int | None, limits: Limits) -> str | None:
    """One sentence for the student about an end that was not in order."""
    if ended == "time":
        return f"solve.sh was stopped: it ran longer than {limits.seconds:g} s."
    if ended == "output":
        return f"solve.sh was stopped: it printed more than {limits.output_bytes // 1024} kB."
    if ended == "memory":
        return f"solve.sh was stopped: it used more than {limits.memory_bytes // MB} MB of memory."
    if ended == "cpu":
        return f"solve.sh was stopped: it computed longer than {limits.cpu_seconds} s."
    if ended == "processes":
        return f"solve.sh was stopped: it started more than {limits.processes} processes."
    if ended == "disk":
        return f"solve.sh was stopped: it wrote more than {limits.disk_bytes // MB} MB."
    if ended == "world":
        return (
            "solve.sh was stopped: it put more into the sandbox than "
            f"{limits.world_bytes // MB} MB on disk or {limits.emulator_bytes // MB} MB in memory."
        )
    if ended == "failed":
        return "solve.sh could not be run."
    if exit_code:
        how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        return f"solve.sh ended early ({how}); what it did until then was scored."
    return None
