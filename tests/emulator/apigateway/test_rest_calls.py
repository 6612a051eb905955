"""Calling REST APIs: addresses, routing, integrations, and the gateway's own answers."""

from __future__ import annotations

import json
import time

import pytest

from tests.emulator.apigateway.apis import RestApi, backend, echo


@pytest.fixture(scope="module")
def server():
    with backend(echo) as address:
        yield address


@pytest.fixture(scope="module")
def api(emulator, server):
    made = RestApi(emulator, binaryMediaTypes=["image/png"])
    made.method("/").method("/pets").method("/pets/{id}", "ANY")
    made.method(
        "/files/{proxy+}",
        "ANY",
        {
            "type": "HTTP_PROXY",
            "integrationHttpMethod": "ANY",
            "uri": server + "/base/{proxy}",
            "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        },
        requestParameters={"method.request.path.proxy": True},
    )
    return made.deploy()


def test_every_form_of_the_address_answers(api, emulator):
    hosts = (
        f"{api.id}.execute-api.us-east-1.localhost:{emulator.port}",
        f"{api.id}.execute-api.us-east-1.amazonaws.com",
        f"{api.id}.execute-api.localhost.localstack.cloud:{emulator.port}",
    )
    for host in hosts:
        reply = emulator.anonymous.get("/prod/pets", headers={"Host": host})
        assert (reply.status_code, reply.json()) == (200, {"ok": True}), host
    for path in (
        f"/_aws/execute-api/{api.id}/prod/pets",
        f"/restapis/{api.id}/prod/_user_request_/pets",
    ):
        reply = emulator.anonymous.get(path)
        assert (reply.status_code, reply.json()) == (200, {"ok": True}), path


def test_the_root_resource_answers_with_and_without_a_slash(api):
    assert api.get("").json() == {"ok": True}
    assert api.get("/").json() == {"ok": True}


def test_an_answer_has_awss_headers_and_none_of_cross_origin_sharing(api):
    reply = api.get("/pets", headers={"Origin": "http://localhost:3000"})
    assert len(reply.headers["x-amzn-requestid"]) == 36
    assert reply.headers["x-amz-apigw-id"].endswith("=")
    assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE", "PATCH", "PUT", "OPTIONS", "HEAD"])
def test_any_takes_every_method(api, verb):
    assert api.call(verb, "/pets/7").status_code == 200


def test_an_unknown_path_or_method_misses_an_authentication_token(api):
    for verb, path in (("GET", "/nothing"), ("POST", "/pets"), ("HEAD", "/pets")):
        reply = api.call(verb, path)
        assert reply.status_code == 403
        assert reply.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
        if verb != "HEAD":
            assert reply.json() == {"message": "Missing Authentication Token"}


def test_an_unknown_path_with_a_token_is_a_broken_signature(api):
    reply = api.get("/nothing", headers={"Authorization": "Bearer abc"})
    assert reply.status_code == 403
    assert reply.headers["x-amzn-errortype"] == "IncompleteSignatureException"
    assert reply.json()["message"].startswith("Invalid key=value pair (missing equal-sign)")


def test_an_unknown_stage_or_api_is_forbidden(api, emulator):
    reply = api.get("/pets", stage="other")
    assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
    host = f"abcdefghij.execute-api.us-east-1.localhost:{emulator.port}"
    reply = emulator.anonymous.get("/prod/pets", headers={"Host": host})
    assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
    assert reply.headers["x-amzn-errortype"] == "ForbiddenException"


def test_a_greedy_path_goes_to_the_endpoint_with_query_and_body(api):
    reply = api.call("POST", "/files/a/b?x=1&x=2", content=b"text", headers={"X-One": "1"})
    found = reply.json()
    assert found["method"] == "POST"
    assert found["path"] == "/base/a/b?x=1&x=2"
    assert found["body"] == "text"
    assert found["headers"]["X-One"] == "1"


def test_an_http_integration_maps_request_and_response(emulator, server):
    api = RestApi(emulator)
    api.method(
        "/map",
        "POST",
        {
            "type": "HTTP",
            "integrationHttpMethod": "PUT",
            "uri": server + "/there",
            "requestParameters": {"integration.request.querystring.q": "method.request.header.X-Q"},
            "requestTemplates": {
                "application/json": '{"got":$input.json("$.name"),"stage":"$stageVariables.v"}'
            },
        },
        {
            "200": {
                "responseTemplates": {"application/json": '{"body":$input.json("$.body")}'},
                "responseParameters": {
                    "method.response.header.X-Kind": "integration.response.header.Content-Type"
                },
            }
        },
        requestParameters={"method.request.header.X-Q": False},
    )
    api.deploy(variables={"v": "blue"})
    reply = api.call("POST", "/map", json={"name": "Ann"}, headers={"X-Q": "7"})
    assert json.loads(reply.json()["body"]) == {"got": "Ann", "stage": "blue"}
    assert reply.headers["x-kind"] == "application/json"


def test_passthrough_never_is_an_unsupported_media_type(emulator, server):
    api = RestApi(emulator)
    api.method(
        "/x",
        "POST",
        {
            "type": "HTTP",
            "integrationHttpMethod": "POST",
            "uri": server,
            "passthroughBehavior": "NEVER",
            "requestTemplates": {"application/json": "{}"},
        },
    ).deploy()
    reply = api.call("POST", "/x", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert (reply.status_code, reply.json()) == (415, {"message": "Unsupported Media Type"})


def test_a_slow_endpoint_times_out(emulator):
    def slow(handler):
        time.sleep(1)
        return 200, {}, b""

    with backend(slow) as address:
        api = RestApi(emulator)
        api.method(
            "/slow",
            "GET",
            {
                "type": "HTTP_PROXY",
                "integrationHttpMethod": "GET",
                "uri": address,
                "timeoutInMillis": 200,
            },
        ).deploy()
        reply = api.get("/slow")
    assert (reply.status_code, reply.json()) == (504, {"message": "Endpoint request timed out"})


def test_a_closed_port_is_a_network_error(emulator):
    api = RestApi(emulator)
    api.method(
        "/closed",
        "GET",
        {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:1/"},
    ).deploy()
    reply = api.get("/closed")
    assert reply.status_code == 504
    assert reply.json() == {"message": "Network error communicating with endpoint"}


def test_binary_bodies_pass_as_bytes(emulator):
    picture = bytes(range(256))
    seen = []

    def keep(handler):
        seen.append(handler.body)
        return 200, {"Content-Type": "image/png"}, picture

    with backend(keep) as address:
        api = RestApi(emulator, binaryMediaTypes=["image/png"])
        api.method(
            "/picture",
            "PUT",
            {"type": "HTTP_PROXY", "integrationHttpMethod": "PUT", "uri": address},
        ).deploy()
        reply = api.call(
            "PUT",
            "/picture",
            content=picture,
            headers={"Content-Type": "image/png", "Accept": "image/png"},
        )
    assert seen == [picture]
    assert reply.content == picture


def test_gateway_responses_can_be_written_anew(emulator):
    api = RestApi(emulator).method("/x", apiKeyRequired=True)
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="INVALID_API_KEY",
        statusCode="401",
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X-Path": "context.path",
            "gatewayresponse.header.X-Asked": "method.request.header.X-Ask",
        },
        responseTemplates={
            "application/json": '{"why":$context.error.messageString,"type":"$context.error.responseType","plain":"$context.error.message"}'
        },
    )
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'https://a'"},
    )
    api.deploy()
    reply = api.get("/x", headers={"X-Ask": "me"})
    assert reply.status_code == 401
    assert reply.json() == {"why": "Forbidden", "type": "INVALID_API_KEY", "plain": "Forbidden"}
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-path"] == "/prod/x"
    assert reply.headers["x-asked"] == "me"
    reply = api.get("/none")
    assert reply.status_code == 403
    assert reply.json() == {"message": "Missing Authentication Token"}
    assert reply.headers["access-control-allow-origin"] == "https://a"


