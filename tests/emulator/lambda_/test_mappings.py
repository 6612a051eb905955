"""Event source mappings: queues and streams that run functions."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.emulator.lambda_.conftest import until

QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
TABLE = (
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:DescribeStream",
    "dynamodb:ListStreams",
)
STREAM = ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream")


def seen(functions, name, word):
    try:
        return [message for message in functions.log(name) if message.startswith(word)]
    except ClientError:
        return []


def test_a_queue(functions):
    sqs = functions.emulator.client("sqs")
    url = sqs.create_queue(QueueName="mapped")["QueueUrl"]
    source = "arn:aws:sqs:us-east-1:000000000000:mapped"
    functions.python(
        "reads-queue",
        "def handler(e, c):\n    for r in e['Records']: print('message', r['body'], r['eventSource'])",
    )
    create = functions.client.create_event_source_mapping
    with pytest.raises(ClientError) as error:
        create(FunctionName="reads-queue", EventSourceArn=source)
    assert error.value.response["Error"]["Message"] == (
        "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    )
    functions.client.update_function_configuration(
        FunctionName="reads-queue", Role=functions.role(*QUEUE)
    )
    functions.client.get_waiter("function_updated_v2").wait(FunctionName="reads-queue")
    made = create(FunctionName="reads-queue", EventSourceArn=source, BatchSize=5)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert until(lambda: seen(functions, "reads-queue", "message")) == ["message one aws:sqs\n"]
    # What was worked off is gone.
    until(
        lambda: (
            sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
            == {
                "ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesNotVisible": "0",
            }
        )
    )
    functions.client.delete_event_source_mapping(UUID=made["UUID"])


def test_a_table(functions):
    client = functions.emulator.client("dynamodb")
    client.create_table(
        TableName="mapped-table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    source = client.describe_table(TableName="mapped-table")["Table"]["LatestStreamArn"]
    functions.python(
        "reads-table",
        "def handler(e, c):\n"
        "    for r in e['Records']: print('record', r['eventName'], r['dynamodb']['NewImage']['id'])",
        Role=functions.role(*TABLE),
    )
    made = functions.client.create_event_source_mapping(
        FunctionName="reads-table", EventSourceArn=source, StartingPosition="TRIM_HORIZON"
    )
    client.put_item(TableName="mapped-table", Item={"id": {"S": "a"}})
    assert until(lambda: seen(functions, "reads-table", "record"), 20) == [
        "record INSERT {'S': 'a'}\n"
    ]
    functions.client.delete_event_source_mapping(UUID=made["UUID"])
    client.delete_table(TableName="mapped-table")


def test_a_kinesis_stream(functions):
    client = functions.emulator.client("kinesis")
    client.create_stream(StreamName="mapped-stream", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="mapped-stream", WaiterConfig={"Delay": 1})
    source = "arn:aws:kinesis:us-east-1:000000000000:stream/mapped-stream"
    functions.python(
        "reads-stream",
        "import base64\n"
        "def handler(e, c):\n"
        "    for r in e['Records']: print('data', base64.b64decode(r['kinesis']['data']).decode())",
        Role=functions.role(*STREAM),
    )
    made = functions.client.create_event_source_mapping(
        FunctionName="reads-stream", EventSourceArn=source, StartingPosition="TRIM_HORIZON"
    )
    client.put_record(StreamName="mapped-stream", Data=b"drop", PartitionKey="p")
    assert until(lambda: seen(functions, "reads-stream", "data"), 20) == ["data drop\n"]
    functions.client.delete_event_source_mapping(UUID=made["UUID"])
    client.delete_stream(StreamName="mapped-stream")
