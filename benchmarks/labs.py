"""The commands of a lab as they are typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.measure import Figure, spread
from sandbox.stack import instance

SANDBOX = str(Path(sys.executable).with_name("sandbox"))


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group, for labs 1 and 7."""
    environment = os.environ | {
        "SANDBOX_HOME": str(home / "labs"),
        "SANDBOX_WORK": str(home / "work"),
        "SANDBOX_PORT": str(instance.free_port()),
        "SANDBOX_STUDENT": "bench",
    }

    def timed(*arguments: str, codes: tuple[int, ...] = (0,)) -> float:
        begun = time.perf_counter()
        done = subprocess.run(
            [SANDBOX, *arguments], env=environment, capture_output=True, text=True
        )
        if done.returncode not in codes:
            raise RuntimeError(f"sandbox {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return time.perf_counter() - begun

    first = timed("lab", "1")
    again = [timed("lab", "1") for _ in range(3)]
    untouched = [timed("check", "1", codes=(1,)) for _ in range(3)]
    demo = [timed("demo", "1") for _ in range(2)]
    checked = [timed("check", "1", codes=(0, 1)) for _ in range(3)]
    serverless = _wild_rydes(timed, environment)
    timed("down", "--all")
    solution = Path(__file__).parents[1] / "labs" / "lab-01-s3" / "solution"
    submission = home / "submission"
    _submission(solution, submission)
    graded = [timed("grade", "1", str(submission)) for _ in range(3)]
    return [
        Figure("labs", "lab-1, first time", first, "s", note="world, folder, start"),
        spread("labs", "lab-1, again", again, "s"),
        spread("labs", "check-1, nothing done", untouched, "s"),
        spread("labs", "demo-1", demo, "s"),
        spread("labs", "check-1", checked, "s"),
        spread("labs", "grade-1, one submission", graded, "s"),
        *serverless,
    ]


def _wild_rydes(timed: Callable[..., float], environment: dict[str, str]) -> list[Figure]:
    """Lab 7 worked in its world, and what the emulator and its functions hold afterwards."""
    first = timed("lab", "7")
    root = Path(__file__).parents[1]
    work = Path(environment["SANDBOX_WORK"]) / "lab-07"
    shutil.copytree(root / "labs" / "lab-07-wild-rydes" / "solution", work, dirs_exist_ok=True)
    begun = time.perf_counter()
    subprocess.run(
        [
            "bash",
            "-c",
            f'eval "$({SANDBOX} env)"; source values.env; '
            f"{sys.executable} -m sandbox.stack.aws_server bash solve.sh",
        ],
        cwd=work,
        env=environment,
        check=True,
        capture_output=True,
    )
    solved = time.perf_counter() - begun
    checked = [timed("check", "7") for _ in range(3)]
    status = subprocess.run(
        [SANDBOX, "status", "--json"], env=environment, check=True, capture_output=True, text=True
    )
    process = psutil.Process(json.loads(status.stdout)["pid"])
    emulator = process.memory_info().rss / 2**20
    others = sum(child.memory_info().rss for child in process.children(recursive=True)) / 2**20
    return [
        Figure("labs", "lab-7, first time", first, "s"),
        Figure("labs", "lab-7's solution", solved, "s", note="40 aws commands"),
        spread("labs", "check-7", checked, "s"),
        Figure("labs", "memory after lab 7", emulator, "MB"),
        Figure("labs", "its functions and engines", others, "MB"),
    ]


def _submission(solution: Path, folder: Path) -> None:
    root = Path(__file__).parents[1]
    shutil.copytree(root / "labs" / "lab-01-s3" / "starter", folder)
    shutil.copytree(solution, folder, dirs_exist_ok=True)
    for name in ("site", "logs"):
        shutil.copytree(root / "fixtures" / "lab-01" / name, folder / name)
