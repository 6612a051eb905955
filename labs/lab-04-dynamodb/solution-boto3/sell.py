"""Sells one ticket: the other way, without comparing versions."""

from collections.abc import Callable


def sell(table, till: str, between: Callable[[], None]) -> bool:
    """Take one ticket out of the stock for `till`; False when there is none left.

    Nothing that was read is written back: DynamoDB subtracts by itself, and only while there is
    something left.
    """
    between()
    try:
        table.update_item(
            Key={"article": "night-ticket"},
            UpdateExpression="SET stock = stock - :one, sold.#till = sold.#till + :one",
            ConditionExpression="stock >= :one",
            ExpressionAttributeNames={"#till": till},
            ExpressionAttributeValues={":one": 1},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    return True