def test_cross_origin_sharing_is_what_the_api_says(emulator):
    api = RestApi(emulator)
    api.method(
        "/x",
        "OPTIONS",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {
            "200": {
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                    "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
                }
            }
        },
    ).deploy()
    reply = api.call("OPTIONS", "/x", headers={"Origin": "https://shop.example"})
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "GET,OPTIONS"
    assert "access-control-allow-headers" not in reply.headers


def test_a_request_validator_refuses_parameters_and_bodies(emulator):
    api = RestApi(emulator)
    api.client.create_model(
        restApiId=api.id,
        name="Pet",
        contentType="application/json",
        schema=json.dumps(
            {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
        ),
    )
    validator = api.client.create_request_validator(
        restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    api.method(
        "/pets",
        "POST",
        requestValidatorId=validator,
        requestModels={"application/json": "Pet"},
        requestParameters={
            "method.request.querystring.kind": True,
            "method.request.header.X-Who": True,
        },
    ).deploy()
    reply = api.call("POST", "/pets", json={"name": "a"})
    assert reply.status_code == 400
    assert reply.json() == {"message": "Missing required request parameters: [X-Who, kind]"}
    assert reply.headers["x-amzn-errortype"] == "BadRequestException"
    good = {"params": {"kind": "dog"}, "headers": {"X-Who": "me"}}
    for body in ({"content": b"{"}, {"json": {"name": 1}}, {"json": {}}):
        reply = api.call("POST", "/pets", **good, **body)
        assert (reply.status_code, reply.json()) == (400, {"message": "Invalid request body"})
    assert api.call("POST", "/pets", **good, json={"name": "Rex"}).status_code == 200


def test_a_canary_gets_its_share_and_its_own_variables(emulator):
    api = RestApi(emulator)
    api.method(
        "/v",
        "GET",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {
            "200": {
                "responseTemplates": {
                    "application/json": "$stageVariables.v $context.isCanaryRequest"
                }
            }
        },
    ).deploy(variables={"v": "old"})
    assert api.get("/v").text.startswith("old")
    api.client.create_deployment(
        restApiId=api.id,
        stageName="prod",
        canarySettings={"percentTraffic": 100, "stageVariableOverrides": {"v": "new"}},
    )
    assert api.get("/v").text == "new true"
    api.client.update_stage(
        restApiId=api.id,
        stageName="prod",
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0"}],
    )
    assert api.get("/v").text == "old false"


def test_a_deployment_is_a_snapshot(emulator):
    api = RestApi(emulator).method("/x").deploy()
    api.method("/y")
    assert api.get("/y").status_code == 403
    api.deploy()
    assert api.get("/y").status_code == 200
    api.client.delete_stage(restApiId=api.id, stageName="prod")
    assert api.get("/y").json() == {"message": "Forbidden"}


def test_the_context_of_a_call(emulator):
    api = RestApi(emulator)
    template = json.dumps(
        {
            name: f"$context.{name}"
            for name in ("apiId", "stage", "path", "resourcePath", "httpMethod", "requestTimeEpoch")
        }
        | {"ip": "$context.identity.sourceIp", "agent": "$context.identity.userAgent"}
    )
    api.method(
        "/a/{b}",
        "GET",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {"200": {"responseTemplates": {"application/json": template}}},
    ).deploy()
    found = api.get("/a/1", headers={"User-Agent": "me/1"}).json()
    assert found["apiId"] == api.id
    assert found["stage"] == "prod"
    assert found["path"] == "/prod/a/1"
    assert found["resourcePath"] == "/a/{b}"
    assert found["ip"] == "127.0.0.1"
    assert found["agent"] == "me/1"
    assert abs(int(found["requestTimeEpoch"]) / 1000 - time.time()) < 60


def test_bodies_that_are_too_long(emulator, api):
    reply = api.call("POST", "/pets/1", content=b"x" * (10 * 1024**2 + 1))
    assert (reply.status_code, reply.json()) == (413, {"message": "Request Too Long"})


@pytest.mark.parametrize(
    "target",
    [
        "/prod/%ff%fe",
        "/prod//pets",
        "/prod/pets/%2e%2e/%00",
        "/prod/pets?%ff=%fe&&=&a",
        "/%",
        "/prod/" + "x" * 4000,
        "//",
    ],
)
def test_odd_paths_get_answers(api, emulator, target):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    host = f"{api.id}.execute-api.us-east-1.localhost:{emulator.port}"
    connection.request("GET", target, headers={"Host": host})
    reply = connection.getresponse()
    assert reply.status in (200, 403), reply.read()
    connection.close()
