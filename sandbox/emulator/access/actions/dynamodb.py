"""The actions of DynamoDB's operations.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.emulator.access.actions.requirement import Requirement

TRANSACT = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_STATEMENT = re.compile(
    r"""^\s*(?:(?P<select>select\b.*?\bfrom)|(?P<insert>insert\s+into)|(?P<update>update)|"""
    r"""(?P<delete>delete\s+from)|(?P<exists>exists\s*\(\s*select\b.*?\bfrom))\s+"""
    r"""(?:"(?P<quoted>[^"]+)"|(?P<plain>[\w.-]+))(?:\s*\.\s*"?(?P<index>[\w.-]+)"?)?""",
    re.IGNORECASE | re.DOTALL,
)
_PARTIQL = {
    "select": "PartiQLSelect",
    "insert": "PartiQLInsert",
    "update": "PartiQLUpdate",
    "delete": "PartiQLDelete",
    "exists": "ConditionCheckItem",
}
PLAIN = {
    "ListTables",
    "DescribeLimits",
    "DescribeEndpoints",
    "ListBackups",
    "ListExports",
    "ListImports",
    "ListGlobalTables",
    "ListContributorInsights",
}


def requirements(
    operation: str, request: Mapping[str, Any], region: str, account: str
) -> list[Requirement]:
    """What a DynamoDB operation with these parameters needs."""

    def table_arn(name: str) -> str:
        if name.startswith("arn:"):
            return name
        return f"arn:aws:dynamodb:{region}:{account}:table/{name}"

    if operation in ("TransactWriteItems", "TransactGetItems"):
        return _transact(operation, request, table_arn)
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [
            Requirement(
                f"dynamodb:{operation}",
                table_arn(name),
                context=_batch_context(operation, tables[name]),
            )
            for tables in [request.get("RequestItems") or {}]
            for name in tables
        ]
    if operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        return _partiql(operation, request, table_arn)
    resource = request.get("TableName") or request.get("TableArn") or request.get("ResourceArn")
    if operation in PLAIN or not resource:
        for name in ("BackupArn", "ExportArn", "ImportArn", "StreamArn"):
            if request.get(name):
                return [Requirement(f"dynamodb:{operation}", request[name])]
        return [Requirement(f"dynamodb:{operation}")]
    arn = table_arn(resource)
    if operation in ("Query", "Scan") and request.get("IndexName"):
        arn = f"{arn}/index/{request['IndexName']}"
    found = [Requirement(f"dynamodb:{operation}", arn, context=item_context(operation, request))]
    if operation == "CreateTable" and request.get("Tags"):
        found.append(Requirement("dynamodb:TagResource", arn))
    return found


def _transact(operation: str, request: Mapping[str, Any], table_arn) -> list[Requirement]:
    found: dict[tuple[str, str, str], Requirement] = {}
    for item in request.get("TransactItems") or ():
        if not isinstance(item, Mapping):
            continue
        for kind, given in item.items():
            if kind in TRANSACT and isinstance(given, Mapping):
                context = item_context(TRANSACT[kind], given)
                context["dynamodb:enclosingoperation"] = operation
                arn = table_arn(str(given.get("TableName", "")))
                key = (kind, arn, str(context.get("dynamodb:leadingkeys")))
                found[key] = Requirement(f"dynamodb:{TRANSACT[kind]}", arn, context=context)
    return list(found.values()) or [Requirement(f"dynamodb:{operation}")]


def _partiql(operation: str, request: Mapping[str, Any], table_arn) -> list[Requirement]:
    statements: list[Any] = [request.get("Statement")]
    if operation != "ExecuteStatement":
        parts = request.get("Statements") or request.get("TransactStatements") or ()
        statements = [part.get("Statement") for part in parts if isinstance(part, Mapping)]
    found = []
    for statement in statements:
        match = _STATEMENT.match(statement or "")
        if not match:
            found.append(Requirement("dynamodb:PartiQLSelect"))
            continue
        kind = next(name for name in _PARTIQL if match[name])
        arn = table_arn(match["quoted"] or match["plain"])
        if match["index"]:
            arn = f"{arn}/index/{match['index']}"
        context: dict[str, object] = {}
        if operation != "ExecuteStatement":
            context["dynamodb:enclosingoperation"] = operation
        if kind == "select":
            whole = not re.search(r"\bwhere\b", statement, re.IGNORECASE)
            context["dynamodb:fulltablescan"] = str(whole).lower()
        found.append(Requirement(f"dynamodb:{_PARTIQL[kind]}", arn, context=context))
    return found


