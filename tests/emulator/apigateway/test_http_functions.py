"""HTTP APIs and functions: both payload formats, inferred answers, authorizers."""

from __future__ import annotations

import base64

import pytest

from tests.emulator.apigateway.lambdas import Function
from tests.emulator.apigateway.test_http_calls import HttpApi

CODE = """
import json, time
def handler(event, context):
    what = (event.get("queryStringParameters") or {}).get("do")
    if what == "raise":
        raise ValueError("no")
    if what == "text":
        return "hello"
    if what == "list":
        return [1, 2]
    if what == "cookies":
        return {"statusCode": 201, "cookies": ["a=1", "b=2"], "body": "made", "headers": {"x-a": "1"}}
    if what == "binary":
        return {"statusCode": 200, "isBase64Encoded": True, "body": "AAEC", "headers": {"content-type": "image/png"}}
    if what == "object":
        return {"statusCode": 200, "body": {"a": 1}}
    if what == "sleep":
        time.sleep(2)
    return {"statusCode": 200, "body": json.dumps(event), "headers": {"content-type": "application/json"}}
"""


@pytest.fixture(scope="module")
def function(emulator):
    return Function(emulator, CODE)


def target(api: HttpApi, function: Function, version: str, **options) -> str:
    return api.integration(
        IntegrationType="AWS_PROXY",
        IntegrationUri=function.arn,
        PayloadFormatVersion=version,
        **options,
    )


@pytest.fixture(scope="module")
def api(emulator, function):
    made = HttpApi(emulator, stage="dev")
    made.client.update_stage(ApiId=made.id, StageName="dev", StageVariables={"v": "blue"})
    made.route("ANY /two/{id}", target(made, function, "2.0"))
    made.route("ANY /one/{id}", target(made, function, "1.0"))
    made.route("GET /slow", target(made, function, "2.0", TimeoutInMillis=300))
    made.arn = f"arn:aws:execute-api:us-east-1:000000000000:{made.id}"
    function.allow(f"{made.arn}/*/*")
    return made


def test_the_event_of_format_2(api):
    reply = api.call(
        "POST",
        "/two/a%20b?x=1&x=2",
        json={"n": 1},
        headers={"X-One": "1", "Cookie": "a=1; b=2"},
    )
    assert reply.headers["content-type"] == "application/json"
    event = reply.json()
    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /two/{id}"
    assert event["rawPath"] == "/dev/two/a%20b"
    assert event["rawQueryString"] == "x=1&x=2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-one"] == "1"
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["stageVariables"] == {"v": "blue"}
    assert event["body"] in ('{"n": 1}', '{"n":1}')
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/dev/two/a%20b"
    assert context["stage"] == "dev"
    assert context["apiId"] == api.id
    assert context["requestId"] == reply.headers["apigw-requestid"]
    event = api.get("/two/1").json()
    assert "body" not in event
    assert "queryStringParameters" not in event


def test_the_event_of_format_1(api):
    event = api.get("/one/7?x=1&x=2", headers={"X-One": "1"}).json()
    assert event["version"] == "1.0"
    assert event["resource"] == "/one/{id}"
    assert event["path"] == "/dev/one/7"
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["queryStringParameters"] == {"x": "2"}
    assert event["body"] is None
    assert event["requestContext"]["httpMethod"] == "GET"


def test_binary_bodies(api):
    reply = api.call("PUT", "/two/1", content=b"\0\xff", headers={"Content-Type": "image/png"})
    event = reply.json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\0\xff", True)
    reply = api.get("/two/1?do=binary")
    assert (reply.content, reply.headers["content-type"]) == (b"\0\1\2", "image/png")


def test_answers_are_inferred(api):
    reply = api.get("/two/1?do=text")
    assert (reply.status_code, reply.text) == (200, "hello")
    assert reply.headers["content-type"] == "application/json"
    assert api.get("/two/1?do=list").json() == [1, 2]
    reply = api.get("/two/1?do=cookies")
    assert (reply.status_code, reply.text) == (201, "made")
    assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path", ["/two/1?do=raise", "/one/1?do=raise", "/one/1?do=text", "/two/1?do=object"]
)
def test_bad_answers_are_server_errors(api, path):
    reply = api.get(path)
    assert (reply.status_code, reply.json()) == (500, {"message": "Internal Server Error"})


def test_a_slow_function_is_unavailable(api):
    reply = api.get("/slow?do=sleep")
    assert (reply.status_code, reply.json()) == (503, {"message": "Service Unavailable"})


def test_the_permission_is_checked(emulator, function):
    api = HttpApi(emulator)
    api.route("GET /x", target(api, function, "2.0"))
    reply = api.get("/x")
    assert (reply.status_code, reply.json()) == (500, {"message": "Internal Server Error"})
    function.allow(f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*/GET/x")
    assert api.get("/x").status_code == 200
    api.route("$default", target(api, function, "2.0"))
    assert api.get("/y").status_code == 500
    function.allow(f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*/$default")
    assert api.get("/y").status_code == 200


AUTHORIZER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    token = event["headers"].get("authorization") or event["headers"].get("Authorization")
    if token == "error":
        raise ValueError("x")
    if event["version"] == "2.0":
        if token == "malformed":
            return {"isAuthorized": "yes"}
        return {"isAuthorized": token.startswith("allow"), "context": {"name": "Ann", "calls": calls, "kind": event["identitySource"]}}
    effect = "Allow" if token.startswith("allow") else "Deny"
    return {"principalId": "ann", "context": {"name": "Ann"}, "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}]}}
"""


def guarded(emulator, function, **options) -> HttpApi:
    api = HttpApi(emulator)
    authorizer = Function(emulator, AUTHORIZER)
    found = api.client.create_authorizer(
        ApiId=api.id,
        Name="a",
        AuthorizerType="REQUEST",
        AuthorizerUri=authorizer.uri,
        IdentitySource=["$request.header.Authorization"],
        **options,
    )["AuthorizerId"]
    arn = f"arn:aws:execute-api:us-east-1:000000000000:{api.id}"
    authorizer.allow(f"{arn}/authorizers/{found}")
    function.allow(f"{arn}/*/*")
    api.route(
        "GET /x",
        target(api, function, options["AuthorizerPayloadFormatVersion"]),
        AuthorizationType="CUSTOM",
        AuthorizerId=found,
    )
    return api


def ask(api: HttpApi, token: str | None):
    return api.get("/x", headers={"Authorization": token} if token else {})


def test_simple_responses(emulator, function):
    api = guarded(
        emulator,
        function,
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=60,
    )
    found = ask(api, "allow").json()["requestContext"]["authorizer"]["lambda"]
    assert found["name"] == "Ann"
    assert found["kind"] == ["allow"]
    again = ask(api, "allow").json()["requestContext"]["authorizer"]["lambda"]
    assert again["calls"] == found["calls"]
    api.client.reset_authorizers_cache(ApiId=api.id, StageName="$default")
    again = ask(api, "allow").json()["requestContext"]["authorizer"]["lambda"]
    assert again["calls"] != found["calls"]
    reply = ask(api, "deny")
    assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
    reply = ask(api, None)
    assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})
    for token in ("error", "malformed"):
        reply = ask(api, token)
        assert (reply.status_code, reply.json()) == (500, {"message": "Internal Server Error"})


def test_policies(emulator, function):
    api = guarded(emulator, function, AuthorizerPayloadFormatVersion="1.0")
    found = ask(api, "allow").json()["requestContext"]["authorizer"]
    assert found["name"] == "Ann"
    reply = ask(api, "deny")
    assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
