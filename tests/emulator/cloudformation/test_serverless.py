"""Cognito, functions and APIs from templates: what they make works, and goes away again."""

from __future__ import annotations

import os
import signal
import time

import boto3
import pytest

from sandbox.stack import instance
from tests.emulator.cloudformation.stacks import create, delete, outputs, reasons, stack, update

GRACE_SECONDS = 5
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": {"Fn::Sub": "lambda.${AWS::URLSuffix}"}},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
    },
}


@pytest.fixture
def cloudformation(emulator):
    return emulator.client("cloudformation")


def function(code: str, **more) -> dict:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": code},
            **more,
        },
    }


def test_a_pool_with_its_parts(cloudformation, emulator):
    resources = {
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": "from-template",
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
                "Policies": {"PasswordPolicy": {"MinimumLength": "12", "RequireSymbols": "false"}},
                "Schema": [{"Name": "shoe", "AttributeDataType": "Number", "Mutable": True}],
            },
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "GenerateSecret": True},
        },
        "Staff": {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "GroupName": "staff"},
        },
        "Ada": {
            "Type": "AWS::Cognito::UserPoolUser",
            "Properties": {
                "UserPoolId": {"Ref": "Pool"},
                "Username": "ada@example.com",
                "UserAttributes": [{"Name": "email", "Value": "ada@example.com"}],
            },
        },
        "AdaIsStaff": {
            "Type": "AWS::Cognito::UserPoolUserToGroupAttachment",
            "Properties": {
                "UserPoolId": {"Ref": "Pool"},
                "GroupName": {"Ref": "Staff"},
                "Username": {"Ref": "Ada"},
            },
        },
        "Domain": {
            "Type": "AWS::Cognito::UserPoolDomain",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "Domain": "from-template"},
        },
        "Guests": {
            "Type": "AWS::Cognito::IdentityPool",
            "Properties": {
                "AllowUnauthenticatedIdentities": True,
                "CognitoIdentityProviders": [
                    {
                        "ClientId": {"Ref": "Client"},
                        "ProviderName": {"Fn::GetAtt": ["Pool", "ProviderName"]},
                    }
                ],
            },
        },
    }
    wanted = {
        "Outputs": {
            "Pool": {"Value": {"Ref": "Pool"}},
            "Client": {"Value": {"Ref": "Client"}},
            "Secret": {"Value": {"Fn::GetAtt": ["Client", "ClientSecret"]}},
            "Guests": {"Value": {"Ref": "Guests"}},
        }
    }
    cognito = emulator.client("cognito-idp")
    with stack(cloudformation, "pool", resources, template=wanted) as made:
        found = outputs(made)
        pool = cognito.describe_user_pool(UserPoolId=found["Pool"])["UserPool"]
        assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
        assert pool["Domain"] == "from-template"
        client = cognito.describe_user_pool_client(
            UserPoolId=found["Pool"], ClientId=found["Client"]
        )["UserPoolClient"]
        assert client["ClientSecret"] == found["Secret"]
        members = cognito.list_users_in_group(UserPoolId=found["Pool"], GroupName="staff")
        assert len(members["Users"]) == 1
        identity = emulator.client("cognito-identity")
        assert identity.get_id(IdentityPoolId=found["Guests"])["IdentityId"]
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    assert found["Pool"] not in {pool["Id"] for pool in pools}


def test_an_http_api_with_a_function(cloudformation, emulator):
    code = "def handler(event, context):\n    return {'message': event['rawPath']}"
    resources = {
        "Role": ROLE,
        "Function": function(code),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "http", "ProtocolType": "HTTP"},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "PayloadFormatVersion": "2.0",
                "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "GET /hello/{name}",
                "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {
                    "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
                },
            },
        },
    }
    wanted = {
        "Outputs": {
            "Endpoint": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}},
            "Same": {
                "Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com"}
            },
        }
    }
    with stack(cloudformation, "http-api", resources, template=wanted) as made:
        found = outputs(made)
        assert found["Endpoint"] == found["Same"]
        host = found["Endpoint"].removeprefix("http://")
        reply = emulator.anonymous.get("/hello/ada", headers={"Host": host})
        assert (reply.status_code, reply.json()) == (200, {"message": "/hello/ada"})
    assert emulator.anonymous.get("/hello/ada", headers={"Host": host}).status_code in (403, 404)
    assert not [
        one
        for one in emulator.client("lambda").list_functions()["Functions"]
        if one["FunctionName"].startswith("http-api-")
    ]


