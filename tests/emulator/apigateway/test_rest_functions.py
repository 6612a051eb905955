"""REST APIs and functions: proxy and custom integrations, authorizers, permissions."""

from __future__ import annotations

import base64
import json

import pytest

from tests.emulator.apigateway.apis import RestApi, until
from tests.emulator.apigateway.lambdas import Function

ECHO = """
import json, time
def handler(event, context):
    what = (event.get("queryStringParameters") or {}).get("do")
    if what == "raise":
        raise ValueError("no")
    if what == "malformed":
        return {"status": 200}
    if what == "text":
        return "hello"
    if what == "sleep":
        time.sleep(2)
    if what == "binary":
        return {"statusCode": 200, "isBase64Encoded": True, "body": "AAECAw==",
                "headers": {"Content-Type": "image/png"}}
    if what == "headers":
        return {"statusCode": 201, "body": "", "headers": {"X-A": "1", "X-B": True},
                "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def echo(emulator):
    return Function(emulator, ECHO)


def proxy(function: Function, **options) -> dict:
    return {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": function.uri,
        **options,
    }


@pytest.fixture(scope="module")
def api(emulator, echo):
    made = RestApi(emulator, binaryMediaTypes=["image/png"])
    made.method("/pets/{id}", "ANY", proxy(echo))
    made.method("/slow", "GET", proxy(echo, timeoutInMillis=300))
    echo.allow(f"{made.arn}/*/*/pets/*")
    echo.allow(f"{made.arn}/*/GET/slow")
    return made.deploy(variables={"colour": "blue"})


def test_the_event_of_a_proxy_integration(api):
    reply = api.call(
        "POST",
        "/pets/a%20b?x=1&x=2&y=3",
        content=b'{"n":1}',
        headers={"Content-Type": "application/json", "X-One": "1", "user-agent": "me/1"},
    )
    assert reply.status_code == 200
    event = reply.json()
    assert event["resource"] == "/pets/{id}"
    assert event["path"] == "/pets/a%20b"
    assert event["httpMethod"] == "POST"
    assert event["pathParameters"] == {"id": "a%20b"}
    assert event["queryStringParameters"] == {"x": "2", "y": "3"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": ["3"]}
    assert event["stageVariables"] == {"colour": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"n":1}', False)
    assert event["headers"]["X-One"] == "1"
    assert event["headers"]["User-Agent"] == "me/1"
    assert event["headers"]["X-Forwarded-Proto"] == "http"
    assert event["headers"]["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert event["multiValueHeaders"]["X-One"] == ["1"]
    context = event["requestContext"]
    assert context["apiId"] == api.id
    assert context["stage"] == "prod"
    assert context["path"] == "/prod/pets/a%20b"
    assert context["httpMethod"] == "POST"
    assert context["accountId"] == "000000000000"
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["requestId"] == reply.headers["x-amzn-requestid"]
    event = api.get("/pets/1").json()
    assert event["body"] is None
    assert event["queryStringParameters"] is None


def test_bodies_of_binary_types(api):
    reply = api.call("PUT", "/pets/1", content=b"\0\xff", headers={"Content-Type": "image/png"})
    event = reply.json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\0\xff", True)
    reply = api.get("/pets/1?do=binary", headers={"Accept": "image/png"})
    assert reply.content == b"\0\1\2\3"
    assert api.get("/pets/1?do=binary").text == "AAECAw=="


def test_headers_of_the_answer(api):
    reply = api.get("/pets/1?do=headers")
    assert reply.status_code == 201
    assert reply.headers["x-a"] == "1"
    assert reply.headers["x-b"] == "true"
    assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("what", ["raise", "malformed", "text"])
def test_a_function_that_answers_badly_is_a_bad_gateway(api, what):
    reply = api.get(f"/pets/1?do={what}")
    assert (reply.status_code, reply.json()) == (502, {"message": "Internal server error"})
    assert reply.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_a_slow_function_times_out(api):
    reply = api.get("/slow?do=sleep")
    assert (reply.status_code, reply.json()) == (504, {"message": "Endpoint request timed out"})


def test_without_a_permission_it_is_a_server_error(emulator, echo):
    api = RestApi(emulator).method("/x", "GET", proxy(echo)).deploy()
    reply = api.get("/x")
    assert (reply.status_code, reply.json()) == (500, {"message": "Internal server error"})
    found = api.client.test_invoke_method(
        restApiId=api.id, resourceId=api.resource("/x"), httpMethod="GET"
    )
    assert found["status"] == 500
    assert (
        "Execution failed due to configuration error: Invalid permissions on Lambda function"
        in found["log"]
    )
    echo.allow(f"{api.arn}/*/GET/x")
    assert api.get("/x").status_code == 200
    found = api.client.test_invoke_method(
        restApiId=api.id, resourceId=api.resource("/x"), httpMethod="GET"
    )
    assert found["status"] == 200
    assert json.loads(found["body"])["requestContext"]["stage"] == "test-invoke-stage"
    assert (
        "Endpoint request URI: https://lambda.us-east-1.amazonaws.com/2015-03-31/" in found["log"]
    )


def test_a_function_that_is_gone_is_a_server_error(emulator, echo):
    api = RestApi(emulator)
    uri = echo.uri.replace(echo.name, "f-nothing")
    api.method(
        "/x", "GET", {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
    ).deploy()
    assert api.get("/x").status_code == 500


CUSTOM = """
def handler(event, context):
    if event.get("name") == "bad":
        raise Exception("[BadRequest] no such name")
    return {"hello": event.get("name")}
