"""Consumed capacity, by AWS's arithmetic.

A read unit is 4 KiB strongly consistent or 8 KiB eventually; a write unit is 1 KiB; transactions take
twice. Query and Scan round the sum of what they read, not each item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import math

import pytest

from tests.emulator.dynamodb_tables import create, item

# p, s, x and their values: 1 + 5 + 1 + 2 + 1 + filling.
FILLING = 1000
ITEM_BYTES = 1 + 5 + 1 + 2 + 1 + FILLING
ITEMS = 50


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client("dynamodb")


@pytest.fixture(scope="module")
def table(client):
    name = create(
        client,
        AttributeDefinitions=[
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    for start in range(0, ITEMS, 25):
        client.batch_write_item(
            RequestItems={
                name: [
                    {"PutRequest": {"Item": item("items", sort, x={"S": "y" * FILLING})}}
                    for sort in range(start + 1, start + 26)
                ]
            }
        )
    return name


def units(answer) -> float:
    return answer["ConsumedCapacity"]["CapacityUnits"]


def query(client, table, **more):
    return client.query(
        TableName=table,
        KeyConditionExpression="p = :p",
        ExpressionAttributeValues={":p": {"S": "items"}} | more.pop("values", {}),
        ReturnConsumedCapacity="TOTAL",
        **more,
    )


def test_a_read_of_one_item(client, table):
    def get(sort, **more):
        return units(
            client.get_item(
                TableName=table, Key=item("items", sort), ReturnConsumedCapacity="TOTAL", **more
            )
        )

    assert get(1) == 0.5
    assert get(1, ConsistentRead=True) == 1
    # Looking for an item that is not there costs as much.
    assert get(999) == 0.5


def test_a_write_rounds_up_to_kilobytes(client, table):
    def put(size):
        return units(
            client.put_item(
                TableName=table,
                Item=item("writes", 1, x={"S": "y" * size}),
                ReturnConsumedCapacity="TOTAL",
            )
        )

    overhead = 1 + 6 + 1 + 2 + 1
    assert put(1024 - overhead) == 1
    assert put(1024 - overhead + 1) == 2
    # Replacing an item costs the larger of the two.
    assert put(1) == 2


def test_query_and_scan_pay_for_what_they_read_together(client, table):
    read = ITEMS * ITEM_BYTES
    assert units(query(client, table)) == math.ceil(read / 4096) / 2
    assert units(query(client, table, ConsistentRead=True)) == math.ceil(read / 4096)
    assert units(query(client, table, Limit=1)) == 0.5
    assert units(query(client, table, Select="COUNT")) == math.ceil(read / 4096) / 2


def test_a_filter_saves_nothing(client, table):
    answer = query(
        client,
        table,
        FilterExpression="x = :no",
        values={":no": {"S": "no"}},
    )
    assert answer["Count"] == 0
    assert answer["ScannedCount"] == ITEMS
    assert units(answer) == units(query(client, table))


def test_an_index_is_charged_for_itself(client, table):
    answer = client.put_item(
        TableName=table,
        Item=item("indexed", 1, g={"S": "g1"}, x={"S": "y" * 3000}),
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert answer["Table"]["CapacityUnits"] == 3
    assert answer["GlobalSecondaryIndexes"]["by-g"]["CapacityUnits"] == 1
    assert answer["CapacityUnits"] == 4
    answer = client.query(
        TableName=table,
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g1"}},
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert answer["CapacityUnits"] == 0.5
    assert answer["GlobalSecondaryIndexes"]["by-g"]["CapacityUnits"] == 0.5


def test_a_transaction_costs_twice(client, table):
    written = client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table, "Item": item("transaction", 1)}}],
        ReturnConsumedCapacity="TOTAL",
    )
    assert written["ConsumedCapacity"][0]["CapacityUnits"] == 2
    read = client.transact_get_items(
        TransactItems=[{"Get": {"TableName": table, "Key": item("transaction", 1)}}],
        ReturnConsumedCapacity="TOTAL",
    )
    assert read["ConsumedCapacity"][0]["CapacityUnits"] == 2


def test_batches_add_up(client, table):
    keys = [item("items", sort) for sort in range(1, 11)]
    answer = client.batch_get_item(
        RequestItems={table: {"Keys": keys}}, ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 5


def test_item_collections_are_measured(client):
    local = create(
        client,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("p", "S"), ("s", "N"), ("l", "S"))
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-l",
                "KeySchema": [
                    {"AttributeName": "p", "KeyType": "HASH"},
                    {"AttributeName": "l", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    metrics = client.put_item(
        TableName=local,
        Item=item("a", 1, l={"S": "x"}),
        ReturnItemCollectionMetrics="SIZE",
    )["ItemCollectionMetrics"]
    assert metrics["ItemCollectionKey"] == {"p": {"S": "a"}}
    low, high = metrics["SizeEstimateRangeGB"]
    assert 0 <= low <= high <= 1
