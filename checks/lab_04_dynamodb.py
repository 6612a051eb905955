"""Lab 04: what the tables hold, what questions cost, and whether a sale was lost."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from sandbox.grading import Failure, check

FOLDER = Path(__file__).parents[1]
READINGS = FOLDER / "fixtures" / "lab-04" / "readings.jsonl"
INDEX = "by-alarm"
# The articles of the shop as they are given, without those that the student edits or deletes.
UNTOUCHED = {
    "ray-mug": {"price": 11, "stock": 140},
    "octopus-plush": {"price": 24, "stock": 35},
}
CALENDAR = {
    "stock": 60,
    "description": "Twelve months of high and low water at Lantern Bay.",
    "languages": {"de", "en", "fr"},
    "suppliers": ["Harbour Press", "Mole & Daughters"],
}


@cache
def readings() -> dict[tuple[str, str], dict[str, Any]]:
    """The data set by key (tank, moment)."""
    with READINGS.open(encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return {(reading["tank"], reading["taken"]): reading for reading in found}


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item without type descriptors; numbers as int or float."""
    deserialize = TypeDeserializer().deserialize
    found = {name: deserialize(value) for name, value in item.items()}
    for name, value in item.items():
        if "N" in value:
            number = float(value["N"])
            found[name] = int(number) if number.is_integer() else number
    return found


def article(lab, name: str) -> dict[str, Any] | None:
    """An article of the shop, as it is stored."""
    answer = lab.client("dynamodb").get_item(
        TableName=lab.values.shop_table, Key={"article": {"S": name}}, ConsistentRead=True
    )
    return answer.get("Item")


@check(points=2, step="items", hint="Which of the two types do you calculate with?")
def article_was_added(lab):
    """The new article is in the shop, its price and stock as numbers"""
    values = lab.values
    wanted = {
        "article": {"S": values.article},
        "price": {"N": str(values.price)},
        "stock": {"N": str(values.stock)},
    }
    found = article(lab, values.article)
    if found != wanted:
        raise Failure(
            f"The article {values.article} is not in the shop as it should be.",
            expected=wanted,
            actual=found,
            help="The shop is the table $LAB_SHOP_TABLE; price and stock are $LAB_PRICE, $LAB_STOCK.",
        )


@check(step="items", hint="What does SET do in an update expression?")
def price_was_edited(lab):
    """The tide calendar costs what it should"""
    found = article(lab, "tide-calendar")
    if found is None:
        raise Failure("The tide calendar is gone.")
    wanted = {"N": str(lab.values.sale_price)}
    if found.get("price") != wanted:
        raise Failure("The price is another one.", expected=wanted, actual=found.get("price"))


@check(
    needs=["price_was_edited"],
    step="items",
    hint="What happens to attributes that put-item leaves out?",
)
def edit_kept_the_rest(lab):
    """Everything else about the tide calendar is as it was"""
    found = plain(article(lab, "tide-calendar") or {})
    actual = {name: found.get(name) for name in CALENDAR}
    if actual != CALENDAR:
        raise Failure(
            "Editing the price changed other attributes.",
            expected=CALENDAR,
            actual=actual,
            help="make reset-4 brings the shop's first state back.",
        )


@check(step="items", hint="Is an item without attributes gone?")
def article_was_deleted(lab):
    """Last year's lantern is deleted"""
    found = article(lab, "lantern-2025")
    if found is not None:
        raise Failure("The lantern is still there.", actual=found)


@check(needs=["article_was_deleted"], step="items", hint="Which key did each command name?")
def other_articles_are_untouched(lab):
    """The other articles are as they were"""
    actual = {}
    for name in UNTOUCHED:
        found = plain(article(lab, name) or {})
        actual[name] = {member: found.get(member) for member in ("price", "stock")}
    if actual != UNTOUCHED:
        raise Failure("Other articles were changed.", expected=UNTOUCHED, actual=actual)


