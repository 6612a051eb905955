"""Errors in AWS's words.

From October 2026 most regions put `1 validation error detected: ` in front of some messages of
expressions and items; us-east-1, the sandbox's region, does not yet. The engine follows the newer form
for a part of them. Here all of them take the form of us-east-1.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

import re
from typing import Any

# Namespaces in front of the code in `__type`.
DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
CORAL = "com.amazon.coral.validate#"
CORAL_SERVICE = "com.amazon.coral.service#"


ENVELOPE = "1 validation error detected: "
# These always had the envelope: they come from the service's model.
CONSTRAINT = re.compile(r"1 validation error detected: Value .*failed to satisfy constraint", re.S)
KEY_MISTAKES = (
    "One or more parameter values were invalid: Missing the key ",
    "One or more parameter values were invalid: Type mismatch for key ",
)
# The engine's own words on the left.
OTHER_WORDS = {
    "list_append requires two list operands": "An operand in the update expression has an incorrect "
    "data type",
    "Invalid KeyConditionExpression: partition key must use equality": "Query key condition not "
    "supported",
}


class DynamoDBError(Exception):
    """An error answer of DynamoDB: code, message, HTTP status and further members of the body."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}

    def body(self) -> dict[str, Any]:
        """The JSON object that goes to the client."""
        if self.code in ("ValidationException", "ThrottlingException"):
            namespace = CORAL
        elif self.code in ("SerializationException", "UnknownOperationException") or (
            self.code.endswith("SignatureException") or self.code == "AccessDeniedException"
        ):
            namespace = CORAL_SERVICE
        else:
            namespace = DYNAMODB
        found: dict[str, Any] = {"__type": namespace + self.code}
        if self.message:
            found["message"] = self.message
        return found | self.details


def invalid(message: str) -> DynamoDBError:
    """A ValidationException."""
    return DynamoDBError("ValidationException", message)


def not_found(table: str | None = None) -> DynamoDBError:
    """A ResourceNotFoundException; the operations on tables name the table, those on items do not."""
    message = "Requested resource not found"
    if table:
        message += f": Table: {table} not found"
    return DynamoDBError("ResourceNotFoundException", message)


def from_engine(
    status: int, details: dict[str, Any], operation: str, request: dict[str, Any]
) -> DynamoDBError:
    """The AWS error for what the engine answered."""
    code = str(details.pop("__type", "InternalServerError")).rpartition("#")[2]
    message = details.pop("message", None)
    if message is None:
        message = details.pop("Message", "")
    else:
        details.pop("Message", None)
    return DynamoDBError(code, _wording(code, message, operation), status=status, details=details)


def _wording(code: str, message: str, operation: str) -> str:
    if code == "IdempotentParameterMismatchException":
        return (
            "DynamoDB rejected the request because you retried a request with a different payload "
            "but with an idempotent token that was already used."
        )
    if code == "ValidationException":
        if message.startswith(ENVELOPE) and not CONSTRAINT.match(message):
            message = message.removeprefix(ENVELOPE)
        if operation == "BatchWriteItem" and message.startswith(KEY_MISTAKES):
            # A batch speaks of keys where PutItem speaks of items.
            return "The provided key element does not match the schema"
        return OTHER_WORDS.get(message, message)
    return message
