"""The starting state: the shop's catalogue in a table, with an index by genre."""

import json
from pathlib import Path

from sandbox.labs import provisioning

ALBUMS = Path(__file__).parents[2] / "fixtures" / "lab-06" / "albums.json"


def copies(number, values):
    """How many copies the shop has of its album number `number`; another count in each shop."""
    return (number * 7 + values["_copies"]) % 11


def provision(aws, values):
    """Make the table and its albums; safe to run twice."""
    dynamodb = aws("dynamodb")
    table = values["table"]
    if table in dynamodb.list_tables()["TableNames"]:
        return
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "genre", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-genre",
                "KeySchema": [
                    {"AttributeName": "genre", "KeyType": "HASH"},
                    {"AttributeName": "id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    puts = [
        {
            "PutRequest": {
                "Item": {
                    "id": {"S": album["id"]},
                    "artist": {"S": album["artist"]},
                    "title": {"S": album["title"]},
                    "year": {"N": str(album["year"])},
                    "genre": {"S": album["genre"]},
                    "copies": {"N": str(copies(number, values))},
                }
            }
        }
        for number, album in enumerate(json.loads(ALBUMS.read_text(encoding="utf-8")))
    ]
    for begin in range(0, len(puts), 25):
        dynamodb.batch_write_item(RequestItems={table: puts[begin : begin + 25]})


if __name__ == "__main__":
    provisioning.run_alone(__file__)
