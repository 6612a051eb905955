"""Streams as AWS shows them: shard ids, sequence numbers and records of the engine, translated.

The engine has one shard per stream, numbers its records 1, 2, 3 and names them in a form that clients
refuse (a shard id has 28 characters or more, a sequence number 21 or more). It also shows an end of the
sequence for a shard that is still open, at which a consumer would stop reading.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from zlib import crc32

from sandbox.emulator.dynamodb import expired
from sandbox.emulator.dynamodb.errors import DynamoDBError, invalid

FIRST_NUMBER = 10**20
NUMBERED = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")

Json = dict[str, Any]


def translate_request(operation: str, request: Json) -> bool:
    """Put the engine's ids in place of AWS's; returns whether the request changed.

    Raises the error for a shard, a sequence number or an iterator that cannot be.
    """
    if operation == "GetShardIterator":
        label = _label(request)
        shard = request.get("ShardId")
        if isinstance(shard, str) and shard != shard_id(label, _table(request)):
            raise _shard_not_found(shard)
        kind, number = request.get("ShardIteratorType"), request.get("SequenceNumber")
        if kind in NUMBERED and number is None:
            raise invalid(f"SequenceNumber must be specified when ShardIteratorType is {kind}")
        if kind not in NUMBERED and number is not None:
            raise invalid(f"SequenceNumber must not be specified when ShardIteratorType is {kind}")
        if number is not None:
            request["SequenceNumber"] = _engine_number(str(number))
        request["ShardId"] = f"shardId-00000001-{_table(request)}"
        return True
    return False


def translate_answer(
    operation: str, request: Json, content: bytes, account: str, region: str
) -> bytes:
    """The engine's answer with AWS's ids; raises the error for a stream that is another one."""
    if operation == "DescribeStream":
        return _describe(request, json.loads(content))
    if operation == "GetRecords":
        return _records(request, json.loads(content), account, region)
    return content


def shard_id(label: str, table: str) -> str:
    """The id of the one shard of a table's stream, in AWS's form."""
    moment = int(float(label or 0) * 1000)
    return f"shardId-{moment:020d}-{crc32(f'{table}/{label}'.encode()):08x}"


def _describe(request: Json, answer: Json) -> bytes:
    stream = answer["StreamDescription"]
    if stream["StreamLabel"] != _label(request):
        raise _stream_not_found(str(request.get("StreamArn")))
    for shard in stream.get("Shards", ()):
        shard["ShardId"] = shard_id(stream["StreamLabel"], stream["TableName"])
        numbers = shard.get("SequenceNumberRange", {})
        shown = {"StartingSequenceNumber": _aws_number(numbers.get("StartingSequenceNumber", "1"))}
        if stream.get("StreamStatus") == "DISABLED" and "EndingSequenceNumber" in numbers:
            shown["EndingSequenceNumber"] = _aws_number(numbers["EndingSequenceNumber"])
        shard["SequenceNumberRange"] = shown
    if "ExclusiveStartShardId" in request:
        # The engine ignores it; there is one shard, and nothing comes after it.
        stream["Shards"] = []
    return json.dumps(answer).encode()


def _records(request: Json, answer: Json, account: str, region: str) -> bytes:
    table = _table_of_iterator(str(request.get("ShardIterator", "")))
    for record in answer.get("Records", ()):
        number = record["dynamodb"]["SequenceNumber"]
        record["awsRegion"] = region
        seed = f"{account}/{region}/{table}/{number}"
        record["eventID"] = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()
        record["dynamodb"]["SequenceNumber"] = _aws_number(number)
        if record["eventName"] == "REMOVE" and expired.deleted(
            account, region, table, record["dynamodb"]
        ):
            record["userIdentity"] = {
                "Type": "Service",
                "PrincipalId": "dynamodb.amazonaws.com",
            }
    return json.dumps(answer).encode()


def _aws_number(number: str) -> str:
    return str(FIRST_NUMBER + int(number))


def _engine_number(number: str) -> str:
    if not number.isdigit() or int(number) < FIRST_NUMBER:
        raise invalid(f"Invalid SequenceNumber: {number}")
    return str(int(number) - FIRST_NUMBER)


def _label(request: Json) -> str:
    return str(request.get("StreamArn", "")).rpartition("/stream/")[2]


def _table(request: Json) -> str:
    return str(request.get("StreamArn", "")).rpartition("/stream/")[0].rpartition("table/")[2]


def _table_of_iterator(iterator: str) -> str:
    try:
        return str(json.loads(base64.b64decode(iterator))["table_name"])
    except (ValueError, KeyError, TypeError):
        return ""


def _stream_not_found(arn: str) -> DynamoDBError:
    return DynamoDBError(
        "ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found"
    )


def _shard_not_found(shard: str) -> DynamoDBError:
    return DynamoDBError(
        "ResourceNotFoundException", f"Requested resource not found: Shard: {shard} not found"
    )
