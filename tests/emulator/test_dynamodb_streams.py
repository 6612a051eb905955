"""Streams and time to live."""

from __future__ import annotations

import pytest

from tests.emulator.dynamodb_tables import create, item, refused


@pytest.fixture(scope="module")
def client(own_emulator):
    return own_emulator.client("dynamodb")


@pytest.fixture(scope="module")
def streams(own_emulator):
    return own_emulator.client("dynamodbstreams")


def create_with_stream(client) -> tuple[str, str]:
    name = create(
        client,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return name, client.describe_table(TableName=name)["Table"]["LatestStreamArn"]


def records(streams, arn, **start):
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
    start.setdefault("ShardIteratorType", "TRIM_HORIZON")
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], **start)
    return streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]


def test_changes_arrive_in_order_with_both_images(client, streams):
    name, arn = create_with_stream(client)
    assert arn.startswith(f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}/stream/")
    client.put_item(TableName=name, Item=item("a", 1, x={"S": "old"}))
    client.put_item(TableName=name, Item=item("a", 1, x={"S": "new"}))
    client.delete_item(TableName=name, Key=item("a", 1))
    found = records(streams, arn)
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    assert {record["awsRegion"] for record in found} == {"us-east-1"}
    assert len({record["eventID"] for record in found}) == 3
    change = found[1]["dynamodb"]
    assert change["Keys"] == item("a", 1)
    assert change["OldImage"]["x"] == {"S": "old"}
    assert change["NewImage"]["x"] == {"S": "new"}


def test_an_open_shard_has_a_start_and_no_end(client, streams):
    name, arn = create_with_stream(client)
    for _ in range(2):
        stream = streams.describe_stream(StreamArn=arn)["StreamDescription"]
        assert stream["StreamStatus"] == "ENABLED"
        assert list(stream["Shards"][0]["SequenceNumberRange"]) == ["StartingSequenceNumber"]
        client.put_item(TableName=name, Item=item("a", 1))
    after = streams.describe_stream(
        StreamArn=arn, ExclusiveStartShardId=stream["Shards"][0]["ShardId"]
    )
    assert after["StreamDescription"]["Shards"] == []


def test_reading_goes_on_from_a_sequence_number(client, streams):
    name, arn = create_with_stream(client)
    for sort in range(12):
        client.put_item(TableName=name, Item=item("a", sort))
    tenth = records(streams, arn)[9]["dynamodb"]["SequenceNumber"]
    after = records(streams, arn, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=tenth)
    assert [record["dynamodb"]["Keys"]["s"]["N"] for record in after] == ["10", "11"]
    at = records(streams, arn, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=tenth)
    assert len(at) == 3
    assert records(streams, arn, ShardIteratorType="LATEST") == []


def test_streams_that_are_not_there(client, streams):
    _, arn = create_with_stream(client)
    other = arn[:-3] + "000"
    with refused(
        "ResourceNotFoundException", f"Requested resource not found: Stream: {other} not found"
    ):
        streams.describe_stream(StreamArn=other)
    with refused("ResourceNotFoundException"):
        streams.get_shard_iterator(
            StreamArn=arn,
            ShardId="shardId-00000000000000000000-00000000",
            ShardIteratorType="LATEST",
        )
    assert arn in [stream["StreamArn"] for stream in streams.list_streams()["Streams"]]


def test_time_to_live_follows_the_sandbox_clock(client, streams, own_emulator):
    import time

    name, arn = create_with_stream(client)
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    now = own_emulator.instance.call("GET", "/clock")["offset_seconds"] + time.time()

    def put(sort: int, expires: dict) -> None:
        client.put_item(TableName=name, Item=item("a", sort, expires=expires))

    put(1, {"N": str(int(now + 3600))})
    put(2, {"N": str(int(now + 30 * 86400))})
    put(3, {"S": str(int(now + 3600))})
    put(4, {"N": str(int(now - 6 * 365 * 86400))})
    client.delete_item(TableName=name, Key=item("a", 99))
    own_emulator.advance(7200)
    left = [found["s"]["N"] for found in client.scan(TableName=name)["Items"]]
    # A text is no time, and a time more than five years ago is taken for a mistake.
    assert sorted(left) == ["2", "3", "4"]
    removed = [record for record in records(streams, arn) if record["eventName"] == "REMOVE"]
    assert [record["userIdentity"] for record in removed] == [
        {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    ]
    client.delete_item(TableName=name, Key=item("a", 2))
    assert "userIdentity" not in records(streams, arn)[-1]
