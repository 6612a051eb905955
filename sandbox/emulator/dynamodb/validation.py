"""What AWS refuses and the engine lets pass, or refuses in other words."""

from __future__ import annotations

import json
from typing import Any

from sandbox.emulator.dynamodb import engine, schemas
from sandbox.emulator.dynamodb.errors import invalid
from sandbox.emulator.dynamodb.expressions import checks
from sandbox.emulator.dynamodb.expressions.nodes import Call, Operation, Path, Value

# In the order in which AWS looks at them.
EXPRESSIONS = (
    "ProjectionExpression",
    "UpdateExpression",
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
)
LEGACY = frozenset(
    {
        "AttributeUpdates",
        "AttributesToGet",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter",
    }
)
MOST_BATCH_WRITES = 25
MOST_BATCH_GETS = 100
LARGEST_NAME_BYTES = 65535
LARGEST_KEY_NAME_BYTES = 255
MOST_TAGS = 50

Json = dict[str, Any]


def check(operation: str, request: Json, account: str, region: str, internal: bool = False) -> None:
    """Raise DynamoDBError for a request that AWS would refuse."""
    match operation:
        case "PutItem":
            _check_names(request.get("Item"))
        case "BatchWriteItem":
            _check_batch(request)
        case "Query" | "Scan":
            _check_limit(request)
            _check_search(request, account, region)
            return
        case "BatchGetItem":
            _check_batch_size(request, MOST_BATCH_GETS, "BatchGetItem")
        case "UpdateTable":
            if "SSESpecification" in request:
                raise invalid("The sandbox cannot change the encryption of a table afterwards")
            if "ReplicaUpdates" in request:
                raise invalid("The sandbox has no global tables: ReplicaUpdates is not supported")
        # LocalStack's CloudFormation sets it twice for each table that it makes.
        case "UpdateTimeToLive" if not internal:
            _check_time_to_live(request, account, region)
        case "TagResource":
            _check_tags(request.get("Tags"))
        case "CreateTable":
            _check_tags(request.get("Tags"))
            _check_key_names(request)
            _check_throughput(request)
        case "TransactWriteItems" | "TransactGetItems":
            for action in _list(request.get("TransactItems")):
                for part in _dict(action).values():
                    _check_expressions(_dict(part))
                    _check_names(_dict(part).get("Item"))
            return
    _check_expressions(request)


def _check_expressions(request: Json) -> Json:
    found: Json = {}
    if not request.keys().isdisjoint(LEGACY):
        # Mixing the two forms is refused by the engine.
        return found
    for member in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if request.get(member) == {}:
            raise invalid(f"{member} must not be empty")
    names = _dict(request.get("ExpressionAttributeNames"))
    values = _dict(request.get("ExpressionAttributeValues"))
    for kind in EXPRESSIONS:
        if kind in request:
            found[kind] = checks.check(kind, request[kind], names, values)
    return found


def _check_limit(request: Json) -> None:
    limit = request.get("Limit")
    if isinstance(limit, int) and not isinstance(limit, bool) and limit < 1:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1"
        )


def _check_search(request: Json, account: str, region: str) -> None:
    trees = _check_expressions(request)
    table, index_name = request.get("TableName"), request.get("IndexName")
    if not isinstance(table, str) or not (index_name or trees.get("KeyConditionExpression")):
        return
    schema = schemas.of(account, region, table)
    if schema is None:
        return
    index = schema.indexes.get(index_name) if index_name else schema.table
    if index is None:
        return
    names = _dict(request.get("ExpressionAttributeNames"))
    tree = trees.get("KeyConditionExpression")
    if tree is not None:
        _check_key_values(
            tree, schema, index, names, _dict(request.get("ExpressionAttributeValues"))
        )
    if index.kind == "global" and index.projected is not None:
        for kind in ("ProjectionExpression", "FilterExpression"):
            if trees.get(kind) is None:
                continue
            missing = [
                name
                for name in checks.attribute_names(trees[kind], names)
                if name not in index.projected
            ]
            if missing:
                raise invalid(
                    "One or more parameter values were invalid: Global secondary index "
                    f"{index_name} does not project [{', '.join(missing)}]"
                )


def _check_key_values(
    tree: Any, schema: schemas.Schema, index: schemas.Index, names: Json, values: Json
) -> None:
    for condition in checks.conjunction(tree):
        if not isinstance(condition, Call | Operation):
            continue
        path = next(part for part in condition.operands if isinstance(part, Path))
        attribute = names.get(str(path.parts[0]), path.parts[0])
        if attribute not in index.keys:
            continue
        equality = isinstance(condition, Operation) and condition.operator == "="
        if attribute == index.keys[0] and not equality:
            raise invalid("Query key condition not supported")
        for operand in condition.operands:
            if isinstance(operand, Value):
                value = values.get(operand.name)
                if isinstance(value, dict) and schema.types.get(attribute) not in value:
                    raise invalid(
                        "One or more parameter values were invalid: "
                        "Condition parameter type does not match schema type"
                    )


