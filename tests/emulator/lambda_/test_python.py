"""Python functions: what they see, what they print, what comes back."""

from __future__ import annotations

import base64
import json
import re

from tests.emulator.lambda_.conftest import zipped

SEES = """
import logging, os, sys
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("printed", event)
    logging.getLogger().info("two\\nlines")
    open("/tmp/mark", "a").write("x")
    return {
        "event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "name": context.function_name, "version": context.function_version,
        "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis(),
        "client": context.client_context.custom if context.client_context else None,
        "cwd": os.getcwd(), "variables": dict(os.environ), "marks": len(open("/tmp/mark").read()),
    }
"""


def test_a_function_is_active_and_gets_its_event(functions):
    functions.python("sees", SEES, Environment={"Variables": {"COLOUR": "green"}}, MemorySize=256)
    functions.client.get_waiter("function_active_v2").wait(FunctionName="sees")
    client_context = base64.b64encode(json.dumps({"custom": {"a": "1"}}).encode()).decode()
    answer = functions.client.invoke(
        FunctionName="sees",
        Payload=b'{"n": 1}',
        LogType="Tail",
        ClientContext=client_context,
    )
    found = json.loads(answer["Payload"].read())
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert found["event"] == {"n": 1}
    assert found["id"] == answer["ResponseMetadata"]["RequestId"]
    assert found["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:sees"
    assert (found["name"], found["version"], found["memory"]) == ("sees", "$LATEST", "256")
    assert 0 < found["left"] <= 3000
    assert found["client"] == {"a": "1"}
    assert found["variables"]["COLOUR"] == "green"
    assert found["variables"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert found["variables"]["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert not any(name.startswith("SANDBOX") for name in found["variables"])
    log = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {found['id']} Version: $LATEST\n" in log
    assert "printed {'n': 1}\n" in log
    assert f"\t{found['id']}\ttwo\nlines\n" in log
    assert f"END RequestId: {found['id']}\n" in log
    assert re.search(
        rf"REPORT RequestId: {found['id']}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
        log,
    )


def test_an_environment_is_used_again_and_its_tmp_stays(functions):
    functions.python("again", SEES)
    assert [functions.call("again")["marks"] for _ in range(3)] == [1, 2, 3]


def test_logs_are_in_cloudwatch_and_in_order(functions):
    functions.python("logs-some", SEES)
    functions.call("logs-some", {"x": 1})
    messages = functions.log("logs-some")
    kinds = [message.split()[0] for message in messages]
    assert kinds == ["INIT_START", "[WARN]", "START", "printed", "[INFO]", "END", "REPORT"] or (
        kinds == ["INIT_START", "START", "printed", "[INFO]", "END", "REPORT"]
    )
    # One event, though it has two lines.
    assert any(message.endswith("two\nlines\n") for message in messages)
    streams = functions.emulator.client("logs").describe_log_streams(
        logGroupName="/aws/lambda/logs-some"
    )["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", streams[0]["logStreamName"])


def test_only_what_the_runtime_carries_can_be_imported(functions):
    functions.python(
        "imports",
        "import importlib\n"
        "def handler(event, context):\n"
        "    try:\n"
        "        importlib.import_module(event)\n"
        "        return True\n"
        "    except ImportError:\n"
        "        return False\n",
    )
    for name in ("boto3", "botocore", "urllib3", "dateutil"):
        assert functions.call("imports", name) is True
    for name in ("requests", "localstack", "sandbox", "pydantic", "pip"):
        assert functions.call("imports", name) is False


def test_layers_bring_packages_and_later_ones_win(functions):
    layers = []
    for number in (1, 2):
        layers.append(
            functions.client.publish_layer_version(
                LayerName=f"layer-{number}",
                Content={"ZipFile": zipped({"python/shared.py": f"NUMBER = {number}\n"})},
            )["LayerVersionArn"]
        )
    functions.python(
        "layered",
        "import shared, os\ndef handler(e, c): return [shared.NUMBER, os.path.exists('/opt/python')]",
        Layers=layers,
    )
    assert functions.call("layered")[0] == 2
    functions.client.update_function_configuration(FunctionName="layered", Layers=layers[:1])
    functions.client.get_waiter("function_updated_v2").wait(FunctionName="layered")
    assert functions.call("layered")[0] == 1


def test_new_code_and_new_variables_count_at_once(functions):
    functions.python("changes", "import os\ndef handler(e, c): return os.environ.get('CHANGED')")
    assert functions.call("changes") is None
    functions.client.update_function_configuration(
        FunctionName="changes", Environment={"Variables": {"CHANGED": "1"}}
    )
    functions.client.get_waiter("function_updated_v2").wait(FunctionName="changes")
    assert functions.call("changes") == "1"
    functions.client.update_function_code(
        FunctionName="changes", ZipFile=zipped({"index.py": "def handler(e, c): return 'new'"})
    )
    functions.client.get_waiter("function_updated_v2").wait(FunctionName="changes")
    assert functions.call("changes") == "new"


def test_a_folder_is_run_in_place(functions, tmp_path):
    source = tmp_path / "index.py"
    source.write_text("def handler(e, c): return 'one'")
    functions.client.create_function(
        FunctionName="hot",
        Runtime="python3.12",
        Role=functions.role(),
        Handler="index.handler",
        Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)},
    )
    functions.made.append("hot")
    assert functions.call("hot") == "one"
    source.write_text("def handler(e, c): return 'two'")
    assert functions.call("hot") == "two"


def test_the_archive_can_be_fetched_by_its_location(functions):
    functions.python("fetched", "def handler(e, c): return 1")
    location = functions.client.get_function(FunctionName="fetched")["Code"]["Location"]
    reply = functions.emulator.anonymous.get(location)
    assert reply.status_code == 200 and reply.content[:2] == b"PK"
    assert functions.emulator.anonymous.get(location[:-2]).status_code == 403


def test_payloads_of_megabytes_go_both_ways(functions):
    functions.python("large", "def handler(e, c): return e")
    event = "x" * 5_000_000
    assert functions.call("large", event) == event


def test_a_version_runs_on_the_python_that_is_there(functions):
    source = "import sys, boto3\ndef handler(e, c): return list(sys.version_info[:2])"
    for minor in (9, 10, 11, 12, 13):
        name = f"on-{minor}"
        functions.make(name, {"index.py": source}, f"python3.{minor}", Timeout=30, MemorySize=256)
        found = functions.call(name)
        log = "".join(functions.log(name))
        if found == [3, minor]:
            assert "is not installed here" not in log
        else:
            assert f"python3.{minor} is not installed here; the function runs on Python 3." in log
