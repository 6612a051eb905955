"""Items: writes, reads, conditions, transactions, batches, PartiQL, paging."""

from __future__ import annotations

import pytest

from tests.emulator.dynamodb_tables import KEY, create, item, refused


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client("dynamodb")


@pytest.fixture(scope="module")
def table(client):
    return create(client)


def test_an_item_comes_back_as_it_was_written(client, table):
    written = item(
        "types",
        1,
        text={"S": "Grüße"},
        number={"N": "-12.50"},
        data={"B": b"\x00\xff"},
        flag={"BOOL": True},
        nothing={"NULL": True},
        words={"SS": ["a", "b"]},
        numbers={"NS": ["1", "2.5"]},
        list={"L": [{"S": "x"}, {"N": "7"}]},
        map={"M": {"inner": {"L": []}, "empty": {"S": ""}}},
    )
    client.put_item(TableName=table, Item=written)
    read = client.get_item(
        TableName=table, Key={"p": {"S": "types"}, "s": {"N": "1.0"}}, ConsistentRead=True
    )["Item"]
    read["words"]["SS"].sort()
    read["numbers"]["NS"].sort()
    assert read == written | {"number": {"N": "-12.5"}}


def test_a_missing_item_is_no_error(client, table):
    assert "Item" not in client.get_item(TableName=table, Key=item("none", 1))


def test_update_expressions(client, table):
    key = item("update", 1)
    client.put_item(TableName=table, Item={**key, "n": {"N": "1"}, "l": {"L": [{"S": "a"}]}})
    answer = client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET n = n + :one, l = list_append(l, :more), #new = if_not_exists(#new, :d) "
        "ADD tags :tags REMOVE absent",
        ExpressionAttributeNames={"#new": "name"},
        ExpressionAttributeValues={
            ":one": {"N": "1"},
            ":more": {"L": [{"S": "b"}]},
            ":d": {"S": "default"},
            ":tags": {"SS": ["x"]},
        },
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {
        **key,
        "n": {"N": "2"},
        "l": {"L": [{"S": "a"}, {"S": "b"}]},
        "name": {"S": "default"},
        "tags": {"SS": ["x"]},
    }


def test_a_conditional_write_keeps_the_first_one(client, table):
    new = item("conditional", 1, version={"N": "1"})
    client.put_item(TableName=table, Item=new, ConditionExpression="attribute_not_exists(p)")
    with refused("ConditionalCheckFailedException", "The conditional request failed") as caught:
        client.put_item(
            TableName=table,
            Item=new | {"version": {"N": "9"}},
            ConditionExpression="attribute_not_exists(p)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"] == new


def test_two_writers_with_a_version_lose_no_update(client, table):
    key = item("version", 1)
    client.put_item(TableName=table, Item={**key, "v": {"N": "1"}, "stock": {"N": "10"}})

    def sell(seen: str) -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET stock = stock - :one, v = v + :one",
            ConditionExpression="v = :seen",
            ExpressionAttributeValues={":one": {"N": "1"}, ":seen": {"N": seen}},
        )

    sell("1")
    with refused("ConditionalCheckFailedException"):
        sell("1")
    assert client.get_item(TableName=table, Key=key)["Item"]["stock"] == {"N": "9"}


