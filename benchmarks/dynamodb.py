"""Items of about 1 KB in one table."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from benchmarks.clients import client
from benchmarks.measure import Figure, rate, repeat
from sandbox.stack import instance

TABLE = "bench"


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group."""
    started = instance.start("dynamodb", ephemeral=True, home=home)
    try:
        dynamodb = client("dynamodb", started.endpoint)
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "p", "KeyType": "HASH"},
                {"AttributeName": "s", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "p", "AttributeType": "S"},
                {"AttributeName": "s", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        numbers = itertools.count()
        for _ in range(20):
            dynamodb.put_item(TableName=TABLE, Item=_item("q", next(numbers)))

        def put_with(made):
            return lambda: made.put_item(TableName=TABLE, Item=_item("p", next(numbers)))

        def get_with(made):
            return lambda: made.get_item(TableName=TABLE, Key={"p": {"S": "q"}, "s": {"N": "3"}})

        def query_with(made):
            return lambda: made.query(
                TableName=TABLE,
                KeyConditionExpression="p = :p",
                ExpressionAttributeValues={":p": {"S": "q"}},
            )

        def fresh(make):
            return lambda: make(client("dynamodb", started.endpoint))

        return [
            repeat("dynamodb", "put 1 KB", put_with(dynamodb), 300),
            repeat("dynamodb", "get 1 KB", get_with(dynamodb), 300),
            repeat("dynamodb", "query 20 x 1 KB", query_with(dynamodb), 200),
            rate("dynamodb", "put, 1 client", fresh(put_with), 1, seconds),
            rate("dynamodb", "put, 8 clients", fresh(put_with), 8, seconds),
            rate("dynamodb", "get, 8 clients", fresh(get_with), 8, seconds),
            _bulk(dynamodb),
        ]
    finally:
        started.stop()


def _bulk(dynamodb) -> Figure:
    begun = time.perf_counter()
    for start in range(0, 5000, 25):
        writes = [{"PutRequest": {"Item": _item("b", n)}} for n in range(start, start + 25)]
        dynamodb.batch_write_item(RequestItems={TABLE: writes})
    return Figure(
        "dynamodb", "load 5000 items", time.perf_counter() - begun, "s", note="25 per call"
    )


def _item(partition: str, number: int) -> dict:
    return {"p": {"S": partition}, "s": {"N": str(number)}, "text": {"S": "x" * 950}}
