"""ARNs of tables, indexes and streams: the engine's to AWS's, and requests that name a table by ARN."""

from __future__ import annotations

import re
from typing import Any

from sandbox.emulator.dynamodb.errors import DynamoDBError, not_found

ENGINE_ARN = re.compile(rb"arn:aws:(dynamodb|kms):(?:dynoxide|ddblocal):000000000000:")
ENGINE_PREFIX = "arn:aws:dynamodb:dynoxide:000000000000:"
TABLE_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):dynamodb:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":table/(?P<table>[a-zA-Z0-9_.-]{3,255})(?P<rest>/.*)?"
)


def localize(content: bytes, account: str, region: str, partition: str) -> bytes:
    """Replace the engine's placeholder region and account in every ARN of `content`."""
    return ENGINE_ARN.sub(
        lambda found: f"arn:{partition}:{found[1].decode()}:{region}:{account}:".encode(), content
    )


def table_arn(account: str, region: str, partition: str, table: str) -> str:
    """The ARN of a table."""
    return f"arn:{partition}:dynamodb:{region}:{account}:table/{table}"


def name_tables(request: dict[str, Any], account: str, region: str) -> bool:
    """Put the name in place of an ARN wherever the request names a table; returns whether it did.

    The engine knows names alone. Raises DynamoDBError for a table of another account or region.
    """
    changed = _name_in(request, account, region)
    tables = request.get("RequestItems")
    if isinstance(tables, dict) and any(key.startswith("arn:") for key in tables):
        request["RequestItems"] = {
            _table(key, account, region) if key.startswith("arn:") else key: value
            for key, value in tables.items()
        }
        changed = True
    actions = request.get("TransactItems")
    if isinstance(actions, list):
        for action in actions:
            if isinstance(action, dict):
                for part in action.values():
                    if isinstance(part, dict):
                        changed |= _name_in(part, account, region)
    return changed


def _name_in(part: dict[str, Any], account: str, region: str) -> bool:
    name = part.get("TableName")
    if not (isinstance(name, str) and name.startswith("arn:")):
        return False
    part["TableName"] = _table(name, account, region)
    return True


def _table(arn: str, account: str, region: str) -> str:
    parts = TABLE_ARN.fullmatch(arn)
    if parts is None or parts["rest"]:
        raise DynamoDBError("ValidationException", f"Invalid TableArn: {arn}")
    if parts["region"] != region or parts["account"] != account:
        # Another account's table is reached through its resource policy, which the engine has not.
        raise not_found(arn)
    return parts["table"]
