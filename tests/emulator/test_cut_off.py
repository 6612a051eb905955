"""The emulator of a graded submission: its functions and integrations reach nothing but the endpoint."""

from __future__ import annotations

import io
import json
import socket
import zipfile

import pytest
from botocore.exceptions import ClientError

from sandbox.grading.isolation.cgroups import ControlGroup
from sandbox.stack import instance
from tests.conftest import Emulator

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
CODE = """
import socket, urllib.request, os

def handler(event, context):
    try:
        socket.create_connection(("127.0.0.1", event["port"]), timeout=2).close()
        neighbour = "reached"
    except OSError as error:
        neighbour = type(error).__name__
    endpoint = urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_sandbox/status").status
    return {"neighbour": neighbour, "endpoint": endpoint}
"""


@pytest.fixture
def graded(tmp_path):
    """An emulator as a replay starts it."""
    started = instance.start("graded", ephemeral=True, home=tmp_path, cut_off=True)
    if not started.is_cut_off:
        started.stop()
        pytest.skip("this system has no network namespaces to cut the emulator off with")
    yield Emulator(started)
    started.stop()


@pytest.fixture
def limited(tmp_path):
    """An emulator whose functions may have forty processes together."""
    try:
        group = ControlGroup(512 * 1024**2, 40)
    except OSError:
        pytest.skip("this system gives us no control group")
    started = instance.start(
        "limited", ephemeral=True, home=tmp_path, cut_off=True, function_group=group.folders
    )
    yield Emulator(started)
    started.stop()
    group.remove()


@pytest.fixture
def neighbour():
    """A program that listens on this machine's loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


FORKS = """
import os, time

def handler(event, context):
    made = 0
    try:
        while made < 5000:
            if os.fork() == 0:
                time.sleep(30)
            made += 1
    except OSError:
        pass
    return made
"""


def zipped(code: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code)
    return archive.getvalue()


def create(graded, **code) -> None:
    role = graded.client("iam").create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    functions = graded.client("lambda")
    functions.create_function(
        FunctionName="f", Runtime="python3.11", Handler="index.handler", Role=role, Code=code
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="f")


def test_functions_reach_the_endpoint_alone(graded, neighbour):
    create(graded, ZipFile=zipped(CODE))
    answer = graded.client("lambda").invoke(
        FunctionName="f", Payload=json.dumps({"port": neighbour})
    )
    assert json.loads(answer["Payload"].read()) == {
        "neighbour": "ConnectionRefusedError",
        "endpoint": 200,
    }


def test_integrations_do_not_reach_the_machine(graded, neighbour):
    api = graded.client("apigatewayv2").create_api(
        Name="out",
        ProtocolType="HTTP",
        Target=f"http://127.0.0.1:{neighbour}/",
    )
    host = api["ApiEndpoint"].removeprefix("http://")
    reply = graded.anonymous.get("/", headers={"Host": host})
    assert reply.status_code >= 500


def test_folders_of_the_machine_are_no_code(graded, tmp_path):
    (tmp_path / "index.py").write_text("def handler(event, context):\n    return 'read'\n")
    with pytest.raises(ClientError) as refused:
        create(graded, S3Bucket="hot-reload", S3Key=str(tmp_path))
    assert "NoSuchBucket" in refused.value.response["Error"]["Message"]


def test_tables_and_queues_work_as_ever(graded):
    graded.client("dynamodb").create_table(
        TableName="table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
    )
    graded.client("dynamodb").put_item(TableName="table", Item={"p": {"S": "1"}})
    assert graded.client("dynamodb").scan(TableName="table")["Count"] == 1
    assert graded.client("sqs").create_queue(QueueName="q")["QueueUrl"]


def test_a_function_that_forks_without_end_harms_itself_alone(limited):
    create(limited, ZipFile=zipped(FORKS))
    answer = limited.client("lambda").invoke(FunctionName="f")
    assert 0 < json.loads(answer["Payload"].read()) < 40
    assert limited.client("s3").list_buckets()["Buckets"] == []
