"""Time to live: items whose time has passed are deleted, by the sandbox clock.

AWS takes up to a few days; the sandbox deletes when its clock is moved, and once a minute.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.emulator import clock, world
from sandbox.emulator.dynamodb import engine, schemas, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError

LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 60
# A time further back is taken for a mistake, such as milliseconds or a birthday: AWS keeps the item.
OLDEST = timedelta(days=5 * 365).total_seconds()
# How far a stream record's time may be from the deletion that made it.
TOLERANCE_SECONDS = 5.0

Json = dict[str, Any]

_started = threading.Lock()
_lock = threading.Lock()
# When the sandbox deleted an item, by (account, region, table, key as JSON), machine time.
_deleted: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
_loaded: set[Path] = set()


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


def deleted(account: str, region: str, table: str, record: Json) -> bool:
    """Whether a stream record (its `dynamodb` part) is about an item that time to live deleted."""
    _load(_file(account, region), account, region)
    moments = _deleted.get((account, region, table, _key(record["Keys"])), ())
    created = float(record.get("ApproximateCreationDateTime", 0))
    return any(abs(created - moment) <= TOLERANCE_SECONDS for moment in moments)


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
    _note(account, region, table, key)
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


def _note(account: str, region: str, table: str, key: Json) -> None:
    file = _file(account, region)
    _load(file, account, region)
    # The engine stamps its records with the machine's time.
    moment = clock.time() - clock.offset().total_seconds()
    _deleted[account, region, table, _key(key)].append(moment)
    with file.open("a") as output:
        output.write(json.dumps([table, _key(key), moment]) + "\n")


def _load(file: Path, account: str, region: str) -> None:
    if file in _loaded:
        return
    _loaded.add(file)
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                table, key, moment = json.loads(line)
            except ValueError:
                # The last line of a process that was killed while it wrote.
                continue
            _deleted[account, region, table, key].append(moment)


def _file(account: str, region: str) -> Path:
    return world.directory("dynamodb") / f"{account}-{region}.expired.jsonl"


def _key(key: Json) -> str:
    return json.dumps(key, sort_keys=True)
