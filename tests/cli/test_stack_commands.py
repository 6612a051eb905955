"""up, down, status, env, shell, logs, clock, doctor: as typed, and as mistyped."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest


def no_traceback(done: subprocess.CompletedProcess) -> None:
    assert "Traceback" not in done.stdout + done.stderr, done.stderr


def test_up_status_down(sandbox):
    up = sandbox("up", "--world", "mine")
    assert up.returncode == 0, up.stderr
    assert "world mine" in up.stdout
    status = json.loads(sandbox("status", "--json").stdout)
    assert status["ready"] is True
    assert status["world"] == "mine"
    assert status["mode"] == "embedded"
    assert status["endpoint"].startswith("http://localhost:")
    assert isinstance(status["pid"], int)
    assert "mine (open)" in sandbox("status").stdout
    down = sandbox("down")
    assert "everything is saved" in down.stdout
    assert json.loads(sandbox("status", "--json").stdout)["ready"] is False
    assert sandbox("down").stdout == "No sandbox is running.\n"


def test_up_opens_the_last_world_again(sandbox):
    sandbox("up", "--world", "mine")
    sandbox("down")
    assert "world mine" in sandbox("up").stdout
    assert "world mine" in sandbox("restart").stdout


def test_ephemeral_keeps_nothing(sandbox, tmp_path):
    assert sandbox("up", "--ephemeral").returncode == 0
    assert "nothing was kept" in sandbox("down").stdout
    assert not list((tmp_path / "home" / "worlds").glob("*"))
    assert not list((tmp_path / "home" / "ephemeral").glob("*"))


def test_env_makes_the_real_aws_command_use_the_sandbox(sandbox):
    sandbox("up")
    script = (
        'eval "$(.venv/bin/sandbox env)"; aws sts get-caller-identity --query Account --output text;'
        "awslocal s3 ls; echo $AWS_PROFILE done"
    )
    from sandbox.stack import paths

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=paths.CHECKOUT,
        env=sandbox.environment
        | {"AWS_PROFILE": "my-real-account", "AWS_ACCESS_KEY_ID": "AKIAREAL"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["000000000000", "done"], done.stderr
    unset = sandbox("env", "--unset").stdout
    assert "unset AWS_ENDPOINT_URL" in unset
    assert "PATH" not in unset


def test_shell_runs_the_users_shell_with_the_settings(sandbox, tmp_path):
    program = tmp_path / "my-shell"
    program.write_text("#!/bin/sh\necho endpoint $AWS_ENDPOINT_URL $LAB_BUCKET; exit 5\n")
    program.chmod(0o755)
    refused = sandbox("shell", SHELL=str(program))
    assert refused.returncode == 3
    assert "No sandbox is running" in refused.stderr
    sandbox("up", "--world", "lab-01")
    done = sandbox("shell", SHELL=str(program))
    assert done.returncode == 5
    endpoint = f"http://localhost:{sandbox.environment['SANDBOX_PORT']}"
    assert f"endpoint {endpoint} aquarium-ann-" in done.stdout


def test_logs(sandbox):
    assert sandbox("logs").returncode == 3
    sandbox("up")
    assert "Ready." in sandbox("logs", "-n", "500").stdout


def test_clock(sandbox):
    assert sandbox("clock").returncode == 3
    sandbox("up")
    assert "the same as this machine's" in sandbox("clock").stdout
    assert "1 day, 12:00:00 ahead" in sandbox("clock", "advance", "1d12h").stdout
    sandbox("restart")
    assert json.loads(sandbox("clock", "--json").stdout)["offset_seconds"] == 129600


@pytest.mark.parametrize("step", ["tomorrow", "-1d", "5", "", "1y"])
def test_clock_refuses_what_is_no_step(sandbox, step):
    done = sandbox("clock", "advance", "--", step)
    assert done.returncode == 2
    no_traceback(done)
    assert "Write 90d, 12h, 30m or 1d12h" in " ".join(done.stderr.replace("│", " ").split())


def test_port_in_use(sandbox):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = sandbox("up", SANDBOX_PORT=port)
        assert done.returncode == 3
        assert f"Port {port} is in use by another program." in done.stderr
        assert f"SANDBOX_PORT={int(port) + 1}" in done.stderr
        no_traceback(done)
        assert "in use by another program" in sandbox("doctor", SANDBOX_PORT=port).stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        (("up",), {"SANDBOX_PORT": "many"}, 3, "SANDBOX_PORT='many' is not a port"),
        (("up",), {"SANDBOX_HOME": "/dev/null/x"}, 3, "cannot be written"),
        (("up", "--world", "../evil"), {}, 3, "is not a name for a world"),
        (("up",), {"SANDBOX_MODE": "compose"}, 3, "SANDBOX_MODE=compose is not available"),
        (("upp",), {}, 2, "No such command"),
        (("up", "--port", "abc"), {}, 2, "Invalid value"),
    ],
)
def test_mistakes_are_named_in_one_line(sandbox, arguments, variables, code, words):
    done = sandbox(*arguments, **variables)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    no_traceback(done)


def test_stale_record_and_killed_supervisor(sandbox):
    import os
    import signal

    sandbox("up", "--world", "w")
    pid = json.loads(sandbox("status", "--json").stdout)["pid"]
    os.kill(os.getpgid(pid), signal.SIGKILL)  # the supervisor leads the group
    assert json.loads(sandbox("status", "--json").stdout)["ready"] is False
    assert sandbox("up", "--world", "w").returncode == 0


def test_doctor_and_welcome(sandbox):
    doctor = sandbox("doctor", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(doctor.stdout)}
    assert findings["Python"]["level"] == "good"
    assert findings["DynamoDB engine"]["level"] == "good"
    assert "make lab-1" in sandbox("welcome").stdout


def test_every_command_has_help(sandbox):
    from sandbox.cli import app

    for group in [*app.registered_commands]:
        name = (group.name or group.callback.__name__).replace("_", "-")
        done = sandbox(name, "--help")
        assert done.returncode == 0, name
        assert "Usage:" in done.stdout
