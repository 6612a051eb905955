"""What an invocation looks like from both sides, in the details that suites recorded on AWS assert."""

from __future__ import annotations

import base64
import json

import pytest

from tests.emulator.lambda_.conftest import zipped
from tests.emulator.lambda_.test_failures import refused

REDACTED = (
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: "
)
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.fixture(scope="module")
def echo(functions):
    functions.python("echoes", "def handler(e, c): return e")
    return "echoes"


@pytest.mark.parametrize(
    ("payload", "complaint", "column"),
    [
        (b"nope", f"Unrecognized token 'nope': was expecting {VALUES}", 5),
        (b'{"a": no}', f"Unrecognized token 'no': was expecting {VALUES}", 10),
        (b"n\x87r\x9e", "Invalid UTF-8 start byte 0x87", 3),
        (
            b"\x99\xeb,j",
            f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}",
            1,
        ),
        (
            b"{no",
            "Unexpected character ('n' (code 110)): was expecting double-quote to start field name",
            2,
        ),
        (
            b"[1 2]",
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            4,
        ),
        (b'{"a": 1', None, 8),
    ],
)
def test_events_that_are_no_json(functions, echo, payload, complaint, column):
    code, text, status = refused(functions.client.invoke, FunctionName=echo, Payload=payload)
    assert (code, status) == ("InvalidRequestContentException", 400)
    start = "Could not parse request body into json: Could not parse payload into json: "
    if complaint is None:
        opened = f"expected close marker for Object (start marker at {REDACTED}1])"
        complaint = f"Unexpected end-of-input: {opened}"
    assert text == f"{start}{complaint}\n at {REDACTED}{column}]"


def test_how_it_is_called(functions, echo):
    assert refused(functions.client.invoke, FunctionName=echo, InvocationType="Soon")[:2] == (
        "ValidationException",
        "1 validation error detected: Value 'Soon' at 'invocationType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
    )
    assert refused(functions.client.invoke, FunctionName=echo, ClientContext="%")[:2] == (
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
    )
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    assert functions.call(echo, 1, ClientContext=context) == 1
    assert functions.client.invoke_async(FunctionName=echo, InvokeArgs=b"{}")["Status"] == 202


def test_an_error_before_the_first_event_has_no_request(functions):
    functions.python("never-starts", "raise Exception('Runtime startup fails')")
    error, _ = functions.fail("never-starts")
    assert error["requestId"] == ""
    assert (error["errorType"], error["errorMessage"]) == ("Exception", "Runtime startup fails")
    assert "<module>" in error["stackTrace"][-1]


VARIABLES = """
import os, sys
def handler(event, context):
    return {"env": dict(os.environ), "path": sys.path, "uid": os.getuid()}
"""


def test_what_a_python_function_finds(functions):
    functions.python("finds", VARIABLES)
    found = functions.call("finds")
    walled = found["uid"] == 993
    env = found["env"]
    task = env["LAMBDA_TASK_ROOT"]
    assert env["TZ"] == ":UTC" and env["LANG"] == "en_US.UTF-8" and env["SHLVL"] == "0"
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert env["LC_CTYPE"] == "C.UTF-8" and env["PWD"] == task
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in env
    layers = [path for path in found["path"] if path.endswith("/python3.12/site-packages")]
    assert found["path"][0] == task and found["path"].index(layers[0]) == 1
    if walled:
        assert env["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
        assert env["LD_LIBRARY_PATH"] == (
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
        )
        assert env["PYTHONPATH"] == "/var/runtime"


def test_a_layer_is_found_under_the_version_that_was_asked_for(functions):
    layers = []
    for name, file in (
        ("own", "python/lib/python3.12/site-packages/layered.py"),
        ("node", "nodejs/node20/node_modules/layered/index.js"),
    ):
        text = "text = 'layer'" if name == "own" else "module.exports = 'layer'"
        made = functions.client.publish_layer_version(
            LayerName=f"versioned-{name}", Content={"ZipFile": zipped({file: text})}
        )
        layers.append(made["LayerVersionArn"])
    functions.python(
        "layered", "import layered\ndef handler(e, c): return layered.text", Layers=layers[:1]
    )
    assert functions.call("layered") == "layer"
    functions.node(
        "layered-node",
        "exports.handler = async () => require('layered');",
        file="index.js",
        Layers=layers[1:],
    )
    assert functions.call("layered-node") == "layer"


WRAPPER = '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n'


@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x"])
def test_a_wrapper_starts_the_runtime(functions, runtime):
    files = {
        "index.py": "import os\ndef handler(e, c): return os.environ['WRAPPED']",
        "index.js": "exports.handler = async () => process.env.WRAPPED;",
        "wrapper": WRAPPER,
    }
    name = f"wrapped-{runtime[:4]}"
    variable = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    functions.make(
        name, files, runtime, modes={"wrapper": 0o755}, Environment={"Variables": variable}
    )
    answer = functions.client.invoke(FunctionName=name)
    if "FunctionError" in answer:
        pytest.skip("without namespaces there is no /var/task")
    assert json.loads(answer["Payload"].read()) == "yes"


def test_a_wrapper_that_is_not_there(functions):
    functions.python(
        "unwrapped",
        "def handler(e, c): pass",
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/nowhere"}},
    )
    error, log = functions.fail("unwrapped")
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 127")
    assert "/nowhere: does not exist\n" in log


REUSED = """
import os, time
number = 0
place = os.environ.get("TMPDIR", "/tmp") + "/kept"
def handler(event, context):
    global number
    if event == "write":
        open(place, "w").close()
        number = 42
    if event == "sleep": time.sleep(5)
    if event == "exit": os._exit(1)
    return [os.path.exists(place), number]
"""


def test_files_outlive_a_runtime_that_ends(functions):
    functions.python("reused", REUSED, Timeout=1)
    assert functions.call("reused", "write") == [True, 42]
    functions.fail("reused", "sleep")
    assert functions.call("reused") == [True, 0]
    functions.fail("reused", "exit")
    assert functions.call("reused") == [True, 0]


def test_a_log_in_json(functions):
    source = (
        "import logging, os\n"
        "def handler(e, c):\n"
        "    logging.getLogger().warning('careful')\n"
        "    if e == 'exit': os._exit(3)\n"
    )
    functions.python("json-log", source, LoggingConfig={"LogFormat": "JSON"})
    answer = functions.client.invoke(FunctionName="json-log", LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    found = [json.loads(text) for text in lines]
    kinds = [entry.get("type") for entry in found if "type" in entry]
    assert kinds == ["platform.initStart", "platform.start", "platform.report"]
    assert [entry["message"] for entry in found if "message" in entry][-1] == "careful"
    report = found[-1]["record"]
    assert report["status"] == "success" and report["metrics"]["memorySizeMB"] == 128
    assert {"durationMs", "billedDurationMs", "maxMemoryUsedMB", "initDurationMs"} < set(
        report["metrics"]
    )
    _, log = functions.fail("json-log", "exit")
    report = json.loads(log.splitlines()[-1])["record"]
    assert (report["status"], report["errorType"]) == ("error", "Runtime.ExitError")


def test_a_quiet_log_in_json(functions):
    functions.python(
        "quiet-log",
        "def handler(e, c): pass",
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"},
    )
    answer = functions.client.invoke(FunctionName="quiet-log", LogType="Tail")
    assert "platform." not in base64.b64decode(answer["LogResult"]).decode()