@check(points=2, step="table", hint="Which attribute groups readings, which one orders them?")
def table_has_a_composite_key(lab):
    """The table's key is the tank, then the moment"""
    table = lab.client("dynamodb").describe_table(TableName=lab.values.table)["Table"]
    types = {
        entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]
    }
    actual = [
        (key["KeyType"], key["AttributeName"], types[key["AttributeName"]])
        for key in sorted(table["KeySchema"], key=lambda key: key["KeyType"])
    ]
    wanted = [("HASH", "tank", "S"), ("RANGE", "taken", "S")]
    if actual != wanted:
        raise Failure("The key is another one.", expected=wanted, actual=actual)


@check(
    needs=["table_has_a_composite_key"],
    step="table",
    hint="Who decides how much is read per second?",
)
def table_is_on_demand(lab):
    """The table is billed per request"""
    table = lab.client("dynamodb").describe_table(TableName=lab.values.table)["Table"]
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        raise Failure("Capacity is provisioned.", expected="PAY_PER_REQUEST", actual=mode)


@check(
    points=3,
    needs=["table_has_a_composite_key"],
    step="load",
    hint="How many items does one batch take, and what does it give back?",
)
def all_readings_are_loaded(lab):
    """All 5,000 readings are in the table, and nothing else"""
    client = lab.client("dynamodb")
    found = set()
    for page in client.get_paginator("scan").paginate(
        TableName=lab.values.table,
        ProjectionExpression="tank, taken",
        ConsistentRead=True,
    ):
        found |= {(item["tank"]["S"], item["taken"]["S"]) for item in page["Items"]}
    wanted = readings().keys()
    if found != wanted:
        there = len(found & wanted)
        raise Failure(
            "The table does not hold the readings of readings.jsonl.",
            expected=len(wanted),
            actual={"of the file": there, "others": len(found - wanted)},
            credit=0.5 if there >= len(wanted) * 0.9 else 0,
        )


