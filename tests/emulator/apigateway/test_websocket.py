"""WebSocket APIs: the life of a connection, routes, and messages back."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest
from botocore.config import Config

from tests.emulator.apigateway.apis import until
from tests.emulator.apigateway.lambdas import Function
from tests.emulator.apigateway.sockets import Rejected, WebSocket

CODE = """
import json, os, boto3
table = boto3.client("dynamodb")
def note(event):
    context = event["requestContext"]
    table.put_item(TableName=os.environ["TABLE"], Item={
        "id": {"S": context["connectionId"] + context["eventType"] + context["routeKey"]},
        "event": {"S": json.dumps(event)}})
def handler(event, context):
    note(event)
    kind = event["requestContext"]["eventType"]
    if kind == "CONNECT" and (event.get("queryStringParameters") or {}).get("no"):
        return {"statusCode": 403}
    if kind == "MESSAGE" and "fail" in event["body"]:
        raise ValueError("x")
    return {"statusCode": 200, "body": "you said " + (event.get("body") or "")}
"""


class Chat:
    def __init__(self, emulator) -> None:
        self.emulator = emulator
        self.client = emulator.client("apigatewayv2")
        self.dynamodb = emulator.client("dynamodb")
        self.table = f"t-{uuid.uuid4().hex[:6]}"
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        function = Function(emulator, CODE, Environment={"Variables": {"TABLE": self.table}})
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}],
        }
        emulator.client("iam").put_role_policy(
            RoleName=function.name, PolicyName="p", PolicyDocument=json.dumps(document)
        )
        self.made = self.client.create_api(
            Name="chat",
            ProtocolType="WEBSOCKET",
            RouteSelectionExpression="$request.body.action",
        )
        self.id = self.made["ApiId"]
        function.allow(f"arn:aws:execute-api:us-east-1:000000000000:{self.id}/*/*")
        integration = self.client.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=function.uri
        )["IntegrationId"]
        for key in ("$connect", "$disconnect", "echo", "quiet"):
            options = {"RouteResponseSelectionExpression": "$default"} if key == "echo" else {}
            route = self.client.create_route(
                ApiId=self.id, RouteKey=key, Target=f"integrations/{integration}", **options
            )["RouteId"]
            if key == "echo":
                self.client.create_route_response(
                    ApiId=self.id, RouteId=route, RouteResponseKey="$default"
                )
        self.client.create_stage(ApiId=self.id, StageName="prod")
        self.client.create_deployment(ApiId=self.id, StageName="prod")

    def open(self, path: str = "/prod", **options) -> WebSocket:
        host = f"{self.id}.execute-api.us-east-1.localhost:{self.emulator.port}"
        return WebSocket(self.emulator.port, host, path, **options)

    def events(self) -> list[dict]:
        items = self.dynamodb.scan(TableName=self.table)["Items"]
        return [json.loads(item["event"]["S"]) for item in items]

    def event(self, kind: str, connection: str) -> dict | None:
        for event in self.events():
            context = event["requestContext"]
            if (context["eventType"], context["connectionId"]) == (kind, connection):
                return event
        return None

    def management(self, access_key: str = "test", secret: str = "test"):
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{self.emulator.endpoint}/_aws/execute-api/{self.id}/prod",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}),
        )


@pytest.fixture(scope="module")
def chat(emulator):
    return Chat(emulator)


def identity(chat: Chat, socket: WebSocket) -> str:
    """The id of a connection, as an unknown action tells it."""
    socket.send('{"action":"nothing"}')
    found = json.loads(socket.receive())
    assert found["message"] == "Forbidden"
    return found["connectionId"]


def test_the_life_of_a_connection(chat, emulator):
    assert chat.made["ApiEndpoint"] == (
        f"ws://{chat.id}.execute-api.us-east-1.localhost:{emulator.port}"
    )
    socket = chat.open("/prod?room=1")
    own = identity(chat, socket)
    event = chat.event("CONNECT", own)
    assert event["queryStringParameters"] == {"room": "1"}
    assert event["requestContext"]["routeKey"] == "$connect"
    socket.send('{"action":"echo","text":"hi"}')
    assert socket.receive() == 'you said {"action":"echo","text":"hi"}'
    event = chat.event("MESSAGE", own)
    assert event["requestContext"]["routeKey"] == "echo"
    assert event["body"] == '{"action":"echo","text":"hi"}'
    socket.send('{"action":"echo","text":"fail"}')
    assert json.loads(socket.receive())["message"] == "Internal server error"
    socket.close()
    event = until(lambda: chat.event("DISCONNECT", own))
    assert event["requestContext"]["disconnectStatusCode"] == 1000


def test_the_connect_route_may_refuse(chat):
    with pytest.raises(Rejected) as refusal:
        chat.open("/prod?no=1")
    assert refusal.value.status == 403
    with pytest.raises(Rejected) as refusal:
        chat.open("/other")
    assert refusal.value.status == 403


def test_messages_back_to_a_connection(chat, emulator):
    socket = chat.open()
    own = identity(chat, socket)
    client = chat.management()
    client.post_to_connection(ConnectionId=own, Data=b"from the server")
    assert socket.receive() == "from the server"
    found = client.get_connection(ConnectionId=own)
    assert found["Identity"]["SourceIp"] == "127.0.0.1"
    with pytest.raises(client.exceptions.ClientError) as refusal:
        chat.management(secret="wrong").get_connection(ConnectionId=own)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    iam = emulator.client("iam")
    name = f"u-{uuid.uuid4().hex[:6]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = chat.management(key["AccessKeyId"], key["SecretAccessKey"])
    with pytest.raises(client.exceptions.ClientError) as refusal:
        theirs.post_to_connection(ConnectionId=own, Data=b"x")
    assert "execute-api:ManageConnections" in str(refusal.value)
    client.delete_connection(ConnectionId=own)
    assert socket.receive() is None
    with pytest.raises(client.exceptions.GoneException):
        client.post_to_connection(ConnectionId=own, Data=b"x")


def test_signed_handshakes(emulator):
    from tests.emulator.apigateway.apis import signed

    client = emulator.client("apigatewayv2")
    made = client.create_api(
        Name="signed", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    mock = client.create_integration(ApiId=made, IntegrationType="MOCK")["IntegrationId"]
    client.create_route(
        ApiId=made,
        RouteKey="$connect",
        AuthorizationType="AWS_IAM",
        Target=f"integrations/{mock}",
    )
    client.create_stage(ApiId=made, StageName="prod")
    client.create_deployment(ApiId=made, StageName="prod")
    host = f"{made}.execute-api.us-east-1.localhost:{emulator.port}"
    with pytest.raises(Rejected) as refusal:
        WebSocket(emulator.port, host, "/prod")
    assert refusal.value.status == 403
    headers = signed("GET", f"http://{host}/prod", "test", "test")
    WebSocket(emulator.port, host, "/prod", headers).close()
    headers = signed("GET", f"http://{host}/prod", "111111111111", "test")
    with pytest.raises(Rejected):
        WebSocket(emulator.port, host, "/prod", headers)
