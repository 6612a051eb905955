"""A domain name of one's own before an HTTP API."""

from __future__ import annotations

from tests.emulator.cloudformation.stacks import outputs, stack

RESOURCES = {
    "Api": {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {"Name": "named", "ProtocolType": "HTTP"},
    },
    "Stage": {
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
    },
    "Name": {
        "Type": "AWS::ApiGatewayV2::DomainName",
        "Properties": {
            "DomainName": "music.example.com",
            "DomainNameConfigurations": [
                {
                    "EndpointType": "REGIONAL",
                    "CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1",
                }
            ],
        },
    },
    "Mapping": {
        "Type": "AWS::ApiGatewayV2::ApiMapping",
        "DependsOn": "Stage",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "Stage": "$default",
            "DomainName": {"Ref": "Name"},
        },
    },
}
WANTED = {
    "Outputs": {
        "Name": {"Value": {"Ref": "Name"}},
        "Target": {"Value": {"Fn::GetAtt": ["Name", "RegionalDomainName"]}},
    }
}


def test_a_name_leads_to_an_api_and_goes_away(emulator):
    apis = emulator.client("apigatewayv2")
    with stack(emulator.client("cloudformation"), "named", RESOURCES, template=WANTED) as made:
        assert outputs(made)["Name"] == "music.example.com"
        assert outputs(made)["Target"]
        (mapping,) = apis.get_api_mappings(DomainName="music.example.com")["Items"]
        assert mapping["Stage"] == "$default"
        reply = emulator.anonymous.get("/", headers={"Host": "music.example.com"})
        assert (reply.status_code, reply.json()) == (404, {"message": "Not Found"})
    names = {name["DomainName"] for name in apis.get_domain_names()["Items"]}
    assert "music.example.com" not in names
