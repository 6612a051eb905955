"""The condition operators of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from sandbox.emulator.access.policy import patterns
from sandbox.emulator.access.policy.document import Condition

Test = Callable[[str, str], bool]


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ordered(convert: Callable[[str], float], compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str) -> bool:
        try:
            return compare(convert(given), convert(wanted))
        except ValueError:
            return False

    return test


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _in_network(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in _network(wanted)
    except ValueError:
        return False


def _binary(wanted: str, given: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda given, wanted: given == wanted,
    "lessthan": lambda given, wanted: given < wanted,
    "lessthanequals": lambda given, wanted: given <= wanted,
    "greaterthan": lambda given, wanted: given > wanted,
    "greaterthanequals": lambda given, wanted: given >= wanted,
}

# Operator in lower case -> (test of one wanted against one given value, negated).
OPERATORS: dict[str, tuple[Test, bool]] = {
    "stringequals": (lambda wanted, given: patterns.literal(wanted) == given, False),
    "stringequalsignorecase": (
        lambda wanted, given: patterns.literal(wanted).lower() == given.lower(),
        False,
    ),
    "stringlike": (patterns.matches, False),
    "bool": (lambda wanted, given: wanted.lower() == given.lower(), False),
    "binaryequals": (_binary, False),
    "ipaddress": (_in_network, False),
    "arnequals": (patterns.arn_matches, False),
    "arnlike": (patterns.arn_matches, False),
}
for _kind, _convert in (("numeric", _number), ("date", _moment)):
    for _name, _compare in _COMPARISONS.items():
        OPERATORS[_kind + _name] = (_ordered(_convert, _compare), False)
for _negative, _positive in (
    ("stringnotequals", "stringequals"),
    ("stringnotequalsignorecase", "stringequalsignorecase"),
    ("stringnotlike", "stringlike"),
    ("numericnotequals", "numericequals"),
    ("datenotequals", "dateequals"),
    ("notipaddress", "ipaddress"),
    ("arnnotequals", "arnequals"),
    ("arnnotlike", "arnlike"),
):
    OPERATORS[_negative] = (OPERATORS[_positive][0], True)


@lru_cache(maxsize=512)
def split(operator: str) -> tuple[str, str, bool] | None:
    """`ForAllValues:StringLikeIfExists` as ("forallvalues", "stringlike", True); None if unknown."""
    name = operator.lower()
    quantifier = ""
    if ":" in name:
        quantifier, name = name.split(":", 1)
        if quantifier not in ("forallvalues", "foranyvalue"):
            return None
    if name == "null":
        return quantifier, name, False
    if_exists = name.endswith("ifexists")
    if if_exists:
        name = name.removesuffix("ifexists")
    return (quantifier, name, if_exists) if name in OPERATORS else None


def holds(condition: Condition, context: Mapping[str, object], version: str) -> bool:
    """Whether one condition is met by the request.

    `context` gives, for a condition key in lower case, a text, a list of texts, or None.
    """
    found = split(condition.operator)
    if found is None:
        return False
    quantifier, name, if_exists = found
    value = context.get(condition.key.lower())
    if name == "null":
        return any((wanted.lower() == "true") == (value is None) for wanted in condition.values)
    test, negated = OPERATORS[name]
    if value is None or value == []:
        if quantifier == "foranyvalue":
            return if_exists
        return quantifier == "forallvalues" or if_exists or negated
    given = [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
    wanted = [
        text
        for text in (patterns.substitute(item, context, version) for item in condition.values)
        if text is not None
    ]

    def one(item: str) -> bool:
        return any(test(text, item) for text in wanted) is not negated

    if quantifier == "forallvalues":
        return all(one(item) for item in given)
    if quantifier == "foranyvalue" or not negated:
        return any(one(item) for item in given)
    return all(one(item) for item in given)


def all_hold(
    conditions: tuple[Condition, ...], context: Mapping[str, object], version: str
) -> bool:
    """Whether every condition of a statement is met."""
    return all(holds(condition, context, version) for condition in conditions)