CUSTOM = """
import cfnresponse

def handler(event, context):
    wanted = event["ResourceProperties"]
    if wanted.get("Fail") == "true":
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, reason="as you wished")
        return
    data = {"Echo": wanted.get("Word", "") + "!", "Type": type(wanted.get("Number", "")).__name__,
            "Kind": event["RequestType"]}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, wanted.get("Id"))
"""


def custom(**properties) -> dict:
    return {
        "Type": "Custom::Echo",
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, **properties},
    }


ECHO = {
    "Outputs": {
        "Id": {"Value": {"Ref": "Echo"}},
        "Echo": {"Value": {"Fn::GetAtt": ["Echo", "Echo"]}},
        "Kind": {"Value": {"Fn::GetAtt": ["Echo", "Kind"]}},
        "Type": {"Value": {"Fn::GetAtt": ["Echo", "Type"]}},
    }
}


def test_a_custom_resource_answers(cloudformation, emulator):
    base = {"Role": ROLE, "Function": function(CUSTOM)}
    made = create(
        cloudformation,
        "custom",
        {**base, "Echo": custom(Word="hello", Number=5, Id="first")},
        template=ECHO,
    )
    assert outputs(made) == {"Id": "first", "Echo": "hello!", "Kind": "Create", "Type": "str"}
    changed = update(
        cloudformation,
        "custom",
        {**base, "Echo": custom(Word="again", Number=5, Id="first")},
        template=ECHO,
    )
    assert outputs(changed) == {"Id": "first", "Echo": "again!", "Kind": "Update", "Type": "str"}
    delete(cloudformation, "custom")


def test_a_custom_resource_that_refuses_fails_the_stack(cloudformation, emulator):
    made = create(
        cloudformation,
        "custom-fails",
        {"Role": ROLE, "Function": function(CUSTOM), "Echo": custom(Fail=True)},
        expect="ROLLBACK_COMPLETE",
    )
    assert any(
        "Echo CREATE_FAILED" in line and "as you wished" in line
        for line in reasons(cloudformation, made["StackId"])
    )
    functions = emulator.client("lambda").list_functions()["Functions"]
    assert not [f for f in functions if f["FunctionName"].startswith("custom-fails-")]


def test_a_serverless_template(cloudformation, emulator):
    code = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['path']}"
    resources = {
        "Hello": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "InlineCode": code,
                "Events": {
                    "Get": {"Type": "Api", "Properties": {"Path": "/hello", "Method": "get"}}
                },
            },
        }
    }
    wanted = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Outputs": {
            "Url": {
                "Value": {
                    "Fn::Sub": "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod"
                }
            }
        },
    }
    with stack(cloudformation, "sam", resources, template=wanted) as made:
        host = outputs(made)["Url"].removeprefix("http://").removesuffix("/Prod")
        reply = emulator.anonymous.get("/Prod/hello", headers={"Host": host})
        assert (reply.status_code, reply.text) == (200, "/hello")


def test_stacks_survive_a_restart(tmp_path):
    """Also after kill -9: the stack knows its resources and can be deleted."""

    def client(service):
        return boto3.client(
            service,
            endpoint_url=started.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "kept"}}
    started = instance.start("stacks", port=instance.free_port(), home=tmp_path)
    try:
        create(
            client("cloudformation"),
            "kept",
            {"Queue": queue},
            template={"Outputs": {"Url": {"Value": {"Ref": "Queue"}}}},
        )
        # The promise: what was acknowledged this long ago is on disk.
        time.sleep(GRACE_SECONDS)
        os.kill(started.pid, signal.SIGKILL)
        started.stop()
        started = instance.start("stacks", port=instance.free_port(), home=tmp_path)
        cloudformation = client("cloudformation")
        made = cloudformation.describe_stacks(StackName="kept")["Stacks"][0]
        assert made["StackStatus"] == "CREATE_COMPLETE"
        assert outputs(made)["Url"].endswith("/kept")
        update(
            cloudformation,
            "kept",
            {"Queue": {**queue, "Properties": {"QueueName": "kept", "DelaySeconds": 3}}},
        )
        delete(cloudformation, "kept")
        assert "QueueUrls" not in client("sqs").list_queues()
    finally:
        started.stop()
