"""Functions that fail, and requests that are wrong: AWS's errors."""

from __future__ import annotations

import json
import threading

import pytest
from botocore.exceptions import ClientError

from tests.emulator.lambda_.conftest import TRUST, until, zipped


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    found = error.value.response
    return (
        found["Error"]["Code"],
        found["Error"]["Message"],
        found["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_an_exception_has_its_type_text_and_trace(functions):
    functions.python("raises", "def handler(e, c):\n    raise ValueError('bad')")
    error, log = functions.fail("raises")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "bad")
    assert "/index.py" in error["stackTrace"][0] and error["requestId"]
    assert "[ERROR] ValueError: bad\nTraceback (most recent call last):\n" in log


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import nope",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'nope'",
        ),
        (
            "x = 1",
            "index.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'index'",
        ),
        (
            "x = 1",
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        ("def f(:", "index.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module"),
        (
            "x = 1",
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
    ],
)
def test_what_cannot_be_started(functions, source, handler, kind, message):
    name = f"start-{abs(hash((source, handler)))}"
    functions.python(name, source, Handler=handler)
    for _ in range(2):
        error, log = functions.fail(name)
        assert error["errorType"] == kind
        assert error["errorMessage"].startswith(message)
        assert "INIT_REPORT Init Duration: " in log and f"Error Type: {kind}" in log


ENDS = """
import os, time
def handler(event, context):
    print("begun", flush=True)
    if event == "sleep": time.sleep(5)
    if event == "exit": os._exit(3)
    if event == "leave": os._exit(0)
    if event == "memory":
        hold = []
        while True:
            hold.append(bytearray(b"x" * 1_000_000))
    return "fine"
"""


def test_time_exits_and_memory(functions):
    functions.python("ends", ENDS, Timeout=1)
    error, log = functions.fail("ends", "sleep")
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].startswith("RequestId: ")
    assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert "begun\n" in log and " Task timed out after 1.00 seconds\n" in log
    assert "Status: timeout" in log
    functions.client.update_function_configuration(FunctionName="ends", Timeout=20)
    functions.client.get_waiter("function_updated_v2").wait(FunctionName="ends")
    for event, reason in (
        ("exit", "Runtime exited with error: exit status 3"),
        ("leave", "Runtime exited without providing a reason"),
        ("memory", "Runtime exited with error: signal: killed"),
    ):
        error, log = functions.fail("ends", event)
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith(f"Error: {reason}")
        assert f"Error: {reason}\nRuntime.ExitError\n" in log
    assert functions.call("ends", "go") == "fine"


def test_an_answer_that_is_too_large_or_no_json(functions):
    functions.python(
        "answers", "def handler(e, c): return 'x' * e if isinstance(e, int) else {1, 2}"
    )
    error, _ = functions.fail("answers", 6_500_000)
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert error["errorMessage"] == (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    )
    error, _ = functions.fail("answers", "set")
    assert error["errorType"] == "Runtime.MarshalError"


def test_requests_that_are_too_large_or_no_json(functions):
    functions.python("takes", "def handler(e, c): return 1")
    code, text, status = refused(
        functions.client.invoke, FunctionName="takes", Payload=b'"' + b"x" * 6_291_456 + b'"'
    )
    assert (code, status) == ("RequestTooLargeException", 413)
    code, text, status = refused(
        functions.client.invoke,
        FunctionName="takes",
        InvocationType="Event",
        Payload=b'"' + b"x" * 1_048_576 + b'"',
    )
    assert (code, status) == ("RequestTooLargeException", 413)
    assert text == (
        "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )
    code, text, status = refused(functions.client.invoke, FunctionName="takes", Payload=b"{no")
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert text.startswith("Could not parse request body into json: ")
    code, text, status = refused(functions.client.invoke, FunctionName="nobody")
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert (
        text == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST"
    )
    assert (
        functions.client.invoke(FunctionName="takes", InvocationType="DryRun")["StatusCode"] == 204
    )


def test_functions_that_are_not_made(functions):
    good = {
        "FunctionName": "never",
        "Runtime": "python3.12",
        "Role": functions.role(),
        "Handler": "index.handler",
        "Code": {"ZipFile": zipped({"index.py": ""})},
    }
    create = functions.client.create_function
    assert refused(create, **(good | {"Code": {"ZipFile": b"no zip"}})) == (
        "InvalidParameterValueException",
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        400,
    )
    cannot = (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        400,
    )
    assert refused(create, **(good | {"Role": "arn:aws:iam::000000000000:role/nobody"})) == cannot
    trust = json.loads(json.dumps(TRUST).replace("lambda", "ec2"))
    other = functions.iam.create_role(
        RoleName="for-ec2", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    assert refused(create, **(good | {"Role": other})) == cannot
    code, text, _ = refused(create, **(good | {"Environment": {"Variables": {"AWS_REGION": "x"}}}))
    assert code == "InvalidParameterValueException"
    assert text.endswith("Reserved keys used in this request: AWS_REGION")
    code, text, _ = refused(create, **(good | {"Runtime": "java21"}))
    assert code == "InvalidParameterValueException"
    code, text, _ = refused(create, **(good | {"Runtime": "cobol1"}))
    assert code == "InvalidParameterValueException" and "cobol1" in text
    code, text, _ = refused(
        create, **(good | {"Code": {"S3Bucket": "no-such-bucket-here", "S3Key": "a.zip"}})
    )
    assert code == "InvalidParameterValueException" and "S3 Error Code: NoSuchBucket" in text
    functions.client.create_function(**good)
    functions.made.append("never")
    assert refused(create, **good)[::2] == ("ResourceConflictException", 409)


def test_reserved_concurrency(functions):
    functions.python("few", "import time\ndef handler(e, c): time.sleep(e or 0)", Timeout=30)
    functions.client.put_function_concurrency(FunctionName="few", ReservedConcurrentExecutions=1)
    functions.call("few")

    def occupy():
        for _ in range(50):
            try:
                return functions.call("few", 1.5)
            except ClientError:
                # A probe of below was faster.
                continue

    slow = threading.Thread(target=occupy)
    slow.start()

    def throttled():
        try:
            functions.call("few")
        except ClientError as error:
            return error.response
        return None

    found = until(throttled)
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert found["Error"]["Code"] == "TooManyRequestsException"
    assert found["Error"]["Message"] == "Rate Exceeded."
    assert found["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    slow.join()
    functions.call("few")
    functions.client.put_function_concurrency(FunctionName="few", ReservedConcurrentExecutions=0)
    assert refused(functions.client.invoke, FunctionName="few")[0] == "TooManyRequestsException"


def test_a_function_that_calls_itself_is_stopped(functions):
    functions.python(
        "circle",
        "import boto3, json\n"
        "client = boto3.client('lambda')\n"
        "def handler(event, context):\n"
        "    answer = client.invoke(FunctionName='circle', Payload=json.dumps(event + 1))\n"
        "    return json.loads(answer['Payload'].read())\n",
        Role=functions.role("lambda:InvokeFunction"),
        Timeout=60,
    )
    text = json.dumps(functions.call("circle", 0))
    assert "RecursiveInvocationException" in text
    assert sum(m.startswith("START ") for m in functions.log("circle")) == 16
