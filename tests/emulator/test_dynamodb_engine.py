"""The engine process: it never outlives the emulator, and what it acknowledged is on disk."""

from __future__ import annotations

import os
import signal
import threading
import time

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.stack import instance
from tests.emulator.dynamodb_tables import create, item

SECONDS = 20


def client_of(running: instance.Instance):
    return boto3.client(
        "dynamodb",
        endpoint_url=running.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 0}, read_timeout=10, connect_timeout=2),
    )


def engines(running: instance.Instance) -> list[psutil.Process]:
    """The engine processes whose database is in this world's folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        ours = any(part.startswith(running.directory) for part in command)
        if ours and "serve" in command and "dynoxide" in command[0]:
            found.append(process)
    return found


def await_condition(condition, what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def running(sandbox_home):
    started = instance.start("dynamodb", port=instance.free_port(), home=sandbox_home)
    yield started
    started.stop()
    assert engines(started) == []


def test_tables_tags_and_items_outlive_the_emulator(running, sandbox_home):
    client = client_of(running)
    name = create(client, Tags=[{"Key": "kept", "Value": "yes"}])
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    client.put_item(TableName=name, Item=item("a", 1))
    assert len(engines(running)) == 1
    running.stop()
    await_condition(lambda: not engines(running), "the engine outlived the emulator")
    # The same port again: the fixture's record stops this one.
    again = instance.start("dynamodb", port=running.port, home=sandbox_home)
    running.supervisor_pid = again.supervisor_pid
    client = client_of(again)
    assert client.get_item(TableName=name, Key=item("a", 1))["Item"] == item("a", 1)
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    tags = client.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "kept", "Value": "yes"}]
    status = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert status["TimeToLiveStatus"] == "ENABLED"
    client.delete_table(TableName=name)


def test_acknowledged_items_survive_a_kill(running):
    client = client_of(running)
    name = create(client)
    acknowledged: list[int] = []

    def write() -> None:
        mine = client_of(running)
        for sort in range(100_000):
            try:
                mine.put_item(TableName=name, Item=item("a", sort))
            except (ClientError, BotoCoreError):
                return
            acknowledged.append(sort)

    writer = threading.Thread(target=write)
    writer.start()
    await_condition(lambda: len(acknowledged) > 100, "no writes")
    dead = running.pid
    os.kill(dead, signal.SIGKILL)
    writer.join(SECONDS)
    await_condition(lambda: running.pid != dead and running.ready(), "no new emulator")
    pages = client.get_paginator("scan").paginate(TableName=name)
    found = {int(entry["s"]["N"]) for page in pages for entry in page["Items"]}
    assert set(acknowledged) <= found
    # The engine of the dead emulator is gone, the new emulator's is there.
    await_condition(lambda: len(engines(running)) == 1, "a stray engine")
    client.delete_table(TableName=name)


def test_a_dead_engine_is_started_again(running):
    client = client_of(running)
    name = create(client)
    client.put_item(TableName=name, Item=item("a", 1))
    for _ in range(3):
        (process,) = engines(running)
        process.kill()
        process.wait(SECONDS)
        assert client.get_item(TableName=name, Key=item("a", 1))["Item"] == item("a", 1)
        client.put_item(TableName=name, Item=item("a", 2))
    client.delete_table(TableName=name)
