"""One call to the engine: AWS's JSON in, AWS's JSON out.

Between the two stands what the engine cannot know or does otherwise than AWS: the account and region of
ARNs, tables named by ARN, validations it lacks (`validation`) and the wording of errors (`errors`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from localstack.utils.aws.arns import get_partition

from sandbox.emulator.dynamodb import arns, batches, engine, errors, schemas, validation
from sandbox.emulator.dynamodb.errors import DynamoDBError
from sandbox.emulator.dynamodbstreams import records

# Operations on items: their answers name no ARN of the engine's, and items are passed on untouched.
ITEM_OPERATIONS = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
# Everything the engine does itself; the provider has the rest.
OPERATIONS = {
    "dynamodb": ITEM_OPERATIONS
    | {
        "CreateTable",
        "DeleteTable",
        "DescribeTable",
        "DescribeTimeToLive",
        "ListTables",
        "ListTagsOfResource",
        "TagResource",
        "UntagResource",
        "UpdateTable",
        "UpdateTimeToLive",
    },
    "dynamodbstreams": frozenset(
        {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    ),
}
TARGETS = {"dynamodb": "DynamoDB_20120810.", "dynamodbstreams": "DynamoDBStreams_20120810."}

SCHEMA_OPERATIONS = ("CreateTable", "DeleteTable", "UpdateTable")

Json = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """What goes back to the client: HTTP status, body and, for an error, its code and message."""

    status: int
    body: bytes
    error: DynamoDBError | None = None

    def content(self) -> Json:
        """The body as a JSON object."""
        return json.loads(self.body)


def call(
    account: str,
    region: str,
    operation: str,
    request: Json,
    body: bytes | None = None,
    *,
    service: str = "dynamodb",
    internal: bool = False,
) -> Answer:
    """Call `operation` in an account and region; AWS's errors come back as an Answer, never raised.

    `body` is `request` as it came over the wire; with it an unchanged request is not written again.
    `internal` says that another service of the emulator calls.
    """
    region = home_region(region)
    try:
        process = _engine(account, region)
        changed = arns.name_tables(request, account, region)
        if service == "dynamodbstreams":
            changed |= records.translate_request(operation, request)
        else:
            validation.check(operation, request, account, region, internal)
        if body is None or changed:
            body = json.dumps(request, separators=(",", ":")).encode()
        if operation == "BatchWriteItem" and (together := batches.as_transaction(request)):
            status, _ = process.request(TARGETS[service] + "TransactWriteItems", together)
            if status == 200:
                return Answer(status, batches.ANSWER)
        status, content = process.request(TARGETS[service] + operation, body)
    except DynamoDBError as error:
        return failure(error)
    except engine.EngineFailure as error:
        return failure(DynamoDBError("InternalServerError", str(error), status=500))
    if operation in SCHEMA_OPERATIONS:
        schemas.forget(account, region, request.get("TableName"))
    if status != 200:
        return _engine_error(status, content, operation, request, account, region)
    if operation not in ITEM_OPERATIONS:
        content = arns.localize(content, account, region, get_partition(region))
        try:
            if service == "dynamodbstreams":
                content = records.translate_answer(operation, request, content, account, region)
        except DynamoDBError as error:
            return failure(error)
    return Answer(status, content)


def ask(account: str, region: str, operation: str, request: Json | None = None) -> Json:
    """Call `operation` for ourselves; raises DynamoDBError."""
    answer = call(account, region, operation, request or {})
    if answer.error is not None:
        raise answer.error
    return answer.content()


def failure(error: DynamoDBError) -> Answer:
    """The answer that carries `error`."""
    return Answer(error.status, json.dumps(error.body()).encode(), error)


def home_region(region: str) -> str:
    """The region whose tables are meant: NoSQL Workbench says `localhost` for us-east-1."""
    return "us-east-1" if region in ("local", "localhost") else region


def _engine(account: str, region: str) -> engine.Engine:
    try:
        return engine.of(account, region)
    except ValueError:
        raise DynamoDBError(
            "InvalidSignatureException",
            f"Credential should be scoped to a valid region, not '{region}'.",
        ) from None


def _engine_error(
    status: int, content: bytes, operation: str, request: Json, account: str, region: str
) -> Answer:
    try:
        details = json.loads(content)
    except ValueError:
        details = {"__type": "InternalServerError", "message": "The engine gave no reason."}
    error = errors.from_engine(status, details, operation, request)
    localized = json.dumps(error.body()).encode()
    if b":dynoxide:" in localized:
        localized = arns.localize(localized, account, region, get_partition(region))
        error.message = json.loads(localized).get("message", error.message)
    return Answer(error.status, localized, error)
