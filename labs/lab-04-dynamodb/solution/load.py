"""Loads readings.jsonl into your table. 25 at a time."""

import json
import os
from decimal import Decimal

import boto3

TABLE = os.environ["LAB_TABLE"]
STATION = os.environ["LAB_STATION"]
dynamodb = boto3.resource("dynamodb")

with open("readings.jsonl", encoding="utf-8") as file:
    # DynamoDB's numbers are exact; floating point numbers are not, so boto3 wants Decimal.
    readings = [json.loads(line, parse_float=Decimal) for line in file]

for reading in readings:
    reading["station"] = STATION

# The batch writer sends 25 at a time, and again what came back unprocessed.
with dynamodb.Table(TABLE).batch_writer() as batch:
    for reading in readings:
        batch.put_item(Item=reading)

print(f"{len(readings)} readings are in {TABLE}")
