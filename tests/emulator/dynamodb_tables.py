"""Tables for the DynamoDB tests."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

KEY = {"p": {"S": "a"}, "s": {"N": "1"}}


def create(client, name: str | None = None, **more: Any) -> str:
    """A table with partition key `p` (S) and sort key `s` (N), on demand; returns its name."""
    table = name or f"table-{secrets.token_hex(5)}"
    request: dict[str, Any] = {
        "TableName": table,
        "KeySchema": [
            {"AttributeName": "p", "KeyType": "HASH"},
            {"AttributeName": "s", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
    client.create_table(**(request | more))
    return table


def item(partition: str, sort: int, **more: Any) -> dict[str, Any]:
    """An item of such a table."""
    return {"p": {"S": partition}, "s": {"N": str(sort)}, **more}


@contextlib.contextmanager
def refused(code: str, message: str | None = None) -> Iterator[pytest.ExceptionInfo]:
    """Expect an AWS error with this code and, if given, exactly this message."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert error["Message"] == message