def test_a_transaction_happens_whole_or_not_at_all(client, table):
    with refused("TransactionCanceledException") as caught:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": item("transaction", 1)}},
                {
                    "ConditionCheck": {
                        "TableName": table,
                        "Key": item("transaction", 2),
                        "ConditionExpression": "attribute_exists(p)",
                    }
                },
            ]
        )
    response = caught.value.response
    assert response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed]"
    )
    assert [reason["Code"] for reason in response["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert "Item" not in client.get_item(TableName=table, Key=item("transaction", 1))


def test_the_token_of_a_transaction_works_once(client, table):
    def transact(sort: int) -> None:
        client.transact_write_items(
            ClientRequestToken="token-1",
            TransactItems=[
                {
                    "Update": {
                        "TableName": table,
                        "Key": item("token", sort),
                        "UpdateExpression": "ADD n :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                }
            ],
        )

    transact(1)
    transact(1)
    assert client.get_item(TableName=table, Key=item("token", 1))["Item"]["n"] == {"N": "1"}
    with refused("IdempotentParameterMismatchException"):
        transact(2)


def test_a_transaction_touches_an_item_once(client, table):
    with refused(
        "ValidationException", "Transaction request cannot include multiple operations on one item"
    ):
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": KEY}},
                {"Delete": {"TableName": table, "Key": KEY}},
            ]
        )


def test_batches_write_and_read(client, table):
    requests = [{"PutRequest": {"Item": item("batch", sort)}} for sort in range(25)]
    answer = client.batch_write_item(RequestItems={table: requests})
    assert answer["UnprocessedItems"] == {}
    answer = client.batch_get_item(
        RequestItems={table: {"Keys": [item("batch", sort) for sort in range(20, 30)]}}
    )
    assert len(answer["Responses"][table]) == 5


def test_a_batch_over_two_tables_puts_and_deletes(client, table):
    other = create(client)
    client.put_item(TableName=table, Item=item("mixed", 1))
    answer = client.batch_write_item(
        RequestItems={
            table: [
                {"DeleteRequest": {"Key": item("mixed", 1)}},
                {"PutRequest": {"Item": item("mixed", 2)}},
            ],
            other: [{"PutRequest": {"Item": item("mixed", 3)}}],
        }
    )
    assert answer["UnprocessedItems"] == {}
    assert "Item" not in client.get_item(TableName=table, Key=item("mixed", 1))
    assert "Item" in client.get_item(TableName=table, Key=item("mixed", 2))
    assert client.scan(TableName=other)["Count"] == 1
    # More than a transaction may carry (4 MB) is no more than a batch may (16 MB).
    large = [
        {"PutRequest": {"Item": item("large", sort, x={"S": "y" * 300_000})}} for sort in range(25)
    ]
    client.batch_write_item(RequestItems={other: large})
    pages = client.get_paginator("scan").paginate(TableName=other, Select="COUNT")
    assert sum(page["Count"] for page in pages) == 26


def test_a_batch_with_a_mistake_is_refused_in_the_words_of_a_batch(client, table):
    with refused("ResourceNotFoundException", "Requested resource not found"):
        client.batch_write_item(
            RequestItems={"no-such-table": [{"PutRequest": {"Item": item("a", 1)}}]}
        )
    with refused("ValidationException", "The provided key element does not match the schema"):
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": {"p": {"S": "a"}}}}]})


def test_batches_have_limits(client, table):
    one = {"PutRequest": {"Item": item("limit", 1)}}
    with refused("ValidationException") as caught:
        client.batch_write_item(
            RequestItems={
                table: [{"PutRequest": {"Item": item("limit", sort)}} for sort in range(26)]
            }
        )
    assert "less than or equal to 25" in str(caught.value)
    with refused("ValidationException", "Provided list of item keys contains duplicates"):
        client.batch_write_item(RequestItems={table: [one, one]})
    with refused("ValidationException", "Too many items requested for the BatchGetItem call"):
        client.batch_get_item(
            RequestItems={table: {"Keys": [item("limit", sort) for sort in range(101)]}}
        )


def test_query_in_order_and_backwards(client, table):
    for sort in (3, 1, 2):
        client.put_item(TableName=table, Item=item("order", sort))

    def sorts(**more):
        answer = client.query(
            TableName=table,
            KeyConditionExpression="p = :p AND s BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":p": {"S": "order"},
                ":low": {"N": "1"},
                ":high": {"N": "2"},
            },
            **more,
        )
        return [found["s"]["N"] for found in answer["Items"]]

    assert sorts() == ["1", "2"]
    assert sorts(ScanIndexForward=False) == ["2", "1"]
    assert sorts(Limit=1) == ["1"]


def test_pages_end_at_one_megabyte(client):
    table = create(client)
    for start in range(0, 30, 10):
        client.batch_write_item(
            RequestItems={
                table: [
                    {"PutRequest": {"Item": item("big", start + n, x={"S": "y" * 100_000})}}
                    for n in range(10)
                ]
            }
        )
    first = client.query(
        TableName=table,
        KeyConditionExpression="p = :p",
        ExpressionAttributeValues={":p": {"S": "big"}},
    )
    # An item is 100,008 bytes (names and values counted); an eleventh would cross 1 MiB.
    assert first["Count"] == 10
    assert first["LastEvaluatedKey"] == item("big", 9)
    pages = list(client.get_paginator("scan").paginate(TableName=table))
    assert sum(page["Count"] for page in pages) == 30
    assert len(pages) == 3


def test_parallel_scan_covers_the_table_once(client):
    table = create(client)
    client.batch_write_item(
        RequestItems={table: [{"PutRequest": {"Item": item(f"p{n}", n)}} for n in range(25)]}
    )
    found = [
        entry["p"]["S"]
        for segment in range(4)
        for entry in client.scan(TableName=table, Segment=segment, TotalSegments=4)["Items"]
    ]
    assert sorted(found) == sorted(f"p{n}" for n in range(25))


def test_partiql(client, table):
    client.execute_statement(
        Statement=f"INSERT INTO \"{table}\" VALUE {{'p': 'partiql', 's': 1, 'x': 'one'}}"
    )
    client.execute_statement(
        Statement=f"UPDATE \"{table}\" SET x = ? WHERE p = 'partiql' AND s = 1",
        Parameters=[{"S": "two"}],
    )
    answer = client.execute_statement(
        Statement=f"SELECT x FROM \"{table}\" WHERE p = 'partiql'",
    )
    assert answer["Items"] == [{"x": {"S": "two"}}]
    with refused("DuplicateItemException", "Duplicate primary key exists in table"):
        client.execute_statement(
            Statement=f"INSERT INTO \"{table}\" VALUE {{'p': 'partiql', 's': 1}}"
        )


def test_a_table_can_be_named_by_its_arn(client, table):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.put_item(TableName=arn, Item=item("arn", 1))
    assert client.get_item(TableName=arn, Key=item("arn", 1))["Item"] == item("arn", 1)
    client.batch_write_item(RequestItems={arn: [{"DeleteRequest": {"Key": item("arn", 1)}}]})
    assert "Item" not in client.get_item(TableName=table, Key=item("arn", 1))
