"""The aws command of a sandbox shell: what courses write for its version 2."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.stack import environment

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def aws(emulator):
    """Run `aws` as in a sandbox shell."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(AWS), *arguments],
            env=os.environ | environment.variables(emulator.port),
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_options_of_version_2_are_taken(aws):
    found = aws(
        "sts", "get-caller-identity", "--no-cli-pager", "--cli-binary-format", "raw-in-base64-out"
    )
    assert found.returncode == 0, found.stderr
    assert "000000000000" in found.stdout


def test_encoded_input_is_refused_in_one_line(aws):
    found = aws("sts", "get-caller-identity", "--cli-binary-format", "base64")
    assert found.returncode != 0
    assert "raw-in-base64-out" in found.stderr
    assert "Traceback" not in found.stderr


def test_logs_are_tailed(aws, emulator):
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="/tail/me")
    logs.create_log_stream(logGroupName="/tail/me", logStreamName="one")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="/tail/me",
        logStreamName="one",
        logEvents=[
            {"timestamp": now - 3_600_000, "message": "an hour ago"},
            {"timestamp": now - 2000, "message": "first"},
            {"timestamp": now - 1000, "message": "second\n"},
        ],
    )
    lines = aws("logs", "tail", "/tail/me").stdout.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["one first", "one second"]
    short = aws("logs", "tail", "/tail/me", "--since", "2h", "--format", "short").stdout
    assert [line.split(" ", 1)[1] for line in short.splitlines()] == [
        "an hour ago",
        "first",
        "second",
    ]
    missing = aws("logs", "tail", "/nothing/here")
    assert missing.returncode == 255
    assert "ResourceNotFoundException" in missing.stderr
    wrong = aws("logs", "tail", "/tail/me", "--since", "yesterday-ish")
    assert "--since" in wrong.stderr and "Traceback" not in wrong.stderr


def test_waiting_is_by_the_second():
    """In a process of its own, since it changes botocore."""
    code = """
from botocore import waiter
asked = []
waiter.Waiter.wait = lambda self, **request: asked.append(request["WaiterConfig"])
from awscli.clidriver import create_clidriver
from sandbox.stack import aws_plugin
aws_plugin.awscli_initialize(create_clidriver().session.get_component("event_emitter"))
class Slow:
    class config:
        delay, max_attempts = 30, 120
waiter.Waiter.wait(Slow())
waiter.Waiter.wait(Slow(), WaiterConfig={"Delay": 5, "MaxAttempts": 4})
waiter.Waiter.wait(Slow(), WaiterConfig={"Delay": 0.5, "MaxAttempts": 4})
print(asked)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == str(
        [
            {"Delay": 1, "MaxAttempts": 3600},
            {"Delay": 1, "MaxAttempts": 20},
            {"Delay": 0.5, "MaxAttempts": 4},
        ]
    ), found.stderr
