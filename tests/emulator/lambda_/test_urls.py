"""Function URLs: events, answers, access, cross-origin headers."""

from __future__ import annotations

import json

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ECHO = """
import json
def handler(event, context):
    if event["rawPath"] == "/plain": return {"hello": "you"}
    if event["rawPath"] == "/fail": raise ValueError("bad")
    return {"statusCode": 201, "headers": {"X-Mine": "1", "Content-Type": "application/json"},
            "cookies": ["a=1", "b=2"], "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def url(functions):
    functions.python("url", ECHO)
    found = functions.client.create_function_url_config(
        FunctionName="url",
        AuthType="NONE",
        Cors={"AllowOrigins": ["https://site.example"], "AllowMethods": ["POST"], "MaxAge": 60},
    )["FunctionUrl"]
    assert ".lambda-url.us-east-1.localhost:" in found
    return found


def allow(functions, name, kind, principal="*"):
    functions.client.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal=principal,
        FunctionUrlAuthType=kind,
    )


def test_without_permission_the_url_is_closed(functions, url):
    http = functions.emulator.anonymous
    reply = http.get(url)
    assert reply.status_code == 403
    assert reply.json()["Message"].startswith("Forbidden")
    assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"
    allow(functions, "url", "NONE")
    assert http.get(url).status_code == 201


def test_the_event_and_the_answer(functions, url):
    reply = functions.emulator.anonymous.post(
        url + "some/path?a=1&a=2&b=x%20y",
        content='{"k": 1}',
        headers={"Content-Type": "application/json", "Cookie": "c=3; d=4"},
    )
    assert reply.status_code == 201 and reply.headers["x-mine"] == "1"
    assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]
    event = reply.json()
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert event["rawPath"] == "/some/path" and event["rawQueryString"] == "a=1&a=2&b=x%20y"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y"}
    assert event["cookies"] == ["c=3", "d=4"] and "cookie" not in event["headers"]
    assert event["body"] == '{"k": 1}' and event["isBase64Encoded"] is False
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["accountId"] == "anonymous"
    binary = functions.emulator.anonymous.post(url, content=b"\xff\x00").json()
    assert (binary["body"], binary["isBase64Encoded"]) == ("/wA=", True)
    assert functions.emulator.anonymous.get(url + "plain").json() == {"hello": "you"}
    failed = functions.emulator.anonymous.get(url + "fail")
    assert (failed.status_code, failed.text) == (502, "Internal Server Error")


def test_cross_origin_headers(functions, url):
    http = functions.emulator.anonymous
    site = {"Origin": "https://site.example"}
    preflight = http.options(url, headers=site | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://site.example"
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-max-age"] == "60"
    reply = http.get(url, headers=site)
    assert reply.headers["access-control-allow-origin"] == "https://site.example"
    other = http.get(url, headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_signed_url(functions):
    functions.python("signed", ECHO)
    url = functions.client.create_function_url_config(FunctionName="signed", AuthType="AWS_IAM")[
        "FunctionUrl"
    ]
    http = functions.emulator.anonymous
    assert http.get(url).status_code == 403
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    reply = http.get(url, headers=dict(request.headers))
    assert reply.status_code == 201
    who = reply.json()["requestContext"]["authorizer"]["iam"]
    assert who["userArn"] == "arn:aws:iam::000000000000:root"
    wrong = AWSRequest("GET", url)
    SigV4Auth(Credentials("test", "wrong"), "lambda", "us-east-1").add_auth(wrong)
    assert http.get(url, headers=dict(wrong.headers)).status_code == 403


def test_pieces_arrive_one_by_one(functions):
    functions.node(
        "url-stream",
        "export const handler = awslambda.streamifyResponse(async (event, stream) => {\n"
        '  stream = awslambda.HttpResponseStream.from(stream, {statusCode: 202, headers: {"X-A": "b"}});\n'
        '  for (let i = 0; i < 3; i++) { stream.write("p" + i); '
        "await new Promise((r) => setTimeout(r, 50)); }\n"
        "  stream.end();\n"
        "});",
    )
    url = functions.client.create_function_url_config(
        FunctionName="url-stream", AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )["FunctionUrl"]
    allow(functions, "url-stream", "NONE")
    with functions.emulator.anonymous.stream("GET", url) as reply:
        assert reply.status_code == 202 and reply.headers["x-a"] == "b"
        assert b"".join(reply.iter_raw()) == b"p0p1p2"


def test_an_unknown_url(functions):
    port = httpx.URL(functions.emulator.endpoint).port
    reply = functions.emulator.anonymous.get(
        f"http://nobody.lambda-url.us-east-1.localhost:{port}/"
    )
    assert reply.status_code == 403
    assert json.loads(reply.text) == {"Message": None}


def test_an_answer_without_a_status_is_the_body(functions):
    functions.python(
        "bare", "def handler(e, c): return {'/d': {'a': [1, 'é']}, '/s': 'hello'}[e['rawPath']]"
    )
    found = functions.client.create_function_url_config(FunctionName="bare", AuthType="NONE")
    allow(functions, "bare", "NONE")
    http = functions.emulator.anonymous
    reply = http.get(found["FunctionUrl"] + "d")
    assert (reply.text, reply.headers["content-type"]) == ('{"a":[1,"é"]}', "application/json")
    assert http.get(found["FunctionUrl"] + "s").text == "hello"


def test_the_url_of_a_deleted_alias_refuses(functions):
    functions.python("aliased-url", "def handler(e, c): return 'x'")
    client = functions.client
    client.get_waiter("function_active_v2").wait(FunctionName="aliased-url")
    client.publish_version(FunctionName="aliased-url")
    client.create_alias(FunctionName="aliased-url", Name="live", FunctionVersion="1")
    url = client.create_function_url_config(
        FunctionName="aliased-url", Qualifier="live", AuthType="NONE"
    )["FunctionUrl"]
    client.add_permission(
        FunctionName="aliased-url",
        Qualifier="live",
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    http = functions.emulator.anonymous
    assert http.get(url).text == "x"
    client.delete_alias(FunctionName="aliased-url", Name="live")
    reply = http.get(url)
    assert reply.status_code == 403 and reply.json()["Message"].startswith("Forbidden. ")
