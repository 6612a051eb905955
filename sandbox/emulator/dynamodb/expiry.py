"""Time to live: items whose time has passed are deleted, by the sandbox clock.

AWS takes up to a few days; the sandbox deletes when its clock is moved, and once a minute.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.dynamodb import engine, expired, schemas, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError

LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 60
# A time further back is taken for a mistake, such as milliseconds or a birthday: AWS keeps the item.
OLDEST = timedelta(days=5 * 365).total_seconds()

Json = dict[str, Any]

_started = threading.Lock()
_lock = threading.Lock()


def start() -> None:
    """Begin to delete expired items; further calls do nothing."""
    if _started.acquire(blocking=False):
        clock.on_advance(sweep)
        threading.Thread(target=_run, name="dynamodb-expiry", daemon=True).start()


def sweep() -> int:
    """Delete what has expired in every table of every account; returns how many items."""
    found = 0
    with _lock:
        for account, region in engine.known():
            try:
                found += _sweep_region(account, region)
            except DynamoDBError as error:
                LOG.warning("expired items of %s in %s: %s", account, region, error)
    return found


def _run() -> None:
    pause = threading.Event()
    while True:
        # At once: time went by while the sandbox was down.
        sweep()
        pause.wait(PAUSE_SECONDS)


def _sweep_region(account: str, region: str) -> int:
    found = 0
    request: Json = {}
    while True:
        page = wire.ask(account, region, "ListTables", request)
        for table in page["TableNames"]:
            settings = wire.ask(account, region, "DescribeTimeToLive", {"TableName": table})
            attribute = settings["TimeToLiveDescription"].get("AttributeName")
            if attribute and settings["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED":
                found += _sweep_table(account, region, table, attribute)
        if "LastEvaluatedTableName" not in page:
            return found
        request["ExclusiveStartTableName"] = page["LastEvaluatedTableName"]


def _sweep_table(account: str, region: str, table: str, attribute: str) -> int:
    schema = schemas.of(account, region, table)
    if schema is None:
        return 0
    now = clock.time()
    names = {"#t": attribute, **{f"#k{i}": key for i, key in enumerate(schema.table.keys)}}
    scan: Json = {
        "TableName": table,
        "FilterExpression": "#t BETWEEN :oldest AND :now",
        "ProjectionExpression": ", ".join(name for name in names),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {
            ":oldest": {"N": str(int(now - OLDEST))},
            ":now": {"N": str(int(now))},
        },
        "ConsistentRead": True,
    }
    if attribute in schema.table.keys:
        return 0
    found = 0
    while True:
        page = wire.ask(account, region, "Scan", scan)
        for item in page["Items"]:
            found += _delete(account, region, table, schema, attribute, item)
        if "LastEvaluatedKey" not in page:
            return found
        scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _delete(
    account: str, region: str, table: str, schema: schemas.Schema, attribute: str, item: Json
) -> bool:
    key = {name: item[name] for name in schema.table.keys}
    # Noted first: a reader of the stream may be quicker than the next line.
    expired.note(account, region, table, key)
    try:
        wire.ask(
            account,
            region,
            "DeleteItem",
            {
                "TableName": table,
                "Key": key,
                # Somebody may have prolonged the item's life in between.
                "ConditionExpression": "#t = :seen",
                "ExpressionAttributeNames": {"#t": attribute},
                "ExpressionAttributeValues": {":seen": item[attribute]},
            },
        )
    except DynamoDBError as error:
        if error.code != "ConditionalCheckFailedException":
            raise
        return False
    return True