"""


def test_a_custom_integration_maps_and_selects(emulator):
    function = Function(emulator, CUSTOM)
    api = RestApi(emulator)
    api.method(
        "/hello",
        "POST",
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": function.uri,
            "requestTemplates": {"application/json": '{"name": $input.json("$.who")}'},
        },
        {
            "200": {"responseTemplates": {"application/json": '{"said": $input.json("$.hello")}'}},
            "400": {
                "selectionPattern": "\\[BadRequest\\].*",
                "responseTemplates": {"application/json": '{"why": $input.json("$.errorMessage")}'},
            },
        },
    ).deploy()
    function.allow(f"{api.arn}/*/POST/hello")
    reply = api.call("POST", "/hello", json={"who": "Ann"})
    assert (reply.status_code, reply.json()) == (200, {"said": "Ann"})
    reply = api.call("POST", "/hello", json={"who": "bad"})
    assert (reply.status_code, reply.json()) == (400, {"why": "[BadRequest] no such name"})


AUTHORIZER = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    token = event.get("authorizationToken") or event["headers"].get("Token") or ""
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "error":
        raise Exception("broken")
    if token == "malformed":
        return {"principalId": "x"}
    effect = {"allow": "Allow", "deny": "Deny"}.get(token.split("-")[0], "")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    if token == "nothing":
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    if token.endswith("-all"):
        statement["Resource"] = "*"
    return {"principalId": "ann", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"calls": calls, "admin": True, "name": "Ann"}}
"""
DENIED = "User is not authorized to access this resource "


@pytest.fixture(scope="module")
def guarded(emulator, echo):
    """An API with a TOKEN authorizer on two resources and a REQUEST authorizer on another."""
    authorizer = Function(emulator, AUTHORIZER)
    api = RestApi(emulator)
    authorizer.allow(f"{api.arn}/authorizers/*")
    token = api.client.create_authorizer(
        restApiId=api.id,
        name="token",
        type="TOKEN",
        authorizerUri=authorizer.uri,
        identitySource="method.request.header.Authorization",
        identityValidationExpression="[a-z0-9-]+",
        authorizerResultTtlInSeconds=300,
    )["id"]
    request = api.client.create_authorizer(
        restApiId=api.id,
        name="request",
        type="REQUEST",
        authorizerUri=authorizer.uri,
        identitySource="method.request.header.Token,method.request.querystring.q",
        authorizerResultTtlInSeconds=0,
    )["id"]
    for path in ("/a", "/b"):
        api.method(path, "GET", proxy(echo), authorizationType="CUSTOM", authorizerId=token)
    api.method("/r", "GET", proxy(echo), authorizationType="CUSTOM", authorizerId=request)
    echo.allow(f"{api.arn}/*/*/*")
    api.deploy()
    api.token, api.request = token, request
    return api


def ask(api: RestApi, path: str, token: str | None):
    return api.get(path, headers={"Authorization": token} if token else {})


def test_a_token_authorizer_lets_in_and_hands_on_its_context(guarded):
    reply = ask(guarded, "/a", "allow-1")
    assert reply.status_code == 200
    found = reply.json()["requestContext"]["authorizer"]
    assert found["principalId"] == "ann"
    assert found["name"] == "Ann"
    assert found["admin"] == "true"
    assert found["calls"].isdigit()


def test_a_token_authorizer_refuses(guarded):
    reply = ask(guarded, "/a", "deny-1")
    assert (reply.status_code, reply.json()) == (
        403,
        {"Message": DENIED + "with an explicit deny in an identity-based policy"},
    )
    assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"
    reply = ask(guarded, "/a", "nothing")
    assert (reply.status_code, reply.json()) == (
        403,
        {
            "Message": DENIED
            + "because no identity-based policy allows the execute-api:Invoke action"
        },
    )
    for token in (None, "unauthorized", "NOT-MATCHING"):
        reply = ask(guarded, "/a", token)
        assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"}), token
        assert reply.headers["x-amzn-errortype"] == "UnauthorizedException"
    for token in ("error", "malformed"):
        reply = ask(guarded, "/a", token)
        assert (reply.status_code, reply.json()) == (500, {"message": None}), token
        assert reply.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"


