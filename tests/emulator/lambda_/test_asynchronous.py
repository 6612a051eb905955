"""Asynchronous events: retries on the sandbox clock, destinations, dead letters."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.lambda_.conftest import Functions, until

FAILS = "def handler(e, c):\n    print('try', e)\n    if e.get('fail'): raise ValueError('bad')\n    return 'good'"


@pytest.fixture(scope="module")
def functions(own_emulator):
    return Functions(own_emulator)


def tries(functions, name):
    try:
        return sum(message.startswith("try") for message in functions.log(name))
    except ClientError:
        return 0


def queue(functions, name):
    sqs = functions.emulator.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def received():
        messages = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=0
        )
        return (messages.get("Messages") or [None])[0]

    return arn, received


def test_two_more_tries_then_the_records(functions):
    failed, received_failed = queue(functions, "failed")
    dead, received_dead = queue(functions, "dead")
    functions.python(
        "async-fails",
        FAILS,
        Role=functions.role("sqs:SendMessage"),
        DeadLetterConfig={"TargetArn": dead},
    )
    functions.client.put_function_event_invoke_config(
        FunctionName="async-fails", DestinationConfig={"OnFailure": {"Destination": failed}}
    )
    answer = functions.client.invoke(
        FunctionName="async-fails", InvocationType="Event", Payload=b'{"fail": true}'
    )
    assert answer["StatusCode"] == 202
    until(lambda: tries(functions, "async-fails") == 1)
    functions.emulator.advance(61)
    until(lambda: tries(functions, "async-fails") == 2)
    assert received_dead() is None
    functions.emulator.advance(121)
    until(lambda: tries(functions, "async-fails") == 3)
    record = json.loads(until(received_failed)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].endswith(":async-fails:$LATEST")
    assert record["requestPayload"] == {"fail": True}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "bad"
    letter = until(received_dead)
    assert json.loads(letter["Body"]) == {"fail": True}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "bad"
    assert (
        letter["MessageAttributes"]["RequestID"]["StringValue"]
        == (answer["ResponseMetadata"]["RequestId"])
    )


def test_a_success_goes_to_its_destination(functions):
    good, received = queue(functions, "good")
    functions.python("async-good", FAILS, Role=functions.role("sqs:SendMessage"))
    functions.client.put_function_event_invoke_config(
        FunctionName="async-good", DestinationConfig={"OnSuccess": {"Destination": good}}
    )
    functions.client.invoke(FunctionName="async-good", InvocationType="Event", Payload=b"{}")
    record = json.loads(until(received)["Body"])
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == "good"


def test_no_retries_when_none_are_wanted(functions):
    dead, received = queue(functions, "dead-at-once")
    functions.python(
        "async-once",
        FAILS,
        Role=functions.role("sqs:SendMessage"),
        DeadLetterConfig={"TargetArn": dead},
    )
    functions.client.put_function_event_invoke_config(
        FunctionName="async-once", MaximumRetryAttempts=0
    )
    functions.client.invoke(
        FunctionName="async-once", InvocationType="Event", Payload=b'{"fail": 1}'
    )
    assert until(received)
    assert tries(functions, "async-once") == 1


def test_a_dead_letter_queue_needs_the_role(functions):
    with pytest.raises(ClientError) as error:
        functions.python(
            "async-no-role",
            FAILS,
            DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"},
        )
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert error.value.response["Error"]["Message"] == (
        "The provided execution role does not have permissions to call SendMessage on SQS"
    )
