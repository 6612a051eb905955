"""Hostile submissions end as themselves: stopped, with a reason, and nothing of ours seen or harmed."""

from __future__ import annotations

import http.server
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.grading.isolation import Job, Limits, Outcome, prepare

MB = 1024 * 1024
SMALL = Limits(
    seconds=8,
    cpu_seconds=6,
    memory_bytes=200 * MB,
    processes=40,
    output_bytes=200_000,
    file_bytes=8 * MB,
    disk_bytes=24 * MB,
    files=500,
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[int]:
    """A server that stands for the emulator."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"the emulator")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(params=["best", "portable"])
def run(request, tmp_path: Path, endpoint: int, monkeypatch: pytest.MonkeyPatch):
    """Runs a script the way this machine does it best, and the portable way."""
    if request.param == "portable":
        monkeypatch.setenv("SANDBOX_ISOLATION", "portable")

    def go(script: str, limits: Limits = SMALL, **files: str) -> Outcome:
        work = tmp_path / "work"
        work.mkdir()
        (work / "solve.sh").write_text(script)
        (tmp_path / "collected").mkdir()
        for name, text in files.items():
            (work / name).write_text(text)
        prepared = prepare(
            Job(
                command=("bash", "solve.sh"),
                work=work,
                collect=tmp_path / "collected",
                scratch=tmp_path / "scratch",
                name="lab-90",
                port=endpoint,
                environment={"LAB_BUCKET": "letters"},
                limits=limits,
            )
        )
        try:
            return prepared.go()
        finally:
            prepared.close()

    go.best = request.param == "best"  # type: ignore[attr-defined]
    return go


def held(outcome: Outcome) -> set[str]:
    return {name for name, holds, _ in outcome.protections if holds}


def test_plain_work_runs_and_its_files_come_out(run, tmp_path: Path) -> None:
    outcome = run('echo "hello $LAB_BUCKET"; mkdir -p a/b; echo 42 > a/b/answer.txt')
    assert (outcome.ended, outcome.exit_code, outcome.reason) == ("finished", 0, None)
    assert outcome.output == b"hello letters\n"
    assert (tmp_path / "collected/a/b/answer.txt").read_text() == "42\n"


def test_the_endpoint_is_reached_under_its_own_name(run) -> None:
    outcome = run('curl -s "$AWS_ENDPOINT_URL/"; curl -s "http://x.localhost:$SANDBOX_PORT/"')
    assert outcome.output == b"the emulatorthe emulator"


def test_an_early_end_is_named_and_what_was_done_counts(run, tmp_path: Path) -> None:
    outcome = run("set -e; echo done > first; false; echo never > second")
    assert (outcome.ended, outcome.exit_code) == ("finished", 1)
    assert outcome.reason and "exit code 1" in outcome.reason
    assert {path.name for path in (tmp_path / "collected").iterdir()} == {"first", "solve.sh"}


def test_what_hangs_is_stopped(run) -> None:
    begun = time.monotonic()
    outcome = run("trap '' TERM INT HUP; echo waiting; sleep 600", Limits(seconds=1))
    assert outcome.ended == "time"
    assert outcome.output == b"waiting\n"
    assert time.monotonic() - begun < 8


def test_what_it_leaves_running_ends_with_it(run) -> None:
    mark = f"sleep 4{os.getpid()}"
    outcome = run(f"setsid nohup {mark} >/dev/null 2>&1 & disown; exit 0")
    assert outcome.ended == "finished"
    deadline = time.monotonic() + 3
    while (left := _with(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_a_fork_bomb_stays_small_and_is_stopped(run) -> None:
    most = 0

    def look() -> None:
        nonlocal most
        while not over.wait(0.1):
            most = max(most, len(_with("fork-bomb-here")))

    over = threading.Event()
    watching = threading.Thread(target=look)
    watching.start()
    script = "f() { bash -c 'sleep 30; : fork-bomb-here' & f & }; f; sleep 20"
    outcome = run(script, Limits(**{**vars(SMALL), "seconds": 3}))
    over.set()
    watching.join()
    assert outcome.ended in ("time", "processes", "memory", "finished", "output")
    assert most <= SMALL.processes * 4
    assert _with("fork-bomb-here") == []


def test_endless_output_is_stopped_and_kept_short(run) -> None:
    outcome = run("yes 'ten gigabytes of this'")
    assert outcome.ended == "output"
    assert len(outcome.output) <= SMALL.output_bytes


def test_endless_computing_is_stopped(run) -> None:
    outcome = run("while :; do :; done", Limits(seconds=20, cpu_seconds=1))
    assert outcome.ended in ("cpu", "finished")
    assert outcome.exit_code != 0


def test_a_large_memory_is_refused(run) -> None:
    script = 'python -c "x = bytearray(600 * 1024 * 1024); print(len(x))"; echo code $?'
    outcome = run(script)
    assert b"629145600" not in outcome.output
    assert outcome.ended in ("memory", "finished")


def test_the_disk_is_not_filled(run) -> None:
    script = (
        "for n in $(seq 40); do head -c 2M /dev/zero > file-$n || exit 7; done; sleep 5; echo full"
    )
    outcome = run(script)
    assert b"full" not in outcome.output
    assert outcome.ended == "disk" or outcome.exit_code == 7


def test_one_file_is_limited(run, tmp_path: Path) -> None:
    run("head -c 20M /dev/zero > large; echo after")
    found = tmp_path / "collected/large"
    assert not found.exists() or found.stat().st_size <= SMALL.file_bytes


def test_links_and_pipes_do_not_come_out(run, tmp_path: Path) -> None:
    outcome = run("ln -s /etc/passwd answers.toml; mkfifo pipe; ln -s / folder; echo fine > plain")
    assert outcome.ended == "finished"
    assert {path.name for path in (tmp_path / "collected").iterdir()} == {"plain", "solve.sh"}


def test_nothing_is_inherited_from_our_environment(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ours")
    assert b"ours" not in run("env").output


def test_the_protections_are_named(run) -> None:
    outcome = run("true")
    names = {name for name, _, _ in outcome.protections}
    assert {"file system", "network", "processes unseen", "other user", "time"} <= names
    assert {"time", "output", "disk"} <= held(outcome)


def test_privileges_cannot_be_gained(run) -> None:
    outcome = run("grep -E 'NoNewPrivs|CapEff' /proc/self/status; id -u")
    if sys.platform == "linux":
        assert b"NoNewPrivs:\t1" in outcome.output
    if "other user" in held(outcome):
        assert outcome.output.split()[-1] != b"0"
        assert b"CapEff:\t0000000000000000" in outcome.output


class TestWalls:
    """What only the jail does."""

    @pytest.fixture(autouse=True)
    def _only_the_best(self, run) -> None:
        if not run.best:
            pytest.skip("the portable way has no walls, and says so")

    def _walls(self, outcome: Outcome) -> None:
        if not {"file system", "network", "processes unseen"} <= held(outcome):
            pytest.skip("this system allows no namespaces")

    def test_neither_the_checkout_nor_the_home_is_seen(self, run) -> None:
        checkout = Path(__file__).resolve().parents[3]
        script = (
            f"ls -a {checkout} {checkout}/checks {checkout}/labs ~root /home 2>/dev/null; echo over"
        )
        outcome = run(script)
        self._walls(outcome)
        assert b"over" in outcome.output
        for name in (b"lab_01", b"lab-01", b"fixtures", b".git", b"worlds", b".ssh"):
            assert name not in outcome.output

    def test_the_system_is_read_only(self, run) -> None:
        outcome = run("touch /usr/bin/x /bin/x /etc/x /x 2>/dev/null; ls /usr/bin/x /etc/x /x 2>&1")
        self._walls(outcome)
        assert outcome.output.count(b"No such file") == 3

    def test_only_its_own_processes_are_seen(self, run) -> None:
        outcome = run("ls -d /proc/[0-9]* | wc -l; kill -9 1; kill -9 -1; echo still")
        self._walls(outcome)
        assert int(outcome.output.split()[0]) < 12

    def test_no_other_port_and_no_internet(self, run) -> None:
        with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler
        ) as other:
            port = other.server_address[1]
            outcome = run(
                f"curl -s -m 2 http://127.0.0.1:{port}/; echo first $?; "
                "curl -s -m 2 http://192.0.2.1/; echo second $?"
            )
        self._walls(outcome)
        assert b"first 7" in outcome.output
        assert b"second 0" not in outcome.output

    def test_unix_sockets_of_the_machine_are_out_of_reach(self, run) -> None:
        outcome = run(
            "ls -A /run /var/run /tmp 2>/dev/null | grep -E 'docker|dbus|systemd'; echo over"
        )
        self._walls(outcome)
        assert outcome.output == b"over\n"

    def test_more_namespaces_do_not_help(self, run) -> None:
        outcome = run(
            "unshare -Urm mount -t tmpfs none /usr && echo mounted; mount -o remount,rw /usr && echo rw"
        )
        self._walls(outcome)
        assert b"rw\n" not in outcome.output


def _with(text: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if text in command and process.pid != os.getpid():
                found.append(command)
        except psutil.Error:
            continue
    return found