def sample(lab) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Readings of your tank: pairs of what is stored and what the file has."""
    answer = lab.client("dynamodb").query(
        TableName=lab.values.table,
        KeyConditionExpression="tank = :tank",
        ExpressionAttributeValues={":tank": {"S": lab.values.tank}},
        ConsistentRead=True,
    )
    return [(item, readings()[item["tank"]["S"], item["taken"]["S"]]) for item in answer["Items"]]


@check(needs=["all_readings_are_loaded"], step="load", hint="Is 9.5 more than 10.2? And as text?")
def readings_are_complete(lab):
    """Every attribute of a reading is there, numbers as numbers"""
    for item, reading in sample(lab):
        found = plain(item)
        found.pop("station", None)
        if found != reading:
            raise Failure(
                f"A reading is stored otherwise than the file has it ({reading['taken']}).",
                expected=reading,
                actual=item,
            )


@check(needs=["all_readings_are_loaded"], step="load", hint="load.py does it, if you let it.")
def readings_name_your_station(lab):
    """Every reading names your station"""
    actual = {json.dumps(item.get("station")) for item, _ in sample(lab)}
    wanted = {json.dumps({"S": lab.values.station})}
    if actual != wanted:
        raise Failure(
            "The attribute station is another one.", expected=sorted(wanted), actual=sorted(actual)
        )


def asked(lab) -> dict[str, Any]:
    """The values of the question about your tank."""
    return {
        ":tank": {"S": lab.values.tank},
        ":from": {"S": lab.values.from_day},
        ":to": {"S": lab.values.to_day},
    }


def query_again(lab) -> dict[str, Any]:
    """The question, asked by query."""
    return lab.client("dynamodb").query(
        TableName=lab.values.table,
        KeyConditionExpression="tank = :tank AND taken BETWEEN :from AND :to",
        ExpressionAttributeValues=asked(lab),
        Select="COUNT",
        ReturnConsumedCapacity="TOTAL",
    )


def scan_again(lab) -> list[dict[str, Any]]:
    """The pages of the question, asked by scan."""
    pages = (
        lab.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=lab.values.table,
            FilterExpression="tank = :tank AND taken BETWEEN :from AND :to",
            ExpressionAttributeValues=asked(lab),
            Select="COUNT",
            ReturnConsumedCapacity="TOTAL",
        )
    )
    return list(pages)


def compare(lab, key: str, wanted: float, rationale: str, help: str) -> None:
    """Fail unless the answer `key` is the number `wanted`."""
    given = lab.answer(key)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Failure(f"{key} should be a number.", actual=given)
    if not math.isclose(given, wanted, abs_tol=1e-6):
        # The number itself is not told: it can be measured.
        raise Failure(rationale, actual={key: given}, help=help)


@check(
    points=2,
    needs=["readings_are_complete", "readings_name_your_station"],
    step="query",
    hint="Is the first moment of $LAB_TO_DAY still within the three days?",
)
def query_counted_right(lab):
    """You know how many readings your tank has in your three days"""
    compare(
        lab,
        "query_count",
        query_again(lab)["Count"],
        "That is not how many there are.",
        "From the beginning of $LAB_FROM_DAY, before the beginning of $LAB_TO_DAY, tank $LAB_TANK.",
    )


@check(
    needs=["readings_are_complete", "readings_name_your_station"],
    step="query",
    hint="Which of the two kinds of reading is the default, and which one costs twice?",
)
def query_cost_is_right(lab):
    """You know what the query consumed"""
    compare(
        lab,
        "query_units",
        query_again(lab)["ConsumedCapacity"]["CapacityUnits"],
        "The query consumes another number of units.",
        "Ask with --return-consumed-capacity TOTAL, eventually consistent as it is by default.",
    )


@check(
    points=2,
    needs=["readings_are_complete", "readings_name_your_station"],
    step="query",
    hint="Whose capacity does the aws command show when it follows pages by itself?",
)
def scan_cost_is_right(lab):
    """You know what the scan consumed, all pages together"""
    compare(
        lab,
        "scan_units",
        sum(page["ConsumedCapacity"]["CapacityUnits"] for page in scan_again(lab)),
        "The whole scan consumes another number of units.",
        "With --no-paginate the command stops after one page and shows LastEvaluatedKey.",
    )


@check(
    needs=["readings_are_complete", "readings_name_your_station"],
    step="query",
    hint="How much does one request read at most?",
)
def scan_pages_are_counted(lab):
    """You know how many requests the scan took"""
    compare(
        lab,
        "scan_pages",
        len(scan_again(lab)),
        "The scan takes another number of requests.",
        "A page ends after 1 MB of what was read, before the filter.",
    )


def alarms(lab, alarm: str, **more: Any) -> dict[str, Any]:
    """What the index says about one alarm."""
    return lab.client("dynamodb").query(
        TableName=lab.values.table,
        IndexName=INDEX,
        KeyConditionExpression="alarm = :alarm",
        ExpressionAttributeValues={":alarm": {"S": alarm}},
        ReturnConsumedCapacity="TOTAL",
        **more,
    )


@check(
    points=3,
    needs=["all_readings_are_loaded"],
    step="index",
    hint="Which attribute does the question give a value for?",
)
def index_answers_by_alarm(lab):
    """The index by-alarm finds the readings of every alarm"""
    wanted: dict[str, set[tuple[str, str]]] = {}
    for key, reading in readings().items():
        if "alarm" in reading:
            wanted.setdefault(reading["alarm"], set()).add(key)
    wrong = {}
    for alarm, keys in wanted.items():
        try:
            items = alarms(lab, alarm)["Items"]
        except ClientError as error:
            raise Failure(
                "The index cannot be asked for an alarm.", actual=error.response["Error"]["Message"]
            ) from None
        if {(item["tank"]["S"], item["taken"]["S"]) for item in items} != keys:
            wrong[alarm] = len(items)
    if wrong:
        raise Failure(
            "The index does not find all readings of an alarm.",
            expected={alarm: len(wanted[alarm]) for alarm in wrong},
            actual=wrong,
        )


@check(needs=["index_answers_by_alarm"], step="index", hint="What is the sort key of an index for?")
def index_is_in_order_of_time(lab):
    """The index gives an alarm's readings in the order of time"""
    moments = [item["taken"]["S"] for item in alarms(lab, lab.values.alarm)["Items"]]
    backwards = alarms(lab, lab.values.alarm, ScanIndexForward=False)["Items"]
    if moments != sorted(moments) or [item["taken"]["S"] for item in backwards] != moments[::-1]:
        raise Failure(
            "The readings come in another order.", expected=sorted(moments), actual=moments
        )