def _check_batch(request: Json) -> None:
    _check_batch_size(request, MOST_BATCH_WRITES, "BatchWriteItem")
    for writes in _dict(request.get("RequestItems")).values():
        for write in _list(writes):
            _check_names(_dict(_dict(write).get("PutRequest")).get("Item"))


def _check_batch_size(request: Json, most: int, operation: str) -> None:
    tables = request.get("RequestItems")
    if tables == {}:
        raise invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    total = 0
    for table, part in _dict(tables).items():
        count = len(_list(part if operation == "BatchWriteItem" else _dict(part).get("Keys")))
        total += count
        if operation == "BatchWriteItem" and not 1 <= count <= most:
            raise invalid(
                f"1 validation error detected: Value '{{{table}=[{count} requests]}}' at "
                "'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "
                f"[Member must have length less than or equal to {most}, "
                "Member must have length greater than or equal to 1]"
            )
    if total > most:
        raise invalid(f"Too many items requested for the {operation} call")


def _check_throughput(request: Json) -> None:
    if request.get("BillingMode") == "PAY_PER_REQUEST":
        return
    if "ProvisionedThroughput" not in request:
        raise invalid(
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits "
            "must both be specified when BillingMode is PROVISIONED"
        )
    for index in _list(request.get("GlobalSecondaryIndexes")):
        if "ProvisionedThroughput" not in _dict(index):
            raise invalid(
                "One or more parameter values were invalid: ReadCapacityUnits and "
                "WriteCapacityUnits must both be specified for index: "
                f"{_dict(index).get('IndexName')}"
            )


def _check_time_to_live(request: Json, account: str, region: str) -> None:
    wanted = _dict(request.get("TimeToLiveSpecification"))
    status, content = engine.of(account, region).request(
        "DynamoDB_20120810.DescribeTimeToLive",
        json.dumps({"TableName": request.get("TableName")}).encode(),
    )
    if status != 200:
        return
    present = json.loads(content)["TimeToLiveDescription"]
    enabled = present["TimeToLiveStatus"] == "ENABLED"
    if enabled and present.get("AttributeName") != wanted.get("AttributeName"):
        raise invalid(
            "TimeToLive is active on a different AttributeName: current AttributeName is "
            f"{present.get('AttributeName')}"
        )
    if enabled == bool(wanted.get("Enabled")):
        raise invalid(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")


def _check_names(item: Any) -> None:
    for name in _dict(item):
        if not name:
            raise invalid(
                "One or more parameter values were invalid: An attribute name must not be empty"
            )
        # The length in characters is a bound that costs nothing; bytes are counted when it is near.
        if len(name) * 4 > LARGEST_NAME_BYTES and len(name.encode()) > LARGEST_NAME_BYTES:
            raise invalid(
                "One or more parameter values were invalid: "
                "Attribute name is too large, must be less than 65536 bytes"
            )


def _check_key_names(request: Json) -> None:
    for definition in _list(request.get("AttributeDefinitions")):
        name = _dict(definition).get("AttributeName")
        if isinstance(name, str) and len(name.encode()) > LARGEST_KEY_NAME_BYTES:
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'attributeDefinitions.1.member."
                "attributeName' failed to satisfy constraint: "
                "Member must have length less than or equal to 255"
            )


def _check_tags(tags: Any) -> None:
    found = [_dict(tag) for tag in _list(tags)]
    keys = [str(tag.get("Key", "")) for tag in found]
    if len(keys) > MOST_TAGS:
        raise invalid(f"Too many tags: only {MOST_TAGS} tags are allowed per resource")
    if len(set(keys)) != len(keys):
        raise invalid("One or more parameter values were invalid: Duplicate tag keys")
    for tag in found:
        if str(tag.get("Key", "")).lower().startswith("aws:"):
            raise invalid(
                "One or more parameter values were invalid: Tag keys cannot begin with aws:"
            )
        for member, longest in (("Key", 128), ("Value", 256)):
            text = tag.get(member)
            if isinstance(text, str) and len(text) > longest:
                raise invalid(
                    f"1 validation error detected: Value '{text}' at 'tags.1.member."
                    f"{member.lower()}' failed to satisfy constraint: "
                    f"Member must have length less than or equal to {longest}"
                )


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
