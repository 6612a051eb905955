"""Grading by replay: a submission's solve.sh runs in a fresh world, then the checks look at that world.

Nothing that the submission says about itself counts: a result.json in it is never read. Each replay has
an emulator of its own, which nobody uses afterwards.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from sandbox.grading import isolation, loading, runner
from sandbox.grading.api import Check
from sandbox.grading.isolation import Job, Limits, Outcome
from sandbox.grading.isolation.cgroups import ControlGroup
from sandbox.grading.isolation.job import Ended
from sandbox.grading.local import lab_ref
from sandbox.grading.result import LabRef, Protection, Replay, Result, SubmissionRef
from sandbox.grading.subject import Subject
from sandbox.grading.submission import Submission
from sandbox.labs import Lab, Values, folder, provisioning, values_of
from sandbox.stack import instance, paths
from sandbox.stack.errors import StackError

SHOWN_OUTPUT = 16_000
# What all functions of a submission may use together. Lambda allows one of them 1,024 processes.
FUNCTION_MEMORY_BYTES = 2 * 1024**3
FUNCTION_PROCESSES = 1500


@dataclass
class Grader:
    """Replays submissions of one lab with one set of checks."""

    lab: Lab
    files: list[Path]
    checks: list[Check]
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, lab: Lab, checks_path: Path | None = None, limits: Limits | None = None) -> Grader:
        """A grader with the lab's checks and those of the instructor's folder `checks_path`.

        A file there with the name of the lab's check file comes on top of it. Raises CheckFileError.
        """
        files = [lab.checks_file]
        if checks_path is not None:
            overlay = checks_path / lab.checks_file.name if checks_path.is_dir() else checks_path
            if not overlay.is_file():
                raise loading.CheckFileError(
                    f"There is no {lab.checks_file.name} in {checks_path}."
                )
            files.append(overlay)
        return cls(lab, files, loading.load(files), limits or Limits())

    @property
    def reference(self) -> LabRef:
        """The lab as results name it."""
        return lab_ref(self.lab, self.files)

    def grade(self, submission: Submission) -> Result:
        """Replay and score one submission. What breaks on our side is a result with status `error`.

        What broke is tried once more: a machine that is short of something for a moment is no reason
        to trouble the instructor.
        """
        first = self._grade_once(submission)
        if first.status != "error":
            return first
        second = self._grade_once(submission)
        second.notes.append(f"The first try could not be scored: {broken_by(first)}")
        return second

    def _grade_once(self, submission: Submission) -> Result:
        begun, moment = time.monotonic(), datetime.now(UTC)
        known: dict[str, Any] = {
            "seed": submission.student,
            "started_at": moment,
            "submission": SubmissionRef(
                id=submission.name, student=submission.student, sha256=submission.sha256
            ),
        }
        scratch = Path(tempfile.mkdtemp(prefix="replay-", dir=_scratch()))
        try:
            with _World(self.lab, submission.student) as world:
                # The jail is built while the emulator starts.
                run = self._prepared(submission, world, scratch)
                try:
                    world.await_ready()
                    world.provision()
                    subject = self._subject(world, scratch / "collected")
                    Thread(target=subject.warm, args=(self.lab.services,), daemon=True).start()
                    outcome = run.go(lambda: world.exceeds(self.limits))
                    if outcome.ended == "failed":
                        said = outcome.output.decode(errors="replace").strip()[-300:]
                        raise StackError(f"solve.sh could not be started. {said}")
                finally:
                    run.close()
                try:
                    found = runner.run(self.checks, subject)
                finally:
                    subject.close()
                world.require_alive()
        except (StackError, OSError) as error:
            return Result.unscored(
                self.reference, f"The sandbox failed: {error}", duration_s=_since(begun), **known
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return Result.of(
            self.reference,
            found,
            duration_s=_since(begun),
            replay=_replay(outcome),
            protections=[
                *(Protection(name=n, held=h, how=w) for n, h, w in outcome.protections),
                Protection(
                    name="memory and processes of functions",
                    held=world.is_limited,
                    how="control group" if world.is_limited else "no control group here",
                ),
                Protection(
                    name="network of functions",
                    held=world.is_cut_off,
                    how="the emulator's own network namespace"
                    if world.is_cut_off
                    else "functions and integrations of the submission can reach the network",
                ),
            ],
            notes=submission.notes,
            **known,
        )

    def _prepared(self, submission: Submission, world: _World, scratch: Path):
        work = scratch / "work"
        folder.prepare(self.lab, work, world.values)
        folder.lay(submission.work, work, over=True)
        folder.prepare(self.lab, work, world.values)
        (work / "result.json").unlink(missing_ok=True)
        collected = scratch / "collected"
        collected.mkdir()
        return isolation.prepare(
            Job(
                command=("bash", "solve.sh"),
                work=work,
                collect=collected,
                scratch=scratch,
                name=self.lab.name,
                port=world.port,
                environment={
                    **world.values.environment(),
                    "SANDBOX_STUDENT": submission.student,
                    "SANDBOX_TOKEN": world.token,
                },
                limits=self.limits,
            )
        )

    def _subject(self, world: _World, work: Path) -> Subject:
        started = world.instance
        return Subject(endpoint=started.endpoint, values=world.values, work=work, call=started.call)


def broken_by(result: Result) -> str:
    """What kept a result from being scored, in one line."""
    broken = [f"{one.id}: {one.rationale}" for one in result.checks if one.status == "error"]
    return result.message or "; ".join(broken) or "no checks ran"


class _World:
    """A fresh ephemeral world on a free port, which starts in the background."""

    def __init__(self, lab: Lab, student: str) -> None:
        self.lab = lab
        self.values: Values = values_of(lab, student)
        self.port = instance.free_port()
        self.token = secrets.token_urlsafe(24)
        self._starting: Future[instance.Instance] | None = None
        self._pool = ThreadPoolExecutor(1)
        self._group: ControlGroup | None = None

    def __enter__(self) -> _World:
        with contextlib.suppress(OSError):
            self._group = ControlGroup(FUNCTION_MEMORY_BYTES, FUNCTION_PROCESSES)
        self._starting = self._pool.submit(
            instance.start,
            self.lab.name,
            port=self.port,
            ephemeral=True,
            student_token=self.token,
            services=self.lab.services,
            tied=True,
            cut_off=True,
            function_group=self._group.folders if self._group else (),
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._starting is not None
        with contextlib.suppress(StackError, OSError):
            self._starting.result().stop()
        if self._group is not None:
            self._group.remove()
        self._pool.shutdown()

    def await_ready(self) -> None:
        """Wait until the emulator answers; raises StackError when it does not."""
        import boto3  # noqa: F401 (loaded while the emulator starts)

        assert self._starting is not None
        self.instance = self._starting.result()
        self._pid = self.instance.pid
        self.is_cut_off = self.instance.is_cut_off

    @property
    def is_limited(self) -> bool:
        """Whether functions share a limit of memory and processes."""
        return self._group is not None

    def require_alive(self) -> None:
        """Raise StackError when the emulator died meanwhile: its world began again without the work."""
        if self.instance.pid != self._pid or not self.instance.ready():
            raise StackError("the emulator died during the replay.")

    def exceeds(self, limits: Limits) -> Ended | None:
        """Whether the submission has put more into the emulator than this machine should bear."""
        import psutil

        if _size_of(Path(self.instance.directory), limits.world_bytes) > limits.world_bytes:
            return "world"
        with contextlib.suppress(psutil.Error):
            if psutil.Process(self._pid).memory_info().rss > limits.emulator_bytes:
                return "world"
        return None

    def provision(self) -> None:
        """Make the lab's starting state."""
        provisioning.provision(self.lab, self.instance.endpoint, self.values)


def _size_of(folder: Path, enough: int) -> int:
    """Bytes of the files below `folder`; stops counting at more than `enough`."""
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(here, name).lstat().st_size
            if total > enough:
                return total
    return total


def _replay(outcome: Outcome) -> Replay:
    text = outcome.output.decode("utf-8", "replace")
    if len(text) > SHOWN_OUTPUT:
        text = f"... ({len(text) - SHOWN_OUTPUT} characters)\n{text[-SHOWN_OUTPUT:]}"
    return Replay(
        ended=outcome.ended,
        exit_code=outcome.exit_code,
        duration_s=round(outcome.seconds, 3),
        reason=outcome.reason,
        output=text,
    )


def _scratch() -> Path:
    """A folder for replays; what a killed run left there an hour ago is removed."""
    found = paths.home() / "replays"
    found.mkdir(parents=True, exist_ok=True)
    for left in found.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
    return found


def _since(begun: float) -> float:
    return time.monotonic() - begun
