"""Every condition operator against values that meet it and that do not."""

from __future__ import annotations

import pytest

from sandbox.emulator.access.policy.conditions import holds
from sandbox.emulator.access.policy.document import Condition

CASES = [
    # operator, wanted, given, met
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a"], "A", False),
    ("StringEquals", ["a*"], "ab", False),
    ("StringEquals", ["a"], None, False),
    ("StringNotEquals", ["a"], "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a"], None, True),
    ("StringEqualsIgnoreCase", ["AbC"], "aBc", True),
    ("StringNotEqualsIgnoreCase", ["AbC"], "aBc", False),
    ("StringLike", ["a*c?"], "abbcd", True),
    ("StringLike", ["a?"], "a", False),
    ("StringLike", ["A*"], "ab", False),
    ("StringNotLike", ["a*"], "b", True),
    ("StringNotLike", ["a*"], "ab", False),
    ("NumericEquals", ["10"], "10.0", True),
    ("NumericEquals", ["10"], "ten", False),
    ("NumericNotEquals", ["10"], "11", True),
    ("NumericLessThan", ["10"], "9", True),
    ("NumericLessThan", ["10"], "10", False),
    ("NumericLessThanEquals", ["10"], "10", True),
    ("NumericGreaterThan", ["10"], "11", True),
    ("NumericGreaterThan", ["10"], "10", False),
    ("NumericGreaterThanEquals", ["10"], "10", True),
    ("DateEquals", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", True),
    ("DateEquals", ["1767225600"], "2026-01-01T00:00:00Z", True),
    ("DateNotEquals", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", False),
    ("DateLessThan", ["2026-01-02"], "2026-01-01T00:00:00Z", True),
    ("DateLessThanEquals", ["2026-01-01"], "2026-01-01T00:00:00Z", True),
    ("DateGreaterThan", ["2026-01-01T01:00:00+01:00"], "2026-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", ["2026-01-02"], "2026-01-01T00:00:00Z", False),
    ("DateGreaterThan", ["soon"], "2026-01-01T00:00:00Z", False),
    ("Bool", ["true"], "true", True),
    ("Bool", ["True"], "true", True),
    ("Bool", ["false"], "true", False),
    ("Bool", ["false"], None, False),
    ("BinaryEquals", ["aGk="], "aGk=", True),
    ("BinaryEquals", ["aGk="], "aGs=", False),
    ("IpAddress", ["203.0.113.0/24", "10.0.0.1"], "203.0.113.9", True),
    ("IpAddress", ["203.0.113.0/24"], "203.0.114.9", False),
    ("IpAddress", ["2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", ["2001:db8::/32"], "203.0.113.9", False),
    ("NotIpAddress", ["203.0.113.0/24"], "203.0.113.9", False),
    ("NotIpAddress", ["203.0.113.0/24"], "10.0.0.1", True),
    ("ArnEquals", ["arn:aws:sns:*:123456789012:t*"], "arn:aws:sns:us-east-1:123456789012:tt", True),
    ("ArnLike", ["arn:aws:s3:::b/*"], "arn:aws:s3:::b/a/b:c", True),
    ("ArnLike", ["arn:aws:*:t"], "arn:aws:sns:us-east-1:123456789012:t", False),
    ("ArnNotEquals", ["arn:aws:s3:::b"], "arn:aws:s3:::b", False),
    ("ArnNotLike", ["arn:aws:s3:::b*"], "arn:aws:s3:::c", True),
    ("Null", ["true"], None, True),
    ("Null", ["true"], "x", False),
    ("Null", ["false"], "x", True),
    ("Null", ["false"], None, False),
    ("StringEqualsIfExists", ["a"], None, True),
    ("StringEqualsIfExists", ["a"], "b", False),
    ("NumericLessThanIfExists", ["1"], None, True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a"], ["a", "b"], False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringEquals", ["a"], [], True),
    ("ForAllValues:StringNotEquals", ["c"], ["a", "b"], True),
    ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringEquals", ["c"], ["a", "b"], False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringLike", ["a*"], ["b", "ab"], True),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("StringNotEquals", ["a"], ["a", "b"], False),
    ("NoSuchOperator", ["a"], "a", False),
    ("ForSome:StringEquals", ["a"], "a", False),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "met"), CASES)
def test_operator(operator, wanted, given, met):
    condition = Condition(operator, "aws:Key", tuple(wanted))
    assert holds(condition, {"aws:key": given}, "2012-10-17") is met


@pytest.mark.parametrize(
    ("wanted", "given", "version", "met"),
    [
        ("home/${aws:username}", "home/alice", "2012-10-17", True),
        ("home/${AWS:UserName}", "home/alice", "2012-10-17", True),
        ("home/${aws:username}", "home/${aws:username}", "2008-10-17", True),
        ("${aws:missing}", "", "2012-10-17", False),
        ("${aws:missing, 'guest'}", "guest", "2012-10-17", True),
        ("${aws:username, 'guest'}", "alice", "2012-10-17", True),
        ("${*}", "*", "2012-10-17", True),
        ("${*}", "x", "2012-10-17", False),
        ("${$}{aws:username}", "${aws:username}", "2012-10-17", True),
        ("${aws:star}", "*", "2012-10-17", True),
        ("${aws:star}", "anything", "2012-10-17", False),
    ],
)
def test_variables(wanted, given, version, met):
    context = {"aws:key": given, "aws:username": "alice", "aws:star": "*"}
    for operator in ("StringEquals", "StringLike"):
        condition = Condition(operator, "aws:Key", (wanted,))
        assert holds(condition, context, version) is met, operator
