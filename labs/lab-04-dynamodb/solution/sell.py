"""Sells one ticket. Two tills do so at the same time; race.py runs them."""

from collections.abc import Callable


def sell(table, till: str, between: Callable[[], None]) -> bool:
    """Take one ticket out of the stock for `till`; False when there is none left.

    The write happens only while the stock is what was read. If somebody was faster, nothing is written,
    and it starts over with what is there now.
    """
    key = {"article": "night-ticket"}
    while True:
        ticket = table.get_item(Key=key, ConsistentRead=True)["Item"]
        between()
        if ticket["stock"] == 0:
            return False
        try:
            table.update_item(
                Key=key,
                UpdateExpression="SET stock = stock - :one, sold.#till = sold.#till + :one",
                ConditionExpression="stock = :seen",
                ExpressionAttributeNames={"#till": till},
                ExpressionAttributeValues={":one": 1, ":seen": ticket["stock"]},
            )
            return True
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