def _scalar(value: Any) -> str | None:
    """The text of an attribute value that can be a key: `{"S": "a"}` is `a`."""
    if isinstance(value, Mapping):
        for kind in ("S", "N", "B"):
            if kind in value:
                return str(value[kind])
    return None


def item_context(operation: str, request: Mapping[str, Any]) -> dict[str, object]:
    """The DynamoDB condition keys of a request on items.

    `dynamodb:LeadingKeys` holds every key value of the request's items: which of them is the partition
    key, only the engine knows, so a provider may narrow it down.
    """
    context: dict[str, object] = {}
    for parameter, key in (
        ("ReturnValues", "dynamodb:returnvalues"),
        ("ReturnConsumedCapacity", "dynamodb:returnconsumedcapacity"),
        ("Select", "dynamodb:select"),
    ):
        if request.get(parameter):
            context[key] = request[parameter]
    given = request.get("Key") or request.get("Item")
    if isinstance(given, Mapping):
        context["dynamodb:_key"] = dict(given)
        if operation == "PutItem":
            context["dynamodb:attributes"] = list(given)
    if operation == "Query":
        values = _query_keys(request)
        if values:
            context["dynamodb:_query"] = values
    names = _attribute_names(request)
    if names and "dynamodb:attributes" not in context:
        context["dynamodb:attributes"] = names
    return context


def _batch_context(operation: str, given: Any) -> dict[str, object]:
    keys: list[dict[str, Any]] = []
    names: list[str] = []
    if operation == "BatchGetItem" and isinstance(given, Mapping):
        keys = [dict(key) for key in given.get("Keys") or () if isinstance(key, Mapping)]
        names = _attribute_names(given)
    elif isinstance(given, list):
        for entry in given:
            put = (entry.get("PutRequest") or {}).get("Item") if isinstance(entry, dict) else None
            if isinstance(put, Mapping):
                keys.append(dict(put))
                names += [name for name in put if name not in names]
            delete = (
                (entry.get("DeleteRequest") or {}).get("Key") if isinstance(entry, dict) else None
            )
            if isinstance(delete, Mapping):
                keys.append(dict(delete))
    context: dict[str, object] = {"dynamodb:_keys": keys}
    if names:
        context["dynamodb:attributes"] = names
    return context


def _attribute_names(request: Mapping[str, Any]) -> list[str]:
    names: list[str] = list(request.get("AttributesToGet") or ())
    aliases = request.get("ExpressionAttributeNames") or {}
    expression = request.get("ProjectionExpression") or ""
    for part in expression.split(","):
        name = part.strip().split(".", 1)[0].split("[", 1)[0]
        if name:
            names.append(aliases.get(name, name))
    if isinstance(request.get("Key"), Mapping):
        names += [name for name in request["Key"] if name not in names]
    return names


def _query_keys(request: Mapping[str, Any]) -> dict[str, str]:
    """Attribute name -> value, of the equalities in a key condition."""
    found: dict[str, str] = {}
    for name, condition in (request.get("KeyConditions") or {}).items():
        values = condition.get("AttributeValueList") or ()
        if condition.get("ComparisonOperator") == "EQ" and values:
            found[name] = _scalar(values[0]) or ""
    aliases = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for name, value in re.findall(
        r"([#\w.-]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression") or ""
    ):
        found[aliases.get(name, name)] = _scalar(values.get(value)) or ""
    return found


def leading_keys(context: Mapping[str, object], partition_key: str | None) -> list[str] | None:
    """The partition key values of a request, given the table's (or index's) partition key."""
    if partition_key is None:
        return None
    keys: Any = context.get("dynamodb:_keys") or [context.get("dynamodb:_key") or {}]
    found = [_scalar(key.get(partition_key)) for key in keys]
    query = context.get("dynamodb:_query")
    if isinstance(query, Mapping) and partition_key in query:
        found.append(query[partition_key])
    return list(dict.fromkeys(value for value in found if value is not None)) or None