@check(
    needs=["index_answers_by_alarm"], step="index", hint="Who pays for attributes nobody asks for?"
)
def index_holds_what_is_needed(lab):
    """The index holds the keys and the temperature, and no more"""
    item = alarms(lab, lab.values.alarm)["Items"][0]
    wanted = {"alarm", "tank", "taken", "temperature"}
    if set(item) != wanted:
        raise Failure(
            "The projection is another one.", expected=sorted(wanted), actual=sorted(item)
        )


@check(
    points=2,
    needs=["index_answers_by_alarm"],
    step="index",
    hint="Count what the index gives back, not what the table holds.",
)
def alarms_are_counted(lab):
    """You know how often your alarm went off, and where last"""
    found = alarms(lab, lab.values.alarm)
    compare(
        lab,
        "alarm_count",
        found["Count"],
        "Your alarm went off another number of times.",
        "Your alarm is $LAB_ALARM; ask the index by-alarm.",
    )
    latest = max(found["Items"], key=lambda item: item["taken"]["S"])["tank"]["S"]
    if lab.answer("alarm_latest") != latest:
        raise Failure(
            "Your alarm went off last in another tank.",
            actual={"alarm_latest": lab.answer("alarm_latest")},
            help="Backwards by time, the first reading is the latest: --no-scan-index-forward",
        )


@check(
    needs=["index_holds_what_is_needed"],
    step="index",
    hint="What is read: items of the table, or entries of the index?",
)
def alarm_cost_is_right(lab):
    """You know what the index made of the price"""
    compare(
        lab,
        "alarm_units",
        alarms(lab, lab.values.alarm)["ConsumedCapacity"]["CapacityUnits"],
        "The query of the index consumes another number of units.",
        "--return-consumed-capacity TOTAL, with the index by-alarm.",
    )


def receipts(lab) -> dict[str, int]:
    """How many tickets each till handed out."""
    found = {"till-1": 0, "till-2": 0}
    for page in (
        lab.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=lab.values.shop_table,
            FilterExpression="begins_with(article, :receipt)",
            ExpressionAttributeValues={":receipt": {"S": "receipt-"}},
            ConsistentRead=True,
        )
    ):
        for item in page["Items"]:
            till = item.get("till", {}).get("S", "")
            found[till] = found.get(till, 0) + 1
    return found


@check(
    points=3,
    step="tickets",
    hint="What did the other till do between your reading and your writing?",
)
def no_ticket_was_sold_twice(lab):
    """The tills handed out no more tickets than there were"""
    handed_out = sum(receipts(lab).values())
    if not handed_out:
        raise Failure("No ticket has been sold yet.", help="solve.sh should run: python race.py")
    if handed_out > lab.values.tickets:
        raise Failure(
            "More tickets were handed out than there are places.",
            expected=lab.values.tickets,
            actual=handed_out,
            help="make reset-4 brings the tickets back for another try.",
        )


@check(
    needs=["no_ticket_was_sold_twice"],
    step="tickets",
    hint="What should a till do when its write was refused and there are tickets left?",
)
def every_ticket_was_sold(lab):
    """Nobody went home while there were tickets"""
    handed_out = sum(receipts(lab).values())
    if handed_out < lab.values.tickets:
        raise Failure(
            "Tickets are left although people waited.",
            expected=lab.values.tickets,
            actual=handed_out,
            help="A refused write is no sold-out show: read again, try again.",
        )


@check(
    points=2,
    needs=["every_ticket_was_sold"],
    step="tickets",
    hint="Which numbers did you write back that you had only read?",
)
def the_books_agree(lab):
    """Stock and sales of the tickets agree with the receipts"""
    ticket = plain(article(lab, "night-ticket") or {})
    sold = ticket.get("sold") or {}
    actual = {
        "stock": ticket.get("stock"),
        "sold": {till: int(count) for till, count in sold.items()}
        if isinstance(sold, dict)
        else sold,
    }
    wanted = {"stock": 0, "sold": receipts(lab)}
    if actual != wanted:
        raise Failure(
            "The item night-ticket says something else than the receipts.",
            expected=wanted,
            actual=actual,
        )
