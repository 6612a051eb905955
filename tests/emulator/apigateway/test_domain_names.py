"""Custom domain names: what both versions say of them, and where their paths lead."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from .apis import RestApi
from .lambdas import Function

ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}"


def refusal(call, **options) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**options)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def function(emulator):
    return Function(emulator, ECHO).allow("arn:aws:execute-api:us-east-1:000000000000:*")


@pytest.fixture
def name():
    return f"api-{uuid.uuid4().hex[:6]}.example.com"


def get(emulator, host: str, path: str):
    return emulator.anonymous.get(path, headers={"Host": host})


def test_base_paths_of_a_rest_api(emulator, function, name):
    api = RestApi(emulator)
    api.method(
        "/pets/{id}",
        integration={"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": function.uri},
    ).deploy("prod")
    client = api.client
    made = client.create_domain_name(
        domainName=name.upper(),
        regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/x",
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    assert made["domainName"] == name and made["domainNameStatus"] == "AVAILABLE"
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert made["regionalHostedZoneId"] == "Z1UJRXOUMOOFQ8" and made["securityPolicy"] == "TLS_1_2"
    assert get(emulator, name, "/pets/1").status_code == 403

    client.create_base_path_mapping(domainName=name, restApiId=api.id, basePath="v1", stage="prod")
    client.create_base_path_mapping(domainName=name, restApiId=api.id)
    mappings = client.get_base_path_mappings(domainName=name)["items"]
    assert mappings == [
        {"basePath": "v1", "restApiId": api.id, "stage": "prod"},
        {"basePath": "(none)", "restApiId": api.id},
    ]
    event = get(emulator, name, "/v1/pets/7?a=b").json()
    assert event["path"] == event["requestContext"]["path"] == "/v1/pets/7"
    assert event["resource"] == "/pets/{id}" and event["requestContext"]["stage"] == "prod"
    assert event["requestContext"]["domainName"] == name
    # Without a stage in the mapping the path names it; browsers find the name below .localhost.
    event = get(emulator, f"{name}.localhost:{emulator.port}", "/prod/pets/8").json()
    assert event["path"] == "/prod/pets/8" and event["pathParameters"] == {"id": "8"}

    assert refusal(client.delete_rest_api, restApiId=api.id)[0] == "BadRequestException"
    changed = client.update_base_path_mapping(
        domainName=name,
        basePath="v1",
        patchOperations=[{"op": "replace", "path": "/basePath", "value": "v2"}],
    )
    assert changed["basePath"] == "v2"
    assert get(emulator, name, "/v2/pets/7").status_code == 200
    client.delete_base_path_mapping(domainName=name, basePath="v2")
    client.delete_base_path_mapping(domainName=name, basePath="(none)")
    client.delete_domain_name(domainName=name)
    assert refusal(client.get_domain_name, domainName=name) == (
        "NotFoundException",
        "Invalid domain name identifier specified",
    )
    client.delete_rest_api(restApiId=api.id)


def test_a_domain_name_is_closed_to_nonsense(emulator, name):
    client = emulator.client("apigateway")
    api = RestApi(emulator).method("/").deploy()
    client.create_domain_name(
        domainName=name, certificateArn="arn:aws:acm:us-east-1:1:certificate/x"
    )
    found = client.get_domain_name(domainName=name)
    assert found["distributionDomainName"].endswith(".cloudfront.net")
    assert refusal(client.create_domain_name, domainName=name)[0] == "ConflictException"
    assert refusal(client.create_domain_name, domainName="no name")[0] == "BadRequestException"
    made = {"domainName": name, "restApiId": api.id, "basePath": "x", "stage": "prod"}
    client.create_base_path_mapping(**made)
    assert refusal(client.create_base_path_mapping, **made)[0] == "ConflictException"
    for wrong in ({"basePath": "a/b"}, {"stage": "no"}, {"restApiId": "abc"}):
        found = refusal(client.create_base_path_mapping, **{**made, "basePath": "y", **wrong})
        assert found[0] == "BadRequestException", wrong
    assert refusal(client.get_base_path_mapping, domainName=name, basePath="no") == (
        "NotFoundException",
        "Invalid base path mapping identifier specified",
    )


def test_api_mappings_of_an_http_api(emulator, function, name):
    client = emulator.client("apigatewayv2")
    api = client.create_api(Name="h", ProtocolType="HTTP", Target=function.arn)["ApiId"]
    made = client.create_domain_name(
        DomainName=name,
        DomainNameConfigurations=[
            {"CertificateArn": "arn:aws:acm:us-east-1:1:certificate/x", "EndpointType": "REGIONAL"}
        ],
    )
    assert made["DomainNameConfigurations"][0]["DomainNameStatus"] == "AVAILABLE"
    mapping = client.create_api_mapping(
        DomainName=name, ApiId=api, Stage="$default", ApiMappingKey="shop/v1"
    )
    assert mapping["ApiMappingKey"] == "shop/v1"
    event = get(emulator, name, "/shop/v1/items").json()
    assert event["rawPath"] == "/shop/v1/items" and event["requestContext"]["domainName"] == name
    assert get(emulator, name, "/shop/v2/items").status_code == 403
    found = refusal(
        client.create_api_mapping, DomainName=name, ApiId=api, Stage="x", ApiMappingKey="z"
    )
    assert found[0] == "BadRequestException"
    items = client.get_api_mappings(DomainName=name)["Items"]
    assert [item["ApiMappingId"] for item in items] == [mapping["ApiMappingId"]]
    client.update_api_mapping(
        DomainName=name, ApiId=api, ApiMappingId=mapping["ApiMappingId"], ApiMappingKey=""
    )
    assert json.loads(get(emulator, name, "/anything").text)["rawPath"] == "/anything"
    # Both versions know the name.
    assert emulator.client("apigateway").get_domain_name(domainName=name)["domainName"] == name
    client.delete_api_mapping(DomainName=name, ApiMappingId=mapping["ApiMappingId"])
    client.delete_domain_name(DomainName=name)
    assert refusal(client.get_domain_name, DomainName=name)[0] == "NotFoundException"
