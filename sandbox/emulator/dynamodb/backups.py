"""On-demand backups: a table's description and items, kept as files of the world.

`WORLD/dynamodb/backups/ACCOUNT-REGION/ID/` holds `backup.json` and `items.jsonl.gz`; the folder appears
whole or not at all.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

import gzip
import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localstack.utils.aws.arns import get_partition

from sandbox.emulator import clock, world
from sandbox.emulator.dynamodb import arns, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError

# What of a description a new table is made from.
CREATE_MEMBERS = ("AttributeDefinitions", "KeySchema")
BATCH = 25

Json = dict[str, Any]


def create(account: str, region: str, table: str, name: str) -> Json:
    """Back up a table now; returns AWS's BackupDetails. Raises TableNotFoundException."""
    description = table_description(account, region, table)
    moment = clock.time()
    identity = f"{int(moment * 1000):014d}-{secrets.token_hex(4)}"
    folder = _folder(account, region) / identity
    partial = folder.with_suffix(".partial")
    partial.mkdir(parents=True)
    size = 0
    with gzip.open(partial / "items.jsonl.gz", "wt") as output:
        for item in items(account, region, table):
            line = json.dumps(item)
            size += len(line)
            output.write(line + "\n")
    details = {
        "BackupArn": f"{description['TableArn']}/backup/{identity}",
        "BackupName": name,
        "BackupSizeBytes": size,
        "BackupStatus": "AVAILABLE",
        "BackupType": "USER",
        "BackupCreationDateTime": moment,
    }
    (partial / "backup.json").write_text(json.dumps({"details": details, "table": description}))
    partial.rename(folder)
    return details


def read(account: str, region: str, arn: str) -> Json:
    """`{"details": BackupDetails, "table": TableDescription}`; raises BackupNotFoundException."""
    return json.loads((_find(account, region, arn) / "backup.json").read_text())


def delete(account: str, region: str, arn: str) -> Json:
    """Delete a backup; returns what `read` would have."""
    found = read(account, region, arn)
    shutil.rmtree(_find(account, region, arn))
    found["details"]["BackupStatus"] = "DELETED"
    return found


def list_all(account: str, region: str) -> list[Json]:
    """Every backup, the oldest first, each as `read` returns it."""
    return [
        json.loads(file.read_text())
        for file in sorted(_folder(account, region).glob("*/backup.json"))
        if not file.parent.name.endswith(".partial")
    ]


def restore(account: str, region: str, arn: str, target: str, overrides: Json) -> Json:
    """Make table `target` from a backup; returns its TableDescription.

    `overrides` are members of CreateTable that replace those of the source. Raises
    TableAlreadyExistsException or BackupNotFoundException.
    """
    folder = _find(account, region, arn)
    source = read(account, region, arn)["table"]
    with gzip.open(folder / "items.jsonl.gz", "rt") as lines:
        content = (json.loads(line) for line in lines)
        made = fill(account, region, source, content, target, overrides)
    made["RestoreSummary"] = {
        "SourceBackupArn": arn,
        "SourceTableArn": source["TableArn"],
        "RestoreDateTime": clock.time(),
        "RestoreInProgress": False,
    }
    return made


def fill(
    account: str,
    region: str,
    source: Json,
    content: Iterator[Json],
    target: str,
    overrides: Json,
) -> Json:
    """Create `target` like the description `source` and put the items into it."""
    try:
        wire.ask(account, region, "CreateTable", _creation(source, target) | overrides)
    except DynamoDBError as error:
        if error.code == "ResourceInUseException":
            raise DynamoDBError(
                "TableAlreadyExistsException", f"Table already exists: {target}"
            ) from None
        raise
    batch: list[Json] = []
    for item in content:
        batch.append({"PutRequest": {"Item": item}})
        if len(batch) == BATCH:
            wire.ask(account, region, "BatchWriteItem", {"RequestItems": {target: batch}})
            batch = []
    if batch:
        wire.ask(account, region, "BatchWriteItem", {"RequestItems": {target: batch}})
    return wire.ask(account, region, "DescribeTable", {"TableName": target})["Table"]


def items(account: str, region: str, table: str) -> Iterator[Json]:
    """Every item of a table."""
    request: Json = {"TableName": table, "ConsistentRead": True}
    while True:
        page = wire.ask(account, region, "Scan", request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def table_description(account: str, region: str, table: str) -> Json:
    """The table as DescribeTable shows it; TableNotFoundException as the backup operations say it."""
    try:
        return wire.ask(account, region, "DescribeTable", {"TableName": table})["Table"]
    except DynamoDBError as error:
        if error.code == "ResourceNotFoundException":
            raise DynamoDBError("TableNotFoundException", f"Table not found: {table}") from None
        raise


def _creation(source: Json, target: str) -> Json:
    on_demand = source.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    request: Json = {"TableName": target, **{name: source[name] for name in CREATE_MEMBERS}}
    if on_demand:
        request["BillingMode"] = "PAY_PER_REQUEST"
    else:
        request["ProvisionedThroughput"] = _throughput(source)
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        indexes = []
        for index in source.get(member, ()):
            kept = {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            if member == "GlobalSecondaryIndexes" and not on_demand:
                kept["ProvisionedThroughput"] = _throughput(index)
            indexes.append(kept)
        if indexes:
            request[member] = indexes
    return request


def _throughput(description: Json) -> Json:
    found = description["ProvisionedThroughput"]
    return {name: found[name] or 1 for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _find(account: str, region: str, arn: str) -> Path:
    identity = arn.rpartition("/backup/")[2]
    folder = _folder(account, region) / identity
    prefix = arns.table_arn(account, region, get_partition(region), "")
    if not arn.startswith(prefix) or "/" in identity or not (folder / "backup.json").is_file():
        raise DynamoDBError("BackupNotFoundException", f"Backup not found: {arn}")
    return folder


def _folder(account: str, region: str) -> Path:
    return world.directory("dynamodb", "backups", f"{account}-{region}")
