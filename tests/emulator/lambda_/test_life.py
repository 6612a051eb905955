"""Saved functions, and processes that end with their sandbox."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from sandbox.stack import instance
from tests.conftest import Emulator
from tests.emulator.lambda_.conftest import Functions, until, zipped
from tests.emulator.test_state import GRACE_SECONDS, kill

PROCESS = "import os, subprocess\ndef handler(e, c):\n    if e == 'child': subprocess.Popen(['sleep', '600'], start_new_session=True)\n    while e == 'busy': pass\n    return os.getpid()"


def open_world(home: Path, port: int) -> Functions:
    return Functions(Emulator(instance.start("w", port=port, home=home)))


def below(pid: int) -> list[psutil.Process]:
    """Every process that runs below the emulator's supervisor."""
    return psutil.Process(pid).children(recursive=True)


def build(functions: Functions) -> None:
    functions.python(
        "kept", "def handler(e, c): print('ran'); return 'zero'", Role=functions.role("sqs:*")
    )
    client = functions.client
    client.publish_version(FunctionName="kept")
    client.update_function_code(
        FunctionName="kept",
        ZipFile=zipped({"index.py": "def handler(e, c):\n    print('ran')\n    return 'one'"}),
    )
    client.get_waiter("function_updated_v2").wait(FunctionName="kept")
    client.create_alias(FunctionName="kept", Name="live", FunctionVersion="1")
    client.add_permission(
        FunctionName="kept", StatementId="s", Action="lambda:InvokeFunction", Principal="*"
    )
    sqs = functions.emulator.client("sqs")
    sqs.create_queue(QueueName="kept-queue")
    client.create_event_source_mapping(
        FunctionName="kept", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:kept-queue"
    )
    functions.call("kept")


def check(functions: Functions) -> None:
    assert functions.call("kept") == "one"
    assert functions.call("kept", Qualifier="1") == "zero"
    assert functions.call("kept:live") == "zero"
    assert json.loads(functions.client.get_policy(FunctionName="kept")["Policy"])["Statement"]
    assert len([m for m in functions.log("kept") if m == "ran\n"]) >= 4
    sqs = functions.emulator.client("sqs")
    url = sqs.get_queue_url(QueueName="kept-queue")["QueueUrl"]
    before = functions.log("kept").count("ran\n")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    until(lambda: functions.log("kept").count("ran\n") > before, 15)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_functions_survive(tmp_path, how):
    port = instance.free_port()
    functions = open_world(tmp_path, port)
    build(functions)
    if how == "stop":
        functions.emulator.instance.stop()
    else:
        time.sleep(GRACE_SECONDS)
        kill(functions.emulator)
    functions = open_world(tmp_path, port)
    check(functions)
    functions.emulator.instance.stop()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_no_process_stays(tmp_path, how):
    port = instance.free_port()
    functions = open_world(tmp_path, port)
    functions.python("stays", PROCESS, Timeout=600)
    functions.call("stays", "child")
    functions.client.invoke(
        FunctionName="stays", InvocationType="Event", Payload=json.dumps("busy")
    )
    supervisor = functions.emulator.instance.supervisor_pid
    until(lambda: sum("guard.py" in " ".join(p.cmdline()) for p in below(supervisor)) >= 3)
    processes = below(supervisor)
    if how == "stop":
        functions.emulator.instance.stop()
    else:
        os.kill(supervisor, signal.SIGKILL)
        os.kill(functions.emulator.instance.pid, signal.SIGKILL)
    until(lambda: not [p for p in processes if p.is_running() and p.status() != "zombie"], 5)


def test_an_emulator_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDBOX_LEAVE_SECONDS", "1")
    started = instance.start("w", port=instance.free_port(), home=tmp_path)
    hanging = started.pid
    os.kill(hanging, signal.SIGSTOP)
    begun = time.monotonic()
    started.stop()
    assert time.monotonic() - begun < 5
    assert not psutil.pid_exists(hanging)


def test_walls_hide_the_machine_and_the_portable_way_works_too(tmp_path, monkeypatch):
    source = (
        "import os\n"
        "def handler(e, c):\n"
        "    open('/tmp/x' if not os.environ.get('TMPDIR') else os.environ['TMPDIR'] + '/x', 'w').close()\n"
        "    return [os.getcwd(), os.getpid(), os.path.exists(e), __file__]"
    )
    secret = tmp_path / "secret"
    secret.write_text("x")
    first = open_world(tmp_path / "a", instance.free_port())
    first.python("walls", source)
    cwd, pid, exists, file = first.call("walls", str(secret))
    if pid == 1:
        assert (cwd, file, exists) == ("/var/task", "/var/task/index.py", False)
    first.emulator.instance.stop()
    monkeypatch.setenv("SANDBOX_LAMBDA_WALLS", "0")
    second = open_world(tmp_path / "b", instance.free_port())
    second.python("walls", source)
    second.node("walls-node", "export const handler = async () => process.cwd();")
    cwd, pid, exists, file = second.call("walls", str(secret))
    assert pid != 1 and exists and file == f"{cwd}/index.py"
    assert second.call("walls-node").startswith(str(tmp_path))
    supervisor = second.emulator.instance.supervisor_pid
    processes = below(supervisor)
    second.emulator.instance.stop()
    until(lambda: not [p for p in processes if p.is_running() and p.status() != "zombie"], 5)
