"""Loads readings.jsonl into your table. It reads the file; writing is up to you."""

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

print(f"{len(readings)} readings, and none of them is in {TABLE} yet")
# Write them to the table: 25 at a time, and again those that came back unprocessed. boto3's table
# resource can do both for you.
