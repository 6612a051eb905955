"""The control plane of REST APIs: AWS's errors, documents in and out, calls from the console."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.apigateway.apis import RestApi, backend, echo


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client("apigateway")


def refusal(call, *args, **kwargs) -> tuple[str, str]:
    with pytest.raises(ClientError) as found:
        call(*args, **kwargs)
    error = found.value.response["Error"]
    return error["Code"], error["Message"]


def test_an_unknown_api_is_not_found(client):
    expected = ("NotFoundException", "Invalid API identifier specified 000000000000:abcdefghij")
    unknown = {"restApiId": "abcdefghij"}
    assert refusal(client.get_rest_api, **unknown) == expected
    assert refusal(client.get_resources, **unknown) == expected
    assert refusal(client.create_deployment, **unknown) == expected
    assert refusal(client.get_stages, **unknown) == expected
    assert refusal(client.delete_rest_api, **unknown) == expected
    found = refusal(
        client.create_authorizer,
        **unknown,
        name="a",
        type="COGNITO_USER_POOLS",
        providerARNs=["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a"],
    )
    # AWS words this one as if somebody else had just removed the API.
    assert found[0] == "ConflictException" and "concurrent modification" in found[1]


def test_an_api_that_does_nothing_is_not_deployed(emulator, client):
    api = RestApi(emulator)
    assert refusal(client.create_deployment, restApiId=api.id) == (
        "BadRequestException",
        "The REST API doesn't contain any methods",
    )
    client.put_method(
        restApiId=api.id,
        resourceId=api.resource("/x"),
        httpMethod="GET",
        authorizationType="NONE",
    )
    assert refusal(client.create_deployment, restApiId=api.id) == (
        "BadRequestException",
        "No integration defined for method",
    )


def test_names_are_used_once(emulator, client):
    api = RestApi(emulator).method("/x").deploy()
    found = refusal(
        client.create_resource, restApiId=api.id, parentId=api.resource("/"), pathPart="x"
    )
    assert found == (
        "ConflictException",
        "Another resource with the same parent already has this name: x",
    )
    deployment = client.get_deployments(restApiId=api.id)["items"][0]["id"]
    found = refusal(
        client.create_stage, restApiId=api.id, stageName="prod", deploymentId=deployment
    )
    assert found == ("ConflictException", "Stage already exists")
    found = refusal(client.create_stage, restApiId=api.id, stageName="b", deploymentId="nothing")
    assert found == ("BadRequestException", "Deployment id does not exist")


def test_authorizers_that_cannot_work_are_refused(emulator, client):
    api = RestApi(emulator)
    found = refusal(
        client.put_method,
        restApiId=api.id,
        resourceId=api.resource("/x"),
        httpMethod="GET",
        authorizationType="COGNITO_USER_POOLS",
        authorizerId="nothing",
    )
    assert found[0] == "BadRequestException"
    assert found[1].startswith("Invalid authorizer ID specified.")
    for options in (
        {"type": "COGNITO_USER_POOLS"},
        {"type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:iam::000000000000:role/x"]},
        {"type": "TOKEN", "identitySource": "method.request.header.Authorization"},
        {"type": "NOTHING"},
    ):
        found = refusal(client.create_authorizer, restApiId=api.id, name="a", **options)
        assert found[0] == "BadRequestException", options
    assert (
        refusal(client.get_authorizer, restApiId=api.id, authorizerId="abcdef")[0]
        == "NotFoundException"
    )


def test_what_the_sandbox_lacks_is_said(client, emulator):
    found = refusal(client.create_vpc_link, name="v", targetArns=["arn:aws:x"])
    assert "load balancers" in found[1]


POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi"


def document(uri: str) -> dict:
    return {
        "swagger": "2.0",
        "info": {"title": "pets", "version": "1"},
        "paths": {
            "/pets/{id}": {
                "get": {
                    "operationId": "getPet",
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "type": "string"},
                        {"name": "kind", "in": "query", "required": True, "type": "string"},
                    ],
                    "x-amazon-apigateway-request-validator": "params",
                    "responses": {
                        "200": {"description": "ok", "schema": {"$ref": "#/definitions/Pet"}}
                    },
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy",
                        "httpMethod": "GET",
                        "uri": uri + "/{id}",
                        "requestParameters": {
                            "integration.request.path.id": "method.request.path.id"
                        },
                    },
                },
                "delete": {
                    "security": [{"users": ["pets/write"]}],
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": {
                        "type": "aws",
                        "httpMethod": "POST",
                        "uri": "arn:aws:apigateway:us-east-1:sqs:action/ListQueues",
                        "credentials": "arn:aws:iam::000000000000:role/r",
                        "responses": {"default": {"statusCode": "200"}},
                    },
                },
                "put": {
                    "security": [{"signed": []}, {"api_key": []}],
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": {"statusCode": "200"}},
                    },
                },
            }
        },
        "securityDefinitions": {
            "users": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {
                    "type": "cognito_user_pools",
                    "providerARNs": [POOL],
                },
            },
            "signed": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            },
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        },
        "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "x-amazon-apigateway-request-validators": {
            "params": {"validateRequestParameters": True, "validateRequestBody": False}
        },
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {
                "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
            }
        },
        "x-amazon-apigateway-binary-media-types": ["image/png"],
    }


def imported(emulator, client, text: dict) -> RestApi:
    made = client.import_rest_api(body=json.dumps(text).encode())
    api = RestApi.__new__(RestApi)
    api.emulator, api.client, api.id = emulator, client, made["id"]
    api.resources = {
        item["path"]: item["id"] for item in client.get_resources(restApiId=api.id)["items"]
    }
    return api.deploy()


def test_a_document_becomes_an_api_that_behaves(emulator, client):
    with backend(echo) as address:
        api = imported(emulator, client, document(address))
        reply = api.get("/pets/7")
        assert (reply.status_code, reply.json()) == (
            400,
            {"message": "Missing required request parameters: [kind]"},
        )
        assert reply.headers["access-control-allow-origin"] == "*"
        assert api.get("/pets/7?kind=dog").json()["path"] == "/7?kind=dog"
    reply = api.call("DELETE", "/pets/7")
    assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})
    reply = api.call("PUT", "/pets/7")
    assert reply.json() == {"message": "Missing Authentication Token"}
    found = client.get_integration(
        restApiId=api.id, resourceId=api.resources["/pets/{id}"], httpMethod="DELETE"
    )
    assert found["credentials"] == "arn:aws:iam::000000000000:role/r"


@pytest.mark.parametrize("kind", ["swagger", "oas30"])
def test_an_export_can_be_imported_again(emulator, client, kind):
    api = imported(emulator, client, document("http://127.0.0.1:1"))
    options = {"restApiId": api.id, "stageName": "prod", "exportType": kind}
    first = json.loads(
        client.get_export(**options, parameters={"extensions": "apigateway"})["body"].read()
    )
    method = first["paths"]["/pets/{id}"]["delete"]
    assert method["security"] == [{"users": ["pets/write"]}]
    integration = method["x-amazon-apigateway-integration"]
    assert integration["credentials"] == "arn:aws:iam::000000000000:role/r"
    assert integration["type"] == "aws"
    assert first["paths"]["/pets/{id}"]["get"]["x-amazon-apigateway-request-validator"] == "params"
    assert first["x-amazon-apigateway-binary-media-types"] == ["image/png"]
    again = imported(emulator, client, first)
    options["restApiId"] = again.id
    second = json.loads(
        client.get_export(**options, parameters={"extensions": "apigateway"})["body"].read()
    )
    assert second["paths"] == first["paths"]
    bare = json.loads(client.get_export(**options)["body"].read())
    assert "x-amazon-apigateway-integration" not in json.dumps(bare)


def test_documents_that_are_none_are_refused(client):
    before = len(client.get_rest_apis(limit=500)["items"])
    for body in (b"", b"[]", b"hello", b'{"swagger":"2.0"}', b'{"info":{"title":"x"}}'):
        assert refusal(client.import_rest_api, body=body)[0] == "BadRequestException", body
    assert len(client.get_rest_apis(limit=500)["items"]) == before


def test_test_invoke_tells_what_happened(emulator, client):
    with backend(echo) as address:
        api = RestApi(emulator)
        api.method(
            "/pets/{id}",
            "POST",
            {
                "type": "HTTP",
                "integrationHttpMethod": "POST",
                "uri": address + "/in",
                "requestTemplates": {
                    "application/json": '{"id":"$input.params("id")","v":"$stageVariables.v"}'
                },
            },
        )
        found = client.test_invoke_method(
            restApiId=api.id,
            resourceId=api.resource("/pets/{id}"),
            httpMethod="POST",
            pathWithQueryString="/pets/3?a=b",
            body='{"x":1}',
            headers={"X-One": "1", "Content-Type": "application/json"},
            stageVariables={"v": "blue"},
        )
    assert found["status"] == 200
    assert json.loads(json.loads(found["body"])["body"]) == {"id": "3", "v": "blue"}
    log = found["log"]
    assert log.startswith("Execution log for request ")
    for line in (
        "HTTP Method: POST, Resource Path: /pets/{id}",
        "Method request path: {id=3}",
        "Method request query string: {a=b}",
        'Method request body before transformations: {"x":1}',
        f"Endpoint request URI: {address}/in",
        "Received response. Status: 200, Integration latency: ",
        "Successfully completed execution",
        "Method completed with status: 200",
    ):
        assert line in log
    assert found["latency"] >= 0


def test_test_invoke_of_what_is_not_there(emulator, client):
    api = RestApi(emulator).method("/x")
    found = refusal(
        client.test_invoke_method,
        restApiId=api.id,
        resourceId=api.resource("/x"),
        httpMethod="POST",
    )
    assert found == ("NotFoundException", "Invalid Method identifier specified")


def test_tags_keys_and_plans_are_listed(emulator, client):
    api = RestApi(emulator, tags={"course": "cloud"})
    assert client.get_rest_api(restApiId=api.id)["tags"] == {"course": "cloud"}
    key = client.create_api_key(name="listed", enabled=True)
    assert client.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]
    assert "value" not in client.get_api_key(apiKey=key["id"])
    assert refusal(client.get_api_key, apiKey="abcdefghij")[0] == "NotFoundException"
    assert refusal(client.get_usage_plan, usagePlanId="abcdef")[0] == "NotFoundException"


def test_a_clone_has_the_same_methods(emulator, client):
    api = RestApi(emulator).method("/x/{id}")
    made = client.create_rest_api(name="copy", cloneFrom=api.id)["id"]
    paths = [item["path"] for item in client.get_resources(restApiId=made)["items"]]
    assert "/x/{id}" in paths
    client.create_deployment(restApiId=made, stageName="prod")
    api.id = made
    assert api.get("/x/1").json() == {"ok": True}


def test_a_method_is_put_once(emulator, client):
    api = RestApi(emulator).method("/x")
    options = {"restApiId": api.id, "resourceId": api.resource("/x"), "authorizationType": "NONE"}
    assert refusal(client.put_method, httpMethod="GET", **options) == (
        "ConflictException",
        "Method already exists for this resource",
    )
    assert refusal(client.put_method, httpMethod="FETCH", **options)[0] == "BadRequestException"


def test_a_document_is_merged_or_replaces(emulator, client):
    api = RestApi(emulator).method("/old/{id}").method("/pets/{id}", "GET").deploy()
    api.client.put_gateway_response(restApiId=api.id, responseType="THROTTLED", statusCode="430")
    text = json.dumps(document("http://127.0.0.1:1")).encode()
    client.put_rest_api(restApiId=api.id, mode="merge", body=text)
    api.deploy()
    assert api.get("/old/1").json() == {"ok": True}
    assert api.get("/pets/1").status_code == 400  # the document's method, with its validator
    kinds = {
        item["responseType"]
        for item in client.get_gateway_responses(restApiId=api.id)["items"]
        if not item["defaultResponse"]
    }
    assert kinds == {"THROTTLED", "DEFAULT_4XX"}
    broken = document("http://127.0.0.1:1")
    broken["paths"]["/pets/{id}"]["get"]["x-amazon-apigateway-integration"] = "nothing"
    found = refusal(client.put_rest_api, restApiId=api.id, body=json.dumps(broken).encode())
    assert found[0] == "BadRequestException"
    api.deploy()
    assert api.get("/old/1").json() == {"ok": True}
    client.put_rest_api(restApiId=api.id, mode="overwrite", body=text)
    api.deploy()
    assert api.get("/old/1").json() == {"message": "Missing Authentication Token"}


def test_an_authorizer_changes(emulator, client):
    api = RestApi(emulator)
    identity = client.create_authorizer(
        restApiId=api.id, name="a", type="COGNITO_USER_POOLS", providerARNs=[POOL]
    )["id"]
    where = {"restApiId": api.id, "authorizerId": identity}

    def change(op: str, path: str, value: str):
        operation = {"op": op, "path": path, "value": value}
        return client.update_authorizer(**where, patchOperations=[operation])

    change("add", "/providerARNs", POOL + "j")
    found = change("remove", "/providerARNs", POOL)
    assert found["providerARNs"] == [POOL + "j"]
    assert (
        change("replace", "/authorizerResultTtlInSeconds", "60")["authorizerResultTtlInSeconds"]
        == 60
    )
    assert change("replace", "/name", "b")["name"] == "b"
    for operation in (
        ("remove", "/providerARNs", POOL + "j"),
        ("replace", "/nothing", "x"),
        ("replace", "/authorizerResultTtlInSeconds", "9999"),
    ):
        assert refusal(change, *operation)[0] == "BadRequestException", operation
    api.method("/x", authorizationType="COGNITO_USER_POOLS", authorizerId=identity)
    assert refusal(client.delete_authorizer, **where)[0] == "ConflictException"


def test_a_plan_s_rate_may_be_a_fraction(emulator):
    client = emulator.client("apigateway")
    plan = client.create_usage_plan(name="slow", throttle={"rateLimit": 1.5, "burstLimit": 2})["id"]
    change = {"op": "replace", "path": "/throttle/rateLimit", "value": "2.5"}
    found = client.update_usage_plan(usagePlanId=plan, patchOperations=[change])
    assert found["throttle"] == {"rateLimit": 2.5, "burstLimit": 2}
    wrong = {**change, "value": "fast"}
    code, _ = refusal(client.update_usage_plan, usagePlanId=plan, patchOperations=[wrong])
    assert code == "BadRequestException"
    client.delete_usage_plan(usagePlanId=plan)
