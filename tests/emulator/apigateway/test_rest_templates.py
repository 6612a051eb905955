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


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "default"), (404, "not found"), (503, "default")]
)
def test_a_pattern_fits_all_of_the_status(api, status, expected):
    assert api.get(f"/pick?status={status}").text == expected
