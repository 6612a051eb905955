"""Lab 4 with boto3."""

import json
import os
from decimal import Decimal
from pathlib import Path

import boto3
from boto3.dynamodb.conditions import Attr, Key

TANK, ALARM = os.environ["LAB_TANK"], os.environ["LAB_ALARM"]
FROM_DAY, TO_DAY = os.environ["LAB_FROM_DAY"], os.environ["LAB_TO_DAY"]
dynamodb = boto3.resource("dynamodb")

# The shop: put, edit, delete.
shop = dynamodb.Table(os.environ["LAB_SHOP_TABLE"])
shop.put_item(
    Item={
        "article": os.environ["LAB_ARTICLE"],
        "price": int(os.environ["LAB_PRICE"]),
        "stock": int(os.environ["LAB_STOCK"]),
    }
)
shop.update_item(
    Key={"article": "tide-calendar"},
    UpdateExpression="SET price = :price",
    ExpressionAttributeValues={":price": int(os.environ["LAB_SALE_PRICE"])},
)
shop.delete_item(Key={"article": "lantern-2025"})

# The readings: the index is there from the beginning.
readings = dynamodb.create_table(
    TableName=os.environ["LAB_TABLE"],
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[
        {"AttributeName": name, "AttributeType": "S"} for name in ("tank", "taken", "alarm")
    ],
    KeySchema=[
        {"AttributeName": "tank", "KeyType": "HASH"},
        {"AttributeName": "taken", "KeyType": "RANGE"},
    ],
    GlobalSecondaryIndexes=[
        {
            "IndexName": "by-alarm",
            "KeySchema": [
                {"AttributeName": "alarm", "KeyType": "HASH"},
                {"AttributeName": "taken", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["temperature"]},
        }
    ],
)
readings.wait_until_exists()
with readings.batch_writer() as batch:
    for line in Path("readings.jsonl").read_text(encoding="utf-8").splitlines():
        reading = json.loads(line, parse_float=Decimal)
        batch.put_item(Item=reading | {"station": os.environ["LAB_STATION"]})

# The same question twice.
queried = readings.query(
    KeyConditionExpression=Key("tank").eq(TANK) & Key("taken").between(FROM_DAY, TO_DAY),
    ReturnConsumedCapacity="TOTAL",
)
pages, units, request = 0, Decimal(0), {}
while True:
    page = readings.scan(
        FilterExpression=Attr("tank").eq(TANK) & Attr("taken").between(FROM_DAY, TO_DAY),
        ReturnConsumedCapacity="TOTAL",
        **request,
    )
    pages += 1
    units += Decimal(str(page["ConsumedCapacity"]["CapacityUnits"]))
    if "LastEvaluatedKey" not in page:
        break
    request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

alarms = readings.query(
    IndexName="by-alarm",
    KeyConditionExpression=Key("alarm").eq(ALARM),
    ScanIndexForward=False,
    ReturnConsumedCapacity="TOTAL",
)
Path("answers.toml").write_text(
    f"""query_count = {queried["Count"]}
query_units = {queried["ConsumedCapacity"]["CapacityUnits"]}
scan_units = {units}
scan_pages = {pages}
alarm_count = {alarms["Count"]}
alarm_units = {alarms["ConsumedCapacity"]["CapacityUnits"]}
alarm_latest = "{alarms["Items"][0]["tank"]}"
"""
)
