"""Keys and indexes of tables, remembered between requests.

The engine is asked once per table; creating, changing or deleting a table forgets it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.dynamodb import engine

MOST_TABLES = 1000
RESOURCE = re.compile(
    r"arn:[a-z-]+:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):table/(?P<table>[^/]+)"
    r"(?:/index/(?P<index>[^/]+))?"
)


@dataclass(frozen=True)
class Index:
    """The key of a table or index: attributes in order (partition key, sort key)."""

    keys: tuple[str, ...]
    # Attributes that a query of it can return; None for all of them.
    projected: frozenset[str] | None
    kind: str


@dataclass(frozen=True)
class Schema:
    """A table: its key, its indexes by name and the types of key attributes (`S`, `N`, `B`)."""

    table: Index
    indexes: dict[str, Index]
    types: dict[str, str]


_known: dict[tuple[str, str, str], Schema] = {}


def of(account: str, region: str, table: str) -> Schema | None:
    """The schema of a table, None when there is no such table."""
    found = _known.get((account, region, table))
    if found is not None:
        return found
    status, content = engine.of(account, region).request(
        "DynamoDB_20120810.DescribeTable", json.dumps({"TableName": table}).encode()
    )
    if status != 200:
        return None
    if len(_known) >= MOST_TABLES:
        _known.clear()
    schema = _known[account, region, table] = _read(json.loads(content)["Table"])
    return schema


def forget(account: str, region: str, table: Any) -> None:
    """The table changes: ask again."""
    _known.pop((account, region, table), None)


def partition_key_of(arn: str) -> str | None:
    """The partition key of a table or index, by its ARN; None when there is none."""
    parts = RESOURCE.match(arn)
    if parts is None:
        return None
    try:
        schema = of(parts["account"], parts["region"], parts["table"])
    except (ValueError, engine.EngineFailure):
        return None
    index = schema and (schema.indexes.get(parts["index"]) if parts["index"] else schema.table)
    return index.keys[0] if index else None


def tags_of(arn: str) -> dict[str, str]:
    """The tags of a table, by its ARN."""
    parts = RESOURCE.match(arn)
    if parts is None:
        return {}
    try:
        status, content = engine.of(parts["account"], parts["region"]).request(
            "DynamoDB_20120810.ListTagsOfResource", json.dumps({"ResourceArn": arn}).encode()
        )
    except (ValueError, engine.EngineFailure):
        return {}
    if status != 200:
        return {}
    return {tag["Key"]: tag["Value"] for tag in json.loads(content).get("Tags", ())}


def _read(description: dict[str, Any]) -> Schema:
    table = Index(_keys(description), None, "table")
    indexes: dict[str, Index] = {}
    for member, kind in (("GlobalSecondaryIndexes", "global"), ("LocalSecondaryIndexes", "local")):
        for index in description.get(member) or ():
            projection = index["Projection"]
            projected = None
            if projection.get("ProjectionType") != "ALL":
                projected = frozenset(
                    (*table.keys, *_keys(index), *(projection.get("NonKeyAttributes") or ()))
                )
            indexes[index["IndexName"]] = Index(_keys(index), projected, kind)
    types = {
        attribute["AttributeName"]: attribute["AttributeType"]
        for attribute in description["AttributeDefinitions"]
    }
    return Schema(table, indexes, types)


def _keys(description: dict[str, Any]) -> tuple[str, ...]:
    ordered = sorted(description["KeySchema"], key=lambda key: key["KeyType"])
    return tuple(key["AttributeName"] for key in ordered)
