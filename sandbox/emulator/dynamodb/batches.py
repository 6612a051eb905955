"""A batch of writes, handed to the engine as one transaction.

The engine waits for the disk after every item of a batch, 5,000 times for 5,000 items, which takes minutes
on a slow disk. After a transaction it waits once. What a batch promises (each item on its own) holds for a
transaction as well; whatever a transaction refuses is asked again as the batch that it was.
"""

from __future__ import annotations

import json
from typing import Any

ANSWER = b'{"UnprocessedItems":{}}'

Json = dict[str, Any]


def as_transaction(request: Json) -> bytes | None:
    """The body of TransactWriteItems with the same writes; None where the answer would differ.

    A transaction consumes twice the capacity, so a batch that asks for its price stays one.
    """
    if request.keys() != {"RequestItems"} and any(
        request.get(member, "NONE") != "NONE"
        for member in ("ReturnConsumedCapacity", "ReturnItemCollectionMetrics")
    ):
        return None
    actions: list[Json] = []
    for table, writes in request["RequestItems"].items():
        for write in writes:
            match write:
                case {"PutRequest": {"Item": dict(item)}} if len(write) == 1:
                    actions.append({"Put": {"TableName": table, "Item": item}})
                case {"DeleteRequest": {"Key": dict(key)}} if len(write) == 1:
                    actions.append({"Delete": {"TableName": table, "Key": key}})
                case _:
                    return None
    return json.dumps({"TransactItems": actions}, separators=(",", ":")).encode()
