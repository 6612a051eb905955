"""Settings of functions, mappings and policies that AWS refuses, in AWS's words."""

from __future__ import annotations

import json

import pytest

from tests.emulator.lambda_.conftest import until, zipped
from tests.emulator.lambda_.test_failures import refused

FAULT = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}"
MOST = "Member must have value less than or equal to {}"


def create(functions, **given):
    given = {"Handler": "index.handler", "Runtime": "python3.12"} | given
    given.setdefault("Code", {"ZipFile": zipped({"index.py": ""})})
    return refused(
        functions.client.create_function, FunctionName="refused", Role=functions.role(), **given
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MemorySize": 10_241}, FAULT.format(10_241, "memorySize", MOST.format(10_240))),
        ({"Timeout": 901}, FAULT.format(901, "timeout", MOST.format(900))),
        (
            {"TracingConfig": {"Mode": "Off"}},
            FAULT.format(
                "Off",
                "tracingConfig.mode",
                "Member must satisfy enum value set: [Active, PassThrough]",
            ),
        ),
        (
            {"Environment": {"Variables": {"a-b": "x"}}},
            "1 validation error detected: Value at 'environment.variables' failed to satisfy "
            "constraint: Map keys must satisfy constraint: [Member must satisfy regular expression "
            "pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        ),
    ],
)
def test_limits_of_a_function(functions, given, message):
    assert create(functions, **given) == ("ValidationException", message, 400)


def test_runtimes_and_code(functions):
    assert create(functions, Code={})[:2] == (
        "InvalidParameterValueException",
        "Please provide a source for function code.",
    )
    assert create(functions, Runtime="python3.7")[1] == (
        "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions."
    )
    assert create(functions, Runtime="PYTHON3.9")[1].startswith(
        "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert "no java21" in create(functions, Runtime="java21")[1]
    functions.make("newest", {"index.py": "def handler(e, c): return e"}, "python3.14")
    assert functions.call("newest", "runs") == "runs"


def test_revisions(functions):
    functions.python("revised", "def handler(e, c): pass")
    client = functions.client
    client.get_waiter("function_active_v2").wait(FunctionName="revised")
    active = client.get_function_configuration(FunctionName="revised")["RevisionId"]
    changed = client.update_function_configuration(FunctionName="revised", Description="d")
    assert changed["RevisionId"] != active and changed["LastUpdateStatus"] == "InProgress"
    client.get_waiter("function_updated_v2").wait(FunctionName="revised")
    after = client.get_function_configuration(FunctionName="revised")["RevisionId"]
    assert after not in (active, changed["RevisionId"])
    published = client.publish_version(FunctionName="revised", RevisionId=after)
    again = client.get_function_configuration(FunctionName="revised", Qualifier="1")
    assert published["RevisionId"] == again["RevisionId"]


def test_statements(functions):
    functions.python("stated", "def handler(e, c): pass")

    def add(**given):
        given = {"StatementId": "s", "Action": "lambda:InvokeFunction"} | given
        return functions.client.add_permission(FunctionName="stated", **given)

    assert refused(add, Principal="*", Action="s3:GetObject")[1].endswith(
        "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"
    )
    nobody = "arn:aws:iam::000000000000:user/nobody-at-all"
    assert refused(add, Principal=nobody)[1] == (
        "The provided principal was invalid. Please check the principal and try again."
    )
    made = add(Principal="alexa-appkit.amazon.com", EventSourceToken="skill")
    statement = json.loads(made["Statement"])
    assert statement["Principal"] == {"Service": "alexa-appkit.amazon.com"}
    assert statement["Condition"] == {"StringEquals": {"lambda:EventSourceToken": "skill"}}


def test_destinations_need_the_role(functions):
    functions.python("destined", "def handler(e, c): pass")
    target = "arn:aws:sqs:us-east-1:000000000000:anywhere"
    for call in ("put", "update"):
        assert refused(
            getattr(functions.client, f"{call}_function_event_invoke_config"),
            FunctionName="destined",
            DestinationConfig={"OnFailure": {"Destination": target}},
        )[1] == (
            "The function's execution role does not have permissions to call SendMessage on "
            f"{target}"
        )


def test_runtime_management(functions):
    functions.python("managed", "def handler(e, c): pass")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:managed:$LATEST"
    client = functions.client
    found = client.get_runtime_management_config(FunctionName="managed")
    assert (found["UpdateRuntimeOn"], found["FunctionArn"]) == ("Auto", arn)
    client.put_runtime_management_config(FunctionName="managed", UpdateRuntimeOn="FunctionUpdate")
    found = client.get_runtime_management_config(FunctionName="managed")
    assert found["UpdateRuntimeOn"] == "FunctionUpdate"


def test_what_a_queue_does_not_take(functions):
    functions.python("mapped-wrongly", "def handler(e, c): pass", Timeout=60)
    functions.emulator.client("sqs").create_queue(QueueName="wrongly")

    def create(**given):
        source = "arn:aws:sqs:us-east-1:000000000000:wrongly"
        return refused(
            functions.client.create_event_source_mapping,
            FunctionName="mapped-wrongly",
            EventSourceArn=source,
            **given,
        )[:2]

    invalid = "InvalidParameterValueException"
    assert create(StartingPosition="LATEST") == (
        invalid,
        "StartingPosition is not valid for SQS event sources.",
    )
    assert create(StartingPosition="0")[0] == "ValidationException"
    assert create(MaximumRetryAttempts=2) == (
        invalid,
        "Unsupported 'maximumRetryAttempts' parameter for given event source mapping type.",
    )
    assert create() == (
        invalid,
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
    )


POISONED = """
def handler(event, context):
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    if "poison" in ids: raise Exception("poison")
    for id in ids: print("got", id)
"""


def test_a_bad_record_is_found_by_halving(functions):
    client = functions.emulator.client("dynamodb")
    sqs = functions.emulator.client("sqs")
    queue = sqs.create_queue(QueueName="poisoned")["QueueUrl"]
    client.create_table(
        TableName="halved",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    source = client.describe_table(TableName="halved")["Table"]["LatestStreamArn"]
    names = ("a", "b", "poison", "d")
    for name in names:
        client.put_item(TableName="halved", Item={"id": {"S": name}})
    functions.python("halves", POISONED, Role=functions.role("dynamodb:*", "sqs:*"))
    made = functions.client.create_event_source_mapping(
        FunctionName="halves",
        EventSourceArn=source,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={
            "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:poisoned"}
        },
    )
    message = until(
        lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), 20
    )
    record = json.loads(message[0]["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    got = until(
        lambda: (
            [line for line in functions.log("halves") if line.startswith("got d")]
            and [line for line in functions.log("halves") if line.startswith("got")]
        )
    )
    assert got == ["got a\n", "got b\n", "got d\n"]
    functions.client.delete_event_source_mapping(UUID=made["UUID"])
    client.delete_table(TableName="halved")
