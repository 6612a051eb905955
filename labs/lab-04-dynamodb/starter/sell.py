"""Sells one ticket. Two tills do so at the same time; race.py runs them."""

from collections.abc import Callable


def sell(table, till: str, between: Callable[[], None]) -> bool:
    """Take one ticket out of the stock for `till`; False when there is none left.

    `table` is boto3's table resource. `between` stands for the time that passes between reading and
    writing: call it there, once for each time you read.
    """
    key = {"article": "night-ticket"}
    ticket = table.get_item(Key=key, ConsistentRead=True)["Item"]
    between()
    if ticket["stock"] == 0:
        return False
    ticket["stock"] -= 1
    ticket["sold"][till] += 1
    table.put_item(Item=ticket)
    return True
