"""AWS service integrations: the integration's role is assumed, and its policies decide."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.emulator.apigateway.apis import RestApi


@pytest.fixture
def role(emulator):
    """Make a role: `role(trusted, actions...)` gives its ARN and a function that sets its policy."""
    iam = emulator.client("iam")

    def make(trusted: str = "apigateway.amazonaws.com"):
        name = f"api-{uuid.uuid4().hex[:6]}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
            ],
        }
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"][
            "Arn"
        ]

        def allow(*actions: str) -> None:
            document = {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
            }
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))

        return arn, allow

    return make


def put_item(table: str) -> str:
    return json.dumps({"TableName": table, "Item": {"id": {"S": "$input.path('$.id')"}}})


RESPONSES = {
    "200": {"responseTemplates": {"application/json": '{"done":true}'}},
    "400": {"selectionPattern": "4\\d{2}"},
}


@pytest.fixture
def table(emulator):
    client = emulator.client("dynamodb")
    name = f"t-{uuid.uuid4().hex[:6]}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    client.delete_table(TableName=name)


def test_dynamodb_with_the_roles_rights(emulator, role, table):
    arn, allow = role()
    api = RestApi(emulator)
    api.method(
        "/items",
        "POST",
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
            "credentials": arn,
            "requestTemplates": {"application/json": put_item(table)},
        },
        RESPONSES,
    ).deploy()
    reply = api.call("POST", "/items", json={"id": "1"})
    assert reply.status_code == 400
    assert "is not authorized to perform: dynamodb:PutItem" in reply.text
    allow("dynamodb:PutItem")
    reply = api.call("POST", "/items", json={"id": "1"})
    assert (reply.status_code, reply.json()) == (200, {"done": True})
    found = emulator.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "1"}})
    assert found["Item"] == {"id": {"S": "1"}}


def test_a_role_that_does_not_trust_api_gateway_is_a_server_error(emulator, role, table):
    arn, allow = role("lambda.amazonaws.com")
    allow("dynamodb:*")
    api = RestApi(emulator)
    api.method(
        "/items",
        "POST",
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
            "credentials": arn,
            "requestTemplates": {"application/json": put_item(table)},
        },
        RESPONSES,
    ).deploy()
    reply = api.call("POST", "/items", json={"id": "1"})
    assert (reply.status_code, reply.json()) == (500, {"message": "Internal server error"})
    found = api.client.test_invoke_method(
        restApiId=api.id, resourceId=api.resource("/items"), httpMethod="POST", body='{"id":"1"}'
    )
    assert found["status"] == 500
    assert "does not have permission to assume the provided role" in found["log"]


def test_a_message_to_a_queue(emulator, role):
    sqs = emulator.client("sqs")
    name = f"q-{uuid.uuid4().hex[:6]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn, allow = role()
    allow("sqs:SendMessage")
    api = RestApi(emulator)
    api.method(
        "/send",
        "POST",
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": f"arn:aws:apigateway:us-east-1:sqs:path/000000000000/{name}",
            "credentials": arn,
            "requestParameters": {
                "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"
            },
            "requestTemplates": {
                "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
            },
        },
        {"200": {}},
    ).deploy()
    reply = api.call("POST", "/send", json={"a": 1})
    assert reply.status_code == 200, reply.text
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert json.loads(messages[0]["Body"]) == {"a": 1}


def test_an_object_from_a_bucket(emulator, role):
    s3 = emulator.client("s3")
    bucket = f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"text")
    arn, allow = role()
    allow("s3:GetObject")
    api = RestApi(emulator)
    api.method(
        "/o/{key}",
        "GET",
        {
            "type": "AWS",
            "integrationHttpMethod": "GET",
            "uri": f"arn:aws:apigateway:us-east-1:s3:path/{bucket}/{{key}}",
            "credentials": arn,
            "requestParameters": {"integration.request.path.key": "method.request.path.key"},
        },
        {"200": {}},
        requestParameters={"method.request.path.key": True},
    ).deploy()
    assert api.get("/o/a%20b.txt").text == "text"


def test_an_execution_of_a_state_machine_is_asked_for_with_its_target(emulator, role):
    arn, allow = role()
    allow("states:*")
    api = RestApi(emulator)
    api.method(
        "/run",
        "POST",
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-1:states:action/ListStateMachines",
            "credentials": arn,
        },
        {"200": {}},
    ).deploy()
    reply = api.call("POST", "/run", json={})
    assert reply.status_code == 200
    assert "stateMachines" in reply.json()
