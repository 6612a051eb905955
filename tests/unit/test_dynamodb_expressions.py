"""Reading DynamoDB's expressions."""

from __future__ import annotations

import pytest

from sandbox.emulator.dynamodb.errors import DynamoDBError, from_engine
from sandbox.emulator.dynamodb.expressions import checks
from sandbox.emulator.dynamodb.expressions.tokens import reserved_words

VALUES = {":n": {"N": "1"}, ":s": {"S": "a"}, ":l": {"L": []}}
NAMES = {"#n": "name", "#s": "size"}

RIGHT = [
    ("ConditionExpression", "a = :n"),
    ("ConditionExpression", "NOT a <> :n AND (b < :n OR #n.x[3].y >= size(c))"),
    ("ConditionExpression", "a between :n and :n or a IN (:n, :s) and attribute_not_exists(b)"),
    ("ConditionExpression", "size(#s) > :n"),
    ("ConditionExpression", "begins_with(:s, a) AND contains(a, :s)"),
    ("ConditionExpression", "(a = :n) AND (b = :n)"),
    ("ConditionExpression", "(a) = (:n)"),
    ("ConditionExpression", "((a = :n) OR b = :n)"),
    ("FilterExpression", "attribute_type(a, :s)"),
    ("KeyConditionExpression", "a = :s AND begins_with(b, :s)"),
    ("KeyConditionExpression", ":s = a AND b BETWEEN :n AND :n"),
    ("UpdateExpression", "SET a = :n, b.c[0] = b.d - :n REMOVE e, f[1] ADD g :n DELETE h :s"),
    (
        "UpdateExpression",
        "set a = if_not_exists(a, :n) + :n, l = list_append(:l, if_not_exists(l, :l))",
    ),
    ("ProjectionExpression", "a, b.c, #n[0]"),
]


@pytest.mark.parametrize(("kind", "source"), RIGHT)
def test_right_expressions_pass(kind, source):
    values = VALUES | ({":s": {"S": "S"}} if "attribute_type" in source else {})
    checks.check(kind, source, NAMES, values)


WRONG = [
    ("a =", 'Syntax error; token: "<EOF>", near: "="'),
    ("a = 5", 'Syntax error; token: "5", near: "= 5"'),
    ("a == :n", 'Syntax error; token: "=", near: "== :n"'),
    ("a = :n OR", 'Syntax error; token: "<EOF>", near: "OR"'),
    ("= a", 'Syntax error; token: "=", near: "= a"'),
    ("a[b] = :n", 'Syntax error; token: "b", near: "[b]"'),
    ("a..b = :n", 'Syntax error; token: ".", near: "..b"'),
    ("a", 'Syntax error; token: "<EOF>", near: "a"'),
    ("a = b AND a = a", None),
]


@pytest.mark.parametrize(("source", "message"), WRONG)
def test_syntax_errors_name_the_word_and_its_neighbours(source, message):
    with pytest.raises(DynamoDBError) as caught:
        checks.check("ConditionExpression", source, NAMES, VALUES)
    if message:
        assert caught.value.message == f"Invalid ConditionExpression: {message}"


def test_reserved_words_are_those_of_the_documentation():
    assert len(reserved_words()) == 573
    assert {"NAME", "SIZE", "STATUS", "YEAR"} <= reserved_words()
    assert not {"STOCK", "TANK", "PRICE"} & reserved_words()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "1 validation error detected: Invalid UpdateExpression: whatever",
            "Invalid UpdateExpression: whatever",
        ),
        (
            "1 validation error detected: Value 'x' at 'limit' failed to satisfy constraint: y",
            "1 validation error detected: Value 'x' at 'limit' failed to satisfy constraint: y",
        ),
    ],
)
def test_errors_have_one_style(message, expected):
    details = {"__type": "com.amazon.coral.validate#ValidationException", "message": message}
    error = from_engine(400, details, "PutItem", {})
    assert (error.code, error.message) == ("ValidationException", expected)
    assert error.body()["__type"] == "com.amazon.coral.validate#ValidationException"


def test_further_members_of_an_error_are_kept():
    details = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {"p": {"S": "a"}},
    }
    assert from_engine(400, details, "PutItem", {}).body()["Item"] == {"p": {"S": "a"}}
