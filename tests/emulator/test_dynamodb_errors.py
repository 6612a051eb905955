"""What DynamoDB refuses, in its own words."""

from __future__ import annotations

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.emulator.dynamodb_tables import KEY, create, item, refused

INVALID = "ValidationException"


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client("dynamodb", parameter_validation=False)


@pytest.fixture(scope="module")
def table(client):
    name = create(
        client,
        AttributeDefinitions=[
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    client.put_item(TableName=name, Item={**KEY, "x": {"N": "5"}, "word": {"S": "hello"}})
    return name


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"p": {"S": "a"}},
            "One or more parameter values were invalid: Missing the key s in the item",
        ),
        (
            {"p": {"S": "a"}, "s": {"S": "1"}},
            "One or more parameter values were invalid: Type mismatch for key s expected: N actual: S",
        ),
        (
            {"p": {"S": ""}, "s": {"N": "1"}},
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty string value. Key: p",
        ),
        (
            {**KEY, "e": {"SS": []}},
            "One or more parameter values were invalid: An string set  may not be empty",
        ),
        (
            {**KEY, "e": {"SS": ["a", "a"]}},
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        ({**KEY, "e": {"N": "abc"}}, "The parameter cannot be converted to a numeric value: abc"),
        (
            {**KEY, "e": {"N": "1" * 39}},
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            {**KEY, "e": {"S": "a", "N": "1"}},
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes",
        ),
        (
            {**KEY, "g": {"N": "1"}},
            "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S "
            "Actual: N IndexName: by-g",
        ),
        ({**KEY, "e": {"S": "y" * 409_600}}, "Item size has exceeded the maximum allowed size"),
        (
            {**KEY, "n" * 65_536: {"S": "y"}},
            "One or more parameter values were invalid: Attribute name is too large, must be less "
            "than 65536 bytes",
        ),
    ],
)
def test_items_that_cannot_be(client, table, attributes, message):
    with refused(INVALID, message):
        client.put_item(TableName=table, Item=attributes)


def test_an_item_of_400_kb_is_the_largest(client, table):
    # 400 KiB less the other names and values: p a s 1 (a number of one digit takes two bytes) and x.
    client.put_item(TableName=table, Item={**KEY, "x": {"S": "y" * (409_600 - 6)}})
    with refused(INVALID, "Item size has exceeded the maximum allowed size"):
        client.put_item(TableName=table, Item={**KEY, "x": {"S": "y" * (409_600 - 5)}})
    client.put_item(TableName=table, Item={**KEY, "x": {"N": "5"}, "word": {"S": "hello"}})


CONDITIONS = [
    ("x = ", 'Syntax error; token: "<EOF>", near: "="'),
    ("x = x AND AND", 'Syntax error; token: "AND", near: "AND AND"'),
    ("x = :s :n", 'Syntax error; token: ":n", near: ":s :n"'),
    ("name = :s", "Attribute name is a reserved keyword; reserved keyword: name"),
    ("missing(x)", "Invalid function name; function: missing"),
    (
        "size(x)",
        "The function is not allowed to be used this way in an expression; function: size",
    ),
    (
        "attribute_exists(x, word)",
        "Incorrect number of operands for operator or function; operator or function: "
        "attribute_exists, number of operands: 2",
    ),
    (
        "attribute_exists(:s)",
        "Operator or function requires a document path; operator or function: attribute_exists",
    ),
    (
        "x < :flag",
        "Incorrect operand type for operator or function; operator or function: <, "
        "operand type: BOOL",
    ),
    (
        "begins_with(word, :n)",
        "Incorrect operand type for operator or function; operator or function: begins_with, "
        "operand type: N",
    ),
    (
        "attribute_type(x, :s)",
        "Invalid attribute type name found; type: word, valid types: "
        "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    ),
    (
        "x = :nope",
        "An expression attribute value used in expression is not defined; attribute value: :nope",
    ),
    (
        "#nope = :s",
        "An expression attribute name used in the document path is not defined; "
        "attribute name: #nope",
    ),
    ("((x = :n))", "The expression has redundant parentheses;"),
    ("", "The expression can not be empty;"),
]
VALUES = {":s": {"S": "word"}, ":n": {"N": "5"}, ":flag": {"BOOL": True}}


@pytest.mark.parametrize(("expression", "message"), CONDITIONS)
@pytest.mark.parametrize("kind", ["ConditionExpression", "FilterExpression"])
def test_conditions_that_are_wrong(client, table, expression, message, kind):
    with refused(INVALID, f"Invalid {kind}: {message}"):
        if kind == "FilterExpression":
            client.scan(
                TableName=table, FilterExpression=expression, ExpressionAttributeValues=VALUES
            )
        else:
            client.update_item(
                TableName=table,
                Key=KEY,
                UpdateExpression="SET y = :s",
                ConditionExpression=expression,
                ExpressionAttributeValues=VALUES,
            )


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("p > :s", {":s": {"S": "a"}}, "Query key condition not supported"),
        (
            "p = :s OR s = :s",
            {":s": {"S": "a"}},
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            "p = :s AND s <> :n",
            {":s": {"S": "a"}, ":n": {"N": "1"}},
            "Invalid operator used in KeyConditionExpression: <>",
        ),
        ("s = :n", {":n": {"N": "1"}}, "Query condition missed key schema element: p"),
        (
            "p = :s AND p = :s",
            {":s": {"S": "a"}},
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            "p = :n",
            {":n": {"N": "1"}},
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type",
        ),
        (
            "p = :s AND s BETWEEN :high AND :low",
            {":s": {"S": "a"}, ":low": {"N": "1"}, ":high": {"N": "3"}},
            "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater "
            "than or equal to lower bound; lower bound operand: AttributeValue: {N:3}, "
            "upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "p = :s",
            {":s": {"S": "a"}, ":spare": {"S": "a"}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:spare}",
        ),
    ],
)
def test_key_conditions_that_are_wrong(client, table, expression, values, message):
    with refused(INVALID, message):
        client.query(
            TableName=table, KeyConditionExpression=expression, ExpressionAttributeValues=values
        )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        (
            {"Limit": 0},
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"FilterExpression": "p = :s"},
            "Filter Expression can only contain non-primary key attributes: "
            "Primary key attribute: p",
        ),
        ({"ExclusiveStartKey": {"p": {"S": "a"}}}, "The provided starting key is invalid"),
    ],
)
def test_queries_that_are_wrong(client, table, more, message):
    with refused(INVALID, message):
        client.query(
            TableName=table,
            KeyConditionExpression="p = :s",
            ExpressionAttributeValues={":s": {"S": "a"}},
            **more,
        )