def test_results_are_cached_and_can_be_flushed(guarded):
    def calls(path: str, token: str) -> str:
        return ask(guarded, path, token).json()["requestContext"]["authorizer"]["calls"]

    first = calls("/a", "allow-cached-all")
    assert calls("/a", "allow-cached-all") == first
    assert calls("/b", "allow-cached-all") == first
    guarded.client.flush_stage_authorizers_cache(restApiId=guarded.id, stageName="prod")
    assert calls("/a", "allow-cached-all") != first
    # A cached policy for one method does not allow another.
    assert ask(guarded, "/a", "allow-narrow").status_code == 200
    assert ask(guarded, "/b", "allow-narrow").status_code == 403


def test_a_request_authorizer_needs_every_source(guarded):
    good = {"headers": {"Token": "allow"}, "params": {"q": "1"}}
    assert guarded.get("/r", **good).status_code == 200
    for missing in ("headers", "params"):
        options = {name: value for name, value in good.items() if name != missing}
        reply = guarded.get("/r", **options)
        assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})


def test_an_authorizer_without_permission_is_a_server_error(emulator, echo):
    function = Function(emulator, AUTHORIZER)
    api = RestApi(emulator)
    authorizer = api.client.create_authorizer(
        restApiId=api.id,
        name="a",
        type="TOKEN",
        authorizerUri=function.uri,
        identitySource="method.request.header.Authorization",
    )["id"]
    api.method("/x", authorizationType="CUSTOM", authorizerId=authorizer).deploy()
    reply = ask(api, "/x", "allow")
    assert (reply.status_code, reply.json()) == (500, {"message": None})


def test_test_invoke_authorizer(guarded):
    options = {"restApiId": guarded.id, "authorizerId": guarded.token}
    found = guarded.client.test_invoke_authorizer(**options, headers={"Authorization": "allow"})
    assert found["clientStatus"] == 200
    assert found["principalId"] == "ann"
    assert json.loads(found["policy"])["Statement"][0]["Effect"] == "Allow"
    found = guarded.client.test_invoke_authorizer(
        **options, headers={"Authorization": "unauthorized"}
    )
    assert found["clientStatus"] == 401


def test_the_execution_log_is_in_cloudwatch(emulator, api):
    api.client.update_stage(
        restApiId=api.id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"},
            {"op": "replace", "path": "/*/*/logging/dataTrace", "value": "true"},
        ],
    )
    api.get("/pets/77")
    logs = emulator.client("logs")
    group = f"API-Gateway-Execution-Logs_{api.id}/prod"

    def lines() -> list[str]:
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    assert until(lambda: any("Method completed with status: 200" in line for line in lines()))
    assert any("HTTP Method: GET, Resource Path: /pets/{id}" in line for line in lines())


def test_a_role_instead_of_a_permission(emulator, echo):
    iam = emulator.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    name = f"role-{echo.name}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    api = RestApi(emulator).method("/x", "GET", proxy(echo, credentials=role["Arn"])).deploy()
    assert api.get("/x").status_code == 500
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    assert api.get("/x").status_code == 200


def test_answers_without_a_body_keep_the_connection(emulator):
    code = """
def handler(event, context):
    status = int((event.get("queryStringParameters") or {}).get("s", 200))
    return {"statusCode": status, "body": "" if status in (204, 304) else "text",
            "headers": {"ETag": '"1"', "Content-Type": "text/plain", "Date": "x"}}
"""
    import http.client

    function = Function(emulator, code)
    api = RestApi(emulator).method("/x", "ANY", proxy(function)).deploy()
    function.allow(f"{api.arn}/*/*/x")
    client = emulator.client("apigatewayv2")
    made = client.create_api(Name="a", ProtocolType="HTTP", Target=function.arn)["ApiId"]
    function.allow(f"arn:aws:execute-api:us-east-1:000000000000:{made}/*")
    for host, path in ((api.id, "/prod/x"), (made, "/x")):
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
        headers = {"Host": f"{host}.execute-api.us-east-1.localhost:{emulator.port}"}
        for verb, status in (("GET", 204), ("GET", 304), ("HEAD", 200), ("GET", 200)):
            connection.request(verb, f"{path}?s={status}", headers=headers)
            reply = connection.getresponse()
            body = reply.read()
            assert reply.status == status
            assert reply.headers["etag"] == '"1"'
            assert body == (b"text" if (verb, status) == ("GET", 200) else b"")
        connection.close()
