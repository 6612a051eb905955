"""The labs' verbs as a student and an instructor type them, in the tests' own small course."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.grading.isolation import Limits
from sandbox.grading.replay import Grader
from sandbox.grading.result import Result
from sandbox.grading.submission import take_in
from sandbox.labs.manifest import load

SANDBOX = Path(sys.executable).with_name("sandbox")
COURSE = Path(__file__).resolve().parents[1] / "course"
SOLUTION = COURSE / "labs/lab-90-letters/solution"


class Desk:
    """A student's machine: a home, a working folder, a port of its own."""

    def __init__(self, folder: Path, student: str = "ada") -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "HOME": str(folder),
            "SANDBOX_HOME": str(folder / "home"),
            "SANDBOX_WORK": str(folder / "work"),
            "SANDBOX_COURSE": str(COURSE),
            "SANDBOX_PORT": str(port),
            "SANDBOX_STUDENT": student,
            "TERM": "xterm",
        }
        self.work = folder / "work/lab-90"

    def __call__(self, *arguments: object, code: int | None = 0, **extra: str) -> str:
        """Run `sandbox ...`; what it printed. With `code` its exit code must be that."""
        done = subprocess.run(
            [str(SANDBOX), *map(str, arguments)],
            env=self.environment | extra,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        if code is not None:
            assert done.returncode == code, said
        return said

    def json(self, *arguments: object, code: int | None = 0) -> dict:
        """Run a verb that prints JSON."""
        return json.loads(self(*arguments, "--json", code=code))

    def solve(self) -> None:
        """Do the lab by the solution, in the student's own world."""
        for path in SOLUTION.iterdir():
            shutil.copy(path, self.work / path.name)
        environment = subprocess.run(
            ["bash", "-c", f'eval "$({SANDBOX} env)"; source values.env; bash solve.sh'],
            env=self.environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            check=False,
        )
        assert environment.returncode == 0, environment.stderr


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = Desk(tmp_path_factory.mktemp("desk"))
    yield found
    found("down", "--all", code=None)


@pytest.fixture
def submission(tmp_path: Path):
    """A folder with a solve.sh and an answers.toml."""

    def make(script: str, name: str = "ada", answers: str = "words = 4\n", **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "solve.sh").write_text(script)
        (folder / "answers.toml").write_text(answers)
        for file, text in files.items():
            (folder / file.replace("_json", ".json")).write_text(text)
        return folder

    return make


def graded(desk: Desk, folder: Path, *arguments: object, code: int | None = None) -> Result:
    said = desk("grade", 90, folder, "--student", "ada", "--json", *arguments, code=code)
    return Result.model_validate_json(said)


class TestStudent:
    """In the order in which a student meets them."""

    def test_a_lab_that_was_never_started_says_what_to_type(self, desk: Desk) -> None:
        for verb in ("check", "submit"):
            assert "make lab-90" in desk(verb, 90, code=2)

    def test_an_unknown_lab_or_format_is_a_usage_error(self, desk: Desk) -> None:
        assert "There is no lab 7. Labs: 90." in _joined(desk("lab", 7, code=2))
        assert "not a format" in _joined(desk("check", 90, "--format", "pdf", code=2))

    def test_lab_starts_it_and_says_what_to_do(self, desk: Desk) -> None:
        said = desk("lab", 90)
        assert "Letters in a bucket" in said and "make check-90" in said
        assert (desk.work / "solve.sh").exists()
        assert desk.json("lab", 90)["new_files"] == []

    def test_untouched_work_scores_nothing_and_says_why(self, desk: Desk) -> None:
        said = desk("check", 90, code=1)
        assert "0 of 4 points" in said and "There is no bucket of that name." in said
        assert "waits for: Your bucket exists" in said
        result = Result.model_validate_json((desk.work / "result.json").read_text())
        assert (result.score, result.seed) == (0.0, "ada")

    def test_a_report_can_be_printed_and_written(self, desk: Desk, tmp_path: Path) -> None:
        file = tmp_path / "reports" / "junit.xml"
        assert desk("check", 90, "--format", "junit", "--output", file, code=1) == ""
        assert "<testsuites>" in file.read_text()
        assert desk("check", 90, "--format", "csv", code=1).startswith("lab,student,")
        assert "cannot be written" in _joined(desk("check", 90, "-o", "/proc/x/y", code=2))

    def test_a_plain_terminal_gets_plain_text(self, desk: Desk) -> None:
        said = desk(
            "check", 90, code=1, TERM="dumb", NO_COLOR="1", PYTHONIOENCODING="ascii", LC_ALL="C"
        )
        assert said.isascii()

    def test_hints_come_one_by_one_and_are_remembered(self, desk: Desk) -> None:
        assert desk.json("hint", 90)["hints"] == ["What holds objects?"]
        assert desk.json("hint", 90)["left"] == 1
        for _ in range(3):
            found = desk.json("hint", 90, "make-bucket")
        assert len(found["hints"]) == 3
        assert len(desk.json("hint", 90, "--again")["hints"]) == 3
        assert desk.json("hint", 90, 3)["step"] == "count-words"
        assert "no step" in desk("hint", 90, "nonsense", code=2)

    def test_the_solution_waits_until_the_lab_is_passed(self, desk: Desk) -> None:
        assert "60 %" in _joined(desk("solution", 90, code=1))
        assert "create-bucket" in desk("solution", 90, "--force")
        assert "boto3" in desk("solution", 90, "--force", "--which", "solution-python")

    def test_an_unscored_check_is_not_a_zero(self, desk: Desk, tmp_path: Path) -> None:
        course = Path(shutil.copytree(COURSE, tmp_path / "course"))
        file = course / "checks/lab_90_letters.py"
        file.write_text(file.read_text().replace("lab.client", "lab.klient"))
        said = desk("check", 90, code=3, SANDBOX_COURSE=str(course))
        assert "not scored" in said and "our fault" in said
        file.write_text("# no checks any more\n")
        assert "No check was found" in desk("check", 90, code=3, SANDBOX_COURSE=str(course))

    def test_watch_checks_again_when_something_changes(self, desk: Desk) -> None:
        watching = subprocess.Popen(
            [str(SANDBOX), "watch", "90"],
            env=desk.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert watching.stdout is not None
            assert "0 of 4 points" in watching.stdout.readline()
            desk.solve()
            deadline = time.monotonic() + 20
            while "4 of 4 points" not in (line := watching.stdout.readline()):
                assert line and time.monotonic() < deadline
        finally:
            # Not SIGINT: whoever runs the tests in the background may have had it ignored for all below.
            watching.terminate()
            watching.wait(10)

    def test_the_finished_lab_is_complete_and_remembered(self, desk: Desk) -> None:
        said = desk("check", 90)
        assert "4 of 4 points" in said and "make submit-90" in said
        assert desk.json("progress")["lab-90"]["best"] == 100.0
        assert "create-bucket" in desk("solution", 90)

    def test_what_is_handed_in_scores_the_same_in_a_fresh_world(self, desk: Desk) -> None:
        file = Path(desk.json("submit", 90)["file"])
        assert file.name == "lab-90-ada.zip"
        with zipfile.ZipFile(file) as archive:
            assert "result.json" not in archive.namelist()
            manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["lab"], manifest["student"]) == (90, "ada")
        result = Result.model_validate_json(desk("grade", 90, file, "--json"))
        assert (result.score, result.seed) == (4.0, "ada")

    def test_reset_begins_again_and_keeps_the_files(self, desk: Desk) -> None:
        before = (desk.work / "solve.sh").read_text()
        desk("reset", 90, "--yes")
        assert (desk.work / "solve.sh").read_text() == before
        assert "There is no bucket" in desk("check", 90, code=1)
        assert len(desk.json("hint", 90)["hints"]) == 1

    def test_reset_with_files_keeps_the_old_ones_aside(self, desk: Desk) -> None:
        before = (desk.work / "solve.sh").read_text()
        desk("reset", 90, "--yes", "--files")
        assert (desk.work / "solve.sh").read_text() != before
        assert (desk.work.with_name("lab-90.before-reset-1") / "solve.sh").read_text() == before


def test_demo_plays_every_command_and_ends_with_the_score(desk: Desk) -> None:
    said = desk("demo", 90)
    assert '$ aws s3api create-bucket --bucket "$LAB_BUCKET"' in said
    assert "The words are the seeded ones" in said
    assert "file letter.txt" in said
    assert "4 of 4 points" in said
    assert re.search(r"1/3.*Make a bucket", said)


def test_demo_can_stop_after_a_step(desk: Desk) -> None:
    said = desk("demo", 90, "--until", "make-bucket")
    assert "create-bucket" in said and "letter.txt" not in said


class TestHostile:
    """Submissions that want more than their score."""

    def test_a_forged_result_and_a_forged_check_are_no_evidence(self, desk, submission) -> None:
        forged = json.dumps({"score": 100, "status": "complete"})
        folder = submission(
            "mkdir -p checks; echo > checks/lab_90_letters.py\n"
            """echo '{"score": 4, "status": "complete"}' > result.json; exit 0\n""",
            result_json=forged,
        )
        result = graded(desk, folder, code=1)
        assert result.score is not None and result.score <= 1
        named = {one.name for one in result.environment.protections}
        assert {"file system", "network", "time", "output", "disk"} <= named

    def test_the_emulator_cannot_be_stopped_or_reconfigured(self, desk, submission) -> None:
        script = (
            "for path in /_localstack/health /_localstack/config; do\n"
            '  curl -s -o /dev/null -w "%{http_code} " -X POST -H "X-Sandbox-Token: $SANDBOX_TOKEN" '
            '-d \'{"action":"kill"}\' "$AWS_ENDPOINT_URL$path"\ndone\nsandbox clock advance 3d\n'
        ) + SOLUTION.joinpath("solve.sh").read_text()
        result = graded(desk, submission(script), code=0)
        assert result.score == 4.0
        assert result.replay is not None
        assert result.replay.output.startswith("403 403 ")
        assert "3 days" in result.replay.output

    def test_what_hangs_is_scored_by_what_it_did(self, desk, submission) -> None:
        script = 'aws s3api create-bucket --bucket "$LAB_BUCKET"; sleep 100'
        result = graded(desk, submission(script), "--seconds", 3, code=1)
        assert result.replay is not None and result.replay.ended == "time"
        assert {one.id: one.status for one in result.checks}["bucket_exists"] == "pass"
        assert "longer than 3 s" in (result.replay.reason or "")

    def test_the_world_cannot_be_filled(self, desk, submission, monkeypatch, tmp_path) -> None:
        monkeypatch.setenv("SANDBOX_HOME", str(desk.folder / "home"))
        script = (
            'aws s3api create-bucket --bucket "$LAB_BUCKET"\n'
            'head -c 10M /dev/zero > large; aws s3 cp large "s3://$LAB_BUCKET/0" --no-progress\n'
            'aws s3 cp "s3://$LAB_BUCKET/0" "s3://$LAB_BUCKET/1" --no-progress; sleep 60\n'
        )
        lab = load(90, COURSE)
        grader = Grader.of(lab, limits=Limits(world_bytes=15 * 1024 * 1024))
        taken = take_in(submission(script), lab, tmp_path / "taken", student="ada")
        result = grader.grade(taken)
        assert result.replay is not None and result.replay.ended == "world"
        assert {one.id: one.status for one in result.checks}["bucket_exists"] == "pass"

    def test_an_emulator_that_dies_is_our_error_and_tried_again(self, desk, submission) -> None:
        script = "sleep 2\n" + SOLUTION.joinpath("solve.sh").read_text()
        runs = desk.folder / "home/run"
        killed: list[str] = []

        def kill_first() -> None:
            before = {path.name for path in runs.iterdir()}
            deadline = time.monotonic() + 30
            while not killed and time.monotonic() < deadline:
                for path in runs.iterdir():
                    if path.name in before or not (path / "instance.json").exists():
                        continue
                    if '"ready"' in _status(int(path.name)):
                        os.kill(int((path / "emulator.pid").read_text()), signal.SIGKILL)
                        killed.append(path.name)
                time.sleep(0.05)

        killer = threading.Thread(target=kill_first)
        killer.start()
        result = graded(desk, submission(script), code=0)
        killer.join()
        assert killed and result.score == 4.0

    def test_where_nothing_is_walled_off_the_result_says_so(self, desk, submission) -> None:
        folder = submission(SOLUTION.joinpath("solve.sh").read_text())
        said = desk("grade", 90, folder, "--student", "ada", "--json", SANDBOX_ISOLATION="portable")
        result = Result.model_validate_json(said)
        held = {one.name: one.held for one in result.environment.protections}
        assert (result.score, held["file system"], held["network"]) == (4.0, False, False)

    def test_a_submission_that_is_none_is_refused_with_the_reason(self, desk, tmp_path) -> None:
        (tmp_path / "x.zip").write_text("no zip")
        assert "not a zip file" in desk("grade", 90, tmp_path / "x.zip", code=2)
        assert "There is no submission" in desk("grade", 90, tmp_path / "nothing", code=2)


class TestInstructor:
    OVERLAY = (
        "from sandbox.grading import Failure, check\n\n\n"
        "@check(points=6, needs=['letter_is_right'], hidden=True)\n"
        "def secret_quality(lab):\n"
        "    'A SECRET title'\n"
        "    raise Failure('SECRET reason')\n"
    )

    def test_hidden_checks_count_and_stay_hidden(self, desk, submission, tmp_path) -> None:
        checks = tmp_path / "mine"
        checks.mkdir()
        (checks / "lab_90_letters.py").write_text(self.OVERLAY)
        folder = submission(SOLUTION.joinpath("solve.sh").read_text())
        said = desk("grade", 90, folder, "--student", "ada", "--checks-path", checks, code=1)
        assert "SECRET" not in said and "All visible checks pass." in said
        result = graded(desk, folder, "--checks-path", checks, code=1)
        assert (result.score, result.max_score) == (4.0, 10.0)
        assert "There is no lab_90_letters.py" in _joined(
            desk("grade", 90, folder, "--checks-path", tmp_path / "none", code=2)
        )

    def test_a_class_is_graded_and_goes_on_where_it_was_killed(self, desk, tmp_path) -> None:
        folder = tmp_path / "class"
        solution = SOLUTION.joinpath("solve.sh").read_text()
        for name in ("ada", "bela", "chloe"):
            (folder / name).mkdir(parents=True)
            (folder / name / "solve.sh").write_text(solution if name != "bela" else "exit 3\n")
        (folder / "dora.zip").write_text("no zip")
        results = tmp_path / "results"
        batch = subprocess.Popen(
            [str(SANDBOX), "grade", "90", str(folder), "--results", str(results)],
            env=desk.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not list(results.glob("ada-*.json")) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()
        said = desk("grade", 90, folder, "--results", results, "--jobs", 2, code=3)
        assert "as before" in said and "1 not scored" in said
        rows = (results / "results.csv").read_text().splitlines()
        assert [row.split(",")[3:5] for row in rows[1:]] == [
            ["complete", "4.0"],
            ["incomplete", "0.0"],
            ["complete", "4.0"],
            ["error", ""],
        ]
        again = desk.json("grade", 90, folder, "--results", results, code=3)
        assert again == {"results": str(results), "submissions": 4, "unscored": 1}


def test_every_verb_has_a_help() -> None:
    from typer.testing import CliRunner

    from sandbox.cli import app

    verbs = (
        "lab", "check", "watch", "hint", "reset", "solution", "demo", "submit", "grade",
        "progress", "new-lab", "lint-labs", "test-lab",
    )  # fmt: skip
    for verb in verbs:
        shown = CliRunner().invoke(app, [verb, "--help"])
        assert shown.exit_code == 0 and f"{verb} [OPTIONS]" in shown.output


def _status(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/status", timeout=2) as reply:
            return reply.read().decode()
    except OSError:
        return ""


def _joined(text: str) -> str:
    """What a person reads: without frames and line ends."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())