def test_a_global_index_is_eventually_consistent_and_has_its_projection(client, table):
    query = {
        "TableName": table,
        "IndexName": "by-g",
        "KeyConditionExpression": "g = :s",
        "ExpressionAttributeValues": {":s": {"S": "a"}},
    }
    with refused(INVALID, "Consistent reads are not supported on global secondary indexes"):
        client.query(**query, ConsistentRead=True)
    with refused(
        INVALID,
        "One or more parameter values were invalid: Global secondary index by-g does not project "
        "[x]",
    ):
        client.query(**query, ProjectionExpression="x")


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("SET x", None, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "x"'),
        ("PUT x", None, 'Invalid UpdateExpression: Syntax error; token: "PUT", near: "PUT x"'),
        (
            "SET y = :n SET z = :n",
            {":n": {"N": "1"}},
            'Invalid UpdateExpression: The "SET" section can only be used once in an update '
            "expression;",
        ),
        (
            "SET p = :n",
            {":n": {"S": "1"}},
            "One or more parameter values were invalid: Cannot update attribute p. "
            "This attribute is part of the key",
        ),
        (
            "SET y = absent + :n",
            {":n": {"N": "1"}},
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET y.z = :n",
            {":n": {"N": "1"}},
            "The document path provided in the update expression is invalid for update",
        ),
        (
            "SET y = :n, y = :n",
            {":n": {"N": "1"}},
            "Invalid UpdateExpression: Two document paths overlap with each other; must remove or "
            "rewrite one of these paths; path one: [y], path two: [y]",
        ),
        (
            "ADD word :n",
            {":n": {"N": "1"}},
            "An operand in the update expression has an incorrect data type",
        ),
    ],
)
def test_updates_that_are_wrong(client, table, expression, values, message):
    more = {"ExpressionAttributeValues": values} if values else {}
    with refused(INVALID, message):
        client.update_item(TableName=table, Key=KEY, UpdateExpression=expression, **more)


def test_keys_that_do_not_fit(client, table):
    for key in ({"p": {"S": "a"}}, {**KEY, "z": {"S": "q"}}, {"p": {"S": "a"}, "s": {"S": "1"}}):
        with refused(INVALID, "The provided key element does not match the schema"):
            client.get_item(TableName=table, Key=key)


def test_tables_that_are_not_there(client):
    with refused("ResourceNotFoundException", "Requested resource not found"):
        client.get_item(TableName="no-such-table", Key=KEY)
    with refused(
        "ResourceNotFoundException",
        "Requested resource not found: Table: no-such-table not found",
    ):
        client.describe_table(TableName="no-such-table")


def test_tables_that_are_there_already(client, table):
    with refused("ResourceInUseException", f"Table already exists: {table}"):
        create(client, table)


def test_a_provisioned_table_needs_its_throughput(client):
    with refused(
        INVALID,
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must "
        "both be specified when BillingMode is PROVISIONED",
    ):
        create(client, "no-throughput", BillingMode="PROVISIONED")


def test_attributes_that_are_no_keys_are_not_declared(client):
    with refused(
        INVALID,
        "One or more parameter values were invalid: Number of attributes in KeySchema does not "
        "exactly match number of attributes defined in AttributeDefinitions",
    ):
        create(
            client,
            "too-many-attributes",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind}
                for name, kind in (("p", "S"), ("s", "N"), ("color", "S"))
            ],
        )


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("DynamoDB_20120810.GetItem", b"{broken", "SerializationException"),
        ("DynamoDB_20120810.GetItem", b"[]", "SerializationException"),
        ("DynamoDB_20120810.GetItem", b'{"TableName": 5}', "SerializationException"),
        ("DynamoDB_20120810.GetItem", b'{"TableName": "abc", "Key": 5}', "SerializationException"),
        ("DynamoDB_20120810.NoSuchThing", b"{}", "UnknownOperationException"),
    ],
)
def test_requests_that_cannot_be_read(emulator, target, body, code):
    request = AWSRequest(
        "POST",
        f"{emulator.endpoint}/",
        headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"},
        data=body,
    )
    SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
    reply = emulator.anonymous.post("/", content=body, headers=dict(request.headers))
    assert reply.status_code == 400
    assert json.loads(reply.content)["__type"].rpartition("#")[2] == code


def test_a_deeply_nested_condition_does_not_end_the_engine(client, table):
    deep = "(" * 200 + "x = :n" + ")" * 200
    with refused(INVALID):
        client.scan(
            TableName=table,
            FilterExpression=deep,
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    nots = "NOT " * 3000 + "x = :n"
    with refused(INVALID):
        client.scan(
            TableName=table,
            FilterExpression=nots,
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    client.put_item(TableName=table, Item=item("after", 1))
