"""Mapping templates and parameters: Java's objects in them, and which template and response is taken."""

from __future__ import annotations

import json

import pytest

from .apis import RestApi, backend, echo

REQUEST = {
    "params": "$input.params().querystring",
    "keys": "$input.params().querystring.keySet()",
    "decoded": "$util.base64Decode('aGk=').toUpperCase()",
    "quote": '$util.escapeJavaScript("it\'s").replaceAll("\\\\\'","\'")',
    "one": "$util.escapeJavaScript($input.path('$.list[*].a').toString())",
    "entries": "#foreach($e in $input.params().path.entrySet())$e.key is $e.value#end",
}


@pytest.fixture(scope="module")
def api(emulator):
    api = RestApi(emulator)
    fields = ",".join(f'"{name}":"{value}"' for name, value in REQUEST.items())
    template = f"{{{fields}}}|$input.json('$')"
    with backend(echo) as address:
        api.method(
            "/t/{id}",
            "POST",
            {
                "type": "HTTP",
                "integrationHttpMethod": "POST",
                "uri": address,
                "requestTemplates": {"application/json": template},
                "requestParameters": {
                    "integration.request.querystring.dotted.name": "method.request.header.X.Y",
                    "integration.request.header.Absent": "stageVariables.none",
                    "integration.request.header.Many": "method.request.multivaluequerystring.none",
                },
            },
            requestParameters={
                "method.request.header.X.Y": False,
                "method.request.querystring.none": False,
            },
        )
        api.method(
            "/pick",
            "GET",
            {
                "type": "MOCK",
                "requestTemplates": {"application/json": '{"statusCode": $input.params("status")}'},
            },
            {
                "200": {"responseTemplates": {"application/json": "default"}},
                "500": {
                    "selectionPattern": "50",
                    "responseTemplates": {"application/json": "a part"},
                },
                "404": {
                    "selectionPattern": r"4\d{2}",
                    "responseTemplates": {"application/json": "not found"},
                },
            },
        )
        api.deploy()
        yield api


def test_objects_print_as_in_java(api):
    reply = api.call(
        "POST",
        "/t/7?b=2&a=1",
        content=b'{"list": [{"a": "x"}], "n": 1}',
        headers={"Content-Type": "application/json; charset=utf-8", "X.Y": "z"},
    )
    sent = reply.json()
    assert sent["path"] == "/?dotted.name=z"
    assert "Absent" not in sent["headers"] and "Many" not in sent["headers"]
    values, _, whole = sent["body"].partition("|")
    assert whole == '{"list":[{"a":"x"}],"n":1}'
    assert json.loads(values) == {
        "params": "{b=2, a=1}",
        "keys": "[b, a]",
        "decoded": "HI",
        "quote": "it's",
        "one": '["x"]',
        "entries": "id is 7",
    }


def test_a_request_without_a_body_is_an_empty_object(api):
    sent = api.call("POST", "/t/7", headers={"Content-Type": "application/json"}).json()
    assert sent["body"].endswith("|{}")


def test_a_refused_body_is_told_as_by_aws(emulator):
    api = RestApi(emulator)
    schema = {
        "type": "object",
        "required": ["b", "a"],
        "properties": {"c": {"type": "number", "minimum": 3}, "d": {"enum": ["x"]}},
    }
    validator = api.client.create_request_validator(
        restApiId=api.id, name="v", validateRequestBody=True
    )["id"]
    api.client.create_model(
        restApiId=api.id, name="M", contentType="application/json", schema=json.dumps(schema)
    )
    api.method("/", "POST", requestModels={"application/json": "M"}, requestValidatorId=validator)
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="BAD_REQUEST_BODY",
        responseTemplates={"application/json": '{"why": "$context.error.validationErrorString"}'},
    )
    api.deploy()
    assert api.call("POST", "/", json={"c": 1, "d": "y"}).json()["why"] == (
        '[object has missing required properties (["a","b"]), numeric instance is lower than the '
        'required minimum (minimum: 3, found: 1), instance value ("y") not found in enum (possible '
        'values: ["x"])]'
    )
    assert "instance type (string) does not match any allowed primitive type" in (
        api.call("POST", "/", json={"a": 1, "b": 1, "c": "z"}).text
    )


def test_the_console_log_of_a_failure(emulator):
    api = RestApi(emulator).method(
        "/",
        "GET",
        {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://nobody.invalid/"},
    )
    found = api.client.test_invoke_method(
        restApiId=api.id, resourceId=api.resources["/"], httpMethod="GET"
    )
    assert found["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    lines = [line.partition(" : ")[2] for line in found["log"].splitlines()]
    assert lines[-2:] == [
        "Execution failed due to configuration error: Invalid endpoint address",
        "Method completed with status: 500",
    ]


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "default"), (404, "not found"), (503, "default")]
)
def test_a_pattern_fits_all_of_the_status(api, status, expected):
    assert api.get(f"/pick?status={status}").text == expected
