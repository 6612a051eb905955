"""`aws` calls handed to a prepared process behave like the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.stack import environment


@pytest.fixture
def run(emulator, sandbox_home: Path, tmp_path: Path):
    """Run a bash script beside the server; returns the finished process."""

    def run_script(script: str, **more: str) -> subprocess.CompletedProcess:
        settings = os.environ | environment.variables(emulator.port, sandbox_home) | more
        return subprocess.run(
            [sys.executable, "-m", "sandbox.stack.aws_server", "bash", "-c", script],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=settings,
            timeout=60,
        )

    return run_script


def test_pipes_folders_and_exit_codes(run, tmp_path):
    (tmp_path / "sub").mkdir()
    done = run(
        """
        aws s3 mb s3://server-tests-bucket
        cd sub && echo from-stdin | aws s3 cp - s3://server-tests-bucket/key
        aws s3 cp s3://server-tests-bucket/key copied --no-progress && cat copied
        aws s3api head-object --bucket server-tests-bucket --key nothing
        echo "code $?"
        """
    )
    assert "from-stdin" in done.stdout
    assert "(404) when calling the HeadObject operation" in done.stderr
    assert done.stdout.rstrip().endswith("code 254") or done.stdout.rstrip().endswith("code 255")
    assert (tmp_path / "sub" / "copied").read_text() == "from-stdin\n"


def test_each_call_has_its_own_environment(run):
    done = run(
        """
        AWS_DEFAULT_REGION=eu-west-1 aws configure get region
        AWS_ACCESS_KEY_ID=999999999999 aws sts get-caller-identity --query Account --output text
        aws sts get-caller-identity --query Account --output text
        """
    )
    assert done.stdout.split()[-2:] == ["999999999999", "000000000000"]


def test_the_commands_own_code_comes_back_and_nothing_is_left(run, tmp_path):
    before = set(Path("/tmp").glob("aws-*"))
    assert run("exit 7").returncode == 7
    assert set(Path("/tmp").glob("aws-*")) == before


def test_a_command_that_does_not_exist(emulator, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.stack.aws_server", "no-such-program"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 127
    assert "no-such-program" in done.stderr
