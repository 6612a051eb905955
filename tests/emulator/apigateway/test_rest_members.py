"""What the control plane of REST APIs says to requests that are wrong in themselves, and lists in pages."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from .apis import RestApi


@pytest.fixture
def client(emulator):
    return emulator.client("apigateway", parameter_validation=False)


@pytest.fixture
def api(emulator):
    return RestApi(emulator).method("/pets", "GET")


def refusal(call, **options) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**options)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def patch(op: str, path: str | None = None, value: str | None = None) -> dict:
    return {
        name: item
        for name, item in (("op", op), ("path", path), ("value", value))
        if item is not None
    }


def where(api, **more) -> dict:
    return {
        "restApiId": api.id,
        "resourceId": api.resources["/pets"],
        "httpMethod": "GET",
        **more,
    }


def test_wrong_members_are_told_all_at_once(client, api):
    found = refusal(
        client.update_method_response,
        **where(api, statusCode="wrong"),
        patchOperations=[patch("nonsense", "/x"), patch("add", "/y"), patch("no", "/z")],
    )
    assert found[0] == "ValidationException"
    assert found[1].startswith("3 validation errors detected: Value 'nonsense' at ")
    assert "updateMethodResponseInput.patchOperations.3.member.op" in found[1]
    assert found[1].endswith(r"Member must satisfy regular expression pattern: [1-5]\d\d")
    found = refusal(client.create_usage_plan_key, usagePlanId="x", keyType="API_KEY")
    assert found[1].startswith(
        "1 validation error detected: Value null at 'createUsagePlanKeyInput.keyId'"
    )
    for value, word in ((True, "java.lang.Boolean"), (5, "TruncatingBigNumber")):
        found = refusal(
            client.put_integration,
            **where(api),
            type="MOCK",
            requestTemplates={"application/json": value},
        )
        assert found[0] == "SerializationException" and word in found[1]


def test_a_missing_api_is_worded_by_the_part_that_was_asked_for(client):
    none = {"restApiId": "abcdefghij"}
    resource = ("NotFoundException", "Invalid Resource identifier specified")
    for call in (client.get_method, client.get_integration, client.delete_integration):
        assert refusal(call, **none, resourceId="x", httpMethod="GET") == resource
    assert refusal(client.get_model, **none, modelName="Pet") == (
        "NotFoundException",
        "Invalid model name specified: Pet",
    )
    assert refusal(client.create_request_validator, **none, name="v") == (
        "BadRequestException",
        "Invalid REST API identifier specified",
    )


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (patch("replace", "/nothing", "x"), "Invalid patch path /nothing"),
        (patch("replace"), "Invalid patch path null"),
        (
            patch("replace", "/timeoutInMillis", "10"),
            "Timeout should be between 50 ms and 29000 ms",
        ),
        (patch("add", "/uri", "x"), "Invalid patch operation specified. Must be one of: [replace]"),
        (patch("move", "/uri", "x"), "Invalid patch operation specified. Must be 'add'|"),
        (patch("remove", "/requestTemplates/a~1b"), "Content-Type specified was not found"),
        (
            patch("replace", "/passthroughBehavior", "MAYBE"),
            "Invalid PassthroughBehavior specified.",
        ),
    ],
)
def test_patches_of_integrations(client, api, operation, expected):
    found = refusal(client.update_integration, **where(api), patchOperations=[operation])
    assert found[1].startswith(expected)


def test_an_integration_changes(client, api):
    found = client.update_integration(
        **where(api),
        patchOperations=[
            patch("replace", "/passthroughBehavior", "NEVER"),
            patch("replace", "/timeoutInMillis", "500"),
            patch("add", "/requestTemplates/text~1plain", '{"statusCode": 200}'),
            patch("remove", "/requestTemplates/application~1json"),
        ],
    )
    assert (found["passthroughBehavior"], found["timeoutInMillis"]) == ("NEVER", 500)
    assert list(found["requestTemplates"]) == ["text/plain"]
    api.deploy()
    assert api.get("/pets").status_code == 415
    client.delete_integration(**where(api))
    expected = ("NotFoundException", "Invalid Integration identifier specified")
    assert refusal(client.get_integration, **where(api)) == expected
    assert refusal(client.get_integration_response, **where(api, statusCode="200")) == expected


def test_mappings_must_be_declared(client, api):
    prefix = "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
    found = refusal(
        client.put_integration_response,
        **where(api, statusCode="200"),
        responseParameters={"method.response.header.X": "'y'"},
    )
    wanted = "[Invalid mapping expression parameter specified: method.response.header.X]"
    assert found == ("BadRequestException", prefix + wanted)
    assert refusal(client.put_integration_response, **where(api, statusCode="404")) == (
        "NotFoundException",
        "No method response exists for method.",
    )
    for source, kind in (
        ("method.request.header.X", "expression parameter"),
        ("true", "expression"),
    ):
        found = refusal(
            client.put_integration,
            **where(api),
            type="HTTP",
            integrationHttpMethod="GET",
            uri="http://localhost:1",
            requestParameters={"integration.request.header.X": source},
        )
        assert found[1] == f"{prefix}[Invalid mapping {kind} specified: {source}]"
    assert refusal(client.put_method_response, **where(api, statusCode="200")) == (
        "ConflictException",
        "Response already exists for this resource",
    )


def test_lists_come_in_pages(client, api):
    for number in range(27):
        client.create_resource(
            restApiId=api.id, parentId=api.resources["/"], pathPart=f"r{number:02}"
        )
    first = client.get_resources(restApiId=api.id)
    assert len(first["items"]) == 25
    second = client.get_resources(restApiId=api.id, position=first["position"])
    assert len(second["items"]) == 4 and "position" not in second
    pages = client.get_paginator("get_resources").paginate(
        restApiId=api.id, PaginationConfig={"PageSize": 10}
    )
    assert len({item["id"] for page in pages for item in page["items"]}) == 29
    assert refusal(client.get_resources, restApiId=api.id, position="x")[0] == "BadRequestException"


def test_resources_keep_their_order(client, api):
    root, pets = api.resources["/"], api.resources["/pets"]
    child = client.create_resource(restApiId=api.id, parentId=pets, pathPart="a")["id"]
    below = client.create_resource(restApiId=api.id, parentId=child, pathPart="b")["id"]
    assert (
        refusal(client.delete_resource, restApiId=api.id, resourceId=root)[0]
        == "BadRequestException"
    )
    assert len(client.get_resources(restApiId=api.id)["items"]) == 4
    for parent in (pets, child, below):
        found = refusal(
            client.update_resource,
            restApiId=api.id,
            resourceId=pets,
            patchOperations=[patch("replace", "/parentId", parent)],
        )
        assert found == ("BadRequestException", "Resources cannot be cyclical.")
    client.update_resource(
        restApiId=api.id, resourceId=child, patchOperations=[patch("replace", "/pathPart", "c")]
    )
    client.delete_resource(restApiId=api.id, resourceId=pets)
    assert [item["path"] for item in client.get_resources(restApiId=api.id)["items"]] == ["/"]


def test_private_apis_answer_at_endpoints_of_a_vpc(emulator):
    api = RestApi(emulator, endpointConfiguration={"types": ["PRIVATE"]}).method("/")
    found = api.client.get_rest_api(restApiId=api.id)["endpointConfiguration"]
    assert found == {"types": ["PRIVATE"], "ipAddressType": "dualstack"}
    assert refusal(api.client.create_deployment, restApiId=api.id, stageName="prod") == (
        "BadRequestException",
        "Private REST API doesn't have a resource policy attached to it",
    )
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
        ],
    }
    api.client.update_rest_api(
        restApiId=api.id, patchOperations=[patch("replace", "/policy", json.dumps(policy))]
    )
    api.deploy()
    assert api.get("/").status_code == 403
    host = "vpce-0123456789abcdef0-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com"
    found = emulator.anonymous.get("/prod/", headers={"Host": host, "x-apigw-api-id": api.id})
    assert found.json() == {"ok": True}


def test_keys_come_from_a_file(client):
    value = "a-long-key-of-more-than-20-letters"
    body = f"name,key,description,enabled,usageplanIds\nfirst,{value},,TRUE,\nsecond,short,,true,\n"
    found = client.import_api_keys(body=body.encode(), format="csv")
    assert len(found["ids"]) == 1 and len(found["warnings"]) == 1
    key = client.get_api_key(apiKey=found["ids"][0], includeValue=True)
    assert (key["name"], key["value"], key["enabled"]) == ("first", value, True)
    for wrong in (b"", b"\xff", b"{}"):
        assert refusal(client.import_api_keys, body=wrong, format="csv")[0] == "BadRequestException"


def test_a_new_account_has_no_role(client):
    found = client.get_account()
    assert found["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    assert "cloudwatchRoleArn" not in found
    wrong = refusal(client.update_account, patchOperations=[patch("replace", "/nothing", "x")])
    assert wrong == ("BadRequestException", "Invalid patch path /nothing")


def test_client_certificates_are_certificates(client):
    from cryptography import x509

    made = client.generate_client_certificate(description="for a server")
    certificate = x509.load_pem_x509_certificate(made["pemEncodedCertificate"].encode())
    assert "ApiGateway" in certificate.subject.rfc4514_string()
    assert (made["expirationDate"] - made["createdDate"]).days == 365
    client.delete_client_certificate(clientCertificateId=made["clientCertificateId"])


def test_deployments_that_are_shown_stay(client, api):
    api.deploy("one")
    first = client.get_deployments(restApiId=api.id)["items"][0]["id"]
    assert refusal(client.delete_deployment, restApiId=api.id, deploymentId=first) == (
        "BadRequestException",
        "Active stages pointing to this deployment must be moved or deleted",
    )
    assert refusal(client.delete_deployment, restApiId=api.id, deploymentId="none") == (
        "NotFoundException",
        "Invalid Deployment identifier specified",
    )
    api.deploy("two")
    shown = client.get_stages(restApiId=api.id, deploymentId=first)["item"]
    assert [stage["stageName"] for stage in shown] == ["one"]
    client.delete_stage(restApiId=api.id, stageName="one")
    client.delete_deployment(restApiId=api.id, deploymentId=first)


def test_settings_of_methods_are_taken_back(client, api):
    api.deploy()
    where = {"restApiId": api.id, "stageName": "prod"}
    found = client.update_stage(
        **where, patchOperations=[patch("replace", "/~1pets/GET/metrics/enabled", "true")]
    )
    assert found["methodSettings"]["~1pets/GET"]["metricsEnabled"] is True
    remove = {"patchOperations": [patch("remove", "/~1pets/GET")]}
    assert client.update_stage(**where, **remove)["methodSettings"] == {}
    assert refusal(client.update_stage, **where, **remove)[1].startswith(
        "Cannot remove method setting ~1pets/GET because"
    )


def test_plans_and_models_of_nothing(client, api):
    found = refusal(
        client.create_usage_plan, name="p", apiStages=[{"apiId": api.id, "stage": "none"}]
    )
    assert found[0] == "NotFoundException"
    plan = client.create_usage_plan(name="p")["id"]
    for operation in (patch("remove", "/apiStages", f"{api.id}:x"), patch("replace", "/what", "1")):
        found = refusal(client.update_usage_plan, usagePlanId=plan, patchOperations=[operation])
        assert found[0] in ("NotFoundException", "BadRequestException")
    assert refusal(client.delete_usage_plan_key, usagePlanId=plan, keyId="x")[0] == (
        "NotFoundException"
    )
    client.delete_usage_plan(usagePlanId=plan)
    assert refusal(client.delete_usage_plan, usagePlanId=plan)[0] == "NotFoundException"
    model = {"restApiId": api.id, "contentType": "application/json"}
    assert refusal(client.create_model, **model, name="a-b", schema="{}")[1] == (
        "Model name must be alphanumeric: a-b"
    )
    assert refusal(client.create_model, **model, name="B", schema="{")[0] == "BadRequestException"
