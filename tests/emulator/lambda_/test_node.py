"""Node.js functions and programs of one's own."""

from __future__ import annotations

import pytest

MODULE = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
export const handler = async (event, context) => {
  console.log("got", event);
  if (event.fail) throw new TypeError("bad");
  if (event.reject) { Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 500)); }
  if (event.exit) process.exit(2);
  if (event.sts) return (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn;
  return { id: context.awsRequestId, left: context.getRemainingTimeInMillis() };
};
"""


@pytest.fixture(scope="module")
def module(functions):
    return functions.node("module", MODULE).rpartition(":")[2]


def test_a_module_finds_the_sdk_and_is_the_role(functions, module):
    assert 0 < functions.call(module, {})["left"] <= 3000
    arn = functions.call(module, {"sts": True})
    assert arn.startswith("arn:aws:sts::000000000000:assumed-role/role-")
    assert arn.endswith("/module")


def test_callbacks_and_commonjs(functions):
    functions.node(
        "callback",
        'const s3 = require("@aws-sdk/client-s3");\n'
        "exports.handler = (event, context, callback) => {\n"
        "  setTimeout(() => callback(null, typeof s3.S3Client), 10);\n"
        "};",
        "index.js",
    )
    assert functions.call("callback") == "function"
    assert functions.call("callback") == "function"


def test_errors_are_reported_as_aws_does(functions, module):
    error, log = functions.fail(module, {"fail": True})
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "bad")
    assert "\tERROR\tInvoke Error \t{" in log
    error, _ = functions.fail(module, {"reject": True})
    assert error["errorType"] == "Runtime.UnhandledPromiseRejection"
    error, _ = functions.fail(module, {"exit": True})
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 2")
    assert functions.call(module, {})["id"]


def test_a_missing_handler_and_a_missing_module(functions):
    functions.node("no-handler", "export const other = 1;")
    error, _ = functions.fail("no-handler", {})
    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == "index.handler is undefined or not exported"
    functions.node("no-module", 'require("nope"); exports.handler = async () => 1;', "index.js")
    error, _ = functions.fail("no-module", {})
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"].startswith("Error: Cannot find module 'nope'")


def test_an_answer_in_pieces(functions):
    functions.node(
        "pieces",
        "export const handler = awslambda.streamifyResponse(async (event, stream) => {\n"
        '  stream.setContentType("text/plain");\n'
        "  for (let i = 0; i < 3; i++) { stream.write(`piece${i};`); "
        "await new Promise((r) => setTimeout(r, 60)); }\n"
        "  stream.end();\n"
        "});",
    )
    answer = functions.client.invoke_with_response_stream(FunctionName="pieces", Payload=b"{}")
    assert answer["ResponseStreamContentType"].startswith("text/plain")
    events = list(answer["EventStream"])
    pieces = [e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e]
    assert b"".join(pieces) == b"piece0;piece1;piece2;" and len(pieces) == 3
    assert "InvokeComplete" in events[-1]
    # A caller that does not stream gets all of it.
    whole = functions.client.invoke(FunctionName="pieces", Payload=b"{}")["Payload"].read()
    assert whole == b"piece0;piece1;piece2;"


BOOTSTRAP = """#!/usr/bin/python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        name = event.headers["Lambda-Runtime-Aws-Request-Id"]
        body = json.loads(event.read())
    print("boot got", body, flush=True)
    result = json.dumps({"handler": os.environ["_HANDLER"], "got": body}).encode()
    urllib.request.urlopen(api + name + "/response", data=result)
"""


def test_a_program_of_ones_own(functions):
    functions.make(
        "own",
        {"bootstrap": BOOTSTRAP},
        "provided.al2023",
        modes={"bootstrap": 0o755},
        Handler="any.thing",
    )
    assert functions.call("own", {"a": 1}) == {"handler": "any.thing", "got": {"a": 1}}
    assert functions.call("own", {"a": 2})["got"] == {"a": 2}


def test_a_program_that_is_none(functions):
    functions.make("none", {"other": "x"}, "provided.al2023")
    error, _ = functions.fail("none", {})
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert "Couldn't find valid bootstrap(s)" in error["errorMessage"]
