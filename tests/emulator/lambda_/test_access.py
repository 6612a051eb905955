"""The execution role, the function's own policy, and who may call."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.emulator.lambda_.conftest import until

PUTS = """
import boto3
table = boto3.resource("dynamodb").Table("rides")
def handler(event, context):
    table.put_item(Item={"id": event})
    return boto3.client("sts").get_caller_identity()["Arn"]
"""
OTHER = {"access_key": "111122223333", "secret_key": "test"}


@pytest.fixture(scope="module")
def table(emulator):
    client = emulator.client("dynamodb")
    client.create_table(
        TableName="rides",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield "rides"
    client.delete_table(TableName="rides")


def test_a_function_may_what_its_role_may(functions, table):
    role = functions.role("dynamodb:PutItem", name="rides-role")
    functions.python("rides", PUTS, Role=role, Timeout=20)
    arn = functions.call("rides", "1")
    assert arn == "arn:aws:sts::000000000000:assumed-role/rides-role/rides"
    item = functions.emulator.client("dynamodb").get_item(TableName="rides", Key={"id": {"S": "1"}})
    assert item["Item"] == {"id": {"S": "1"}}
    functions.iam.delete_role_policy(RoleName="rides-role", PolicyName="own")
    error, _ = functions.fail("rides", "2")
    assert error["errorType"] == "ClientError"
    assert error["errorMessage"] == (
        "An error occurred (AccessDeniedException) when calling the PutItem operation: User: "
        "arn:aws:sts::000000000000:assumed-role/rides-role/rides is not authorized to perform: "
        "dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/rides because "
        "no identity-based policy allows the dynamodb:PutItem action"
    )


def test_without_permission_there_are_no_logs(functions):
    functions.python("silent", "def handler(e, c): print('x')", Role=functions.role(logs=False))
    functions.call("silent")
    with pytest.raises(ClientError) as error:
        functions.log("silent")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_another_account_needs_the_functions_policy(functions):
    functions.python("shared", "def handler(e, c): return 'here'")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:shared"
    other = functions.emulator.client("lambda", **OTHER)
    with pytest.raises(ClientError) as error:
        other.invoke(FunctionName=arn)
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert error.value.response["Error"]["Message"] == (
        "User: arn:aws:iam::111122223333:root is not authorized to perform: lambda:InvokeFunction "
        f"on resource: {arn} because no resource-based policy allows the lambda:InvokeFunction action"
    )
    functions.client.add_permission(
        FunctionName="shared",
        StatementId="other",
        Action="lambda:InvokeFunction",
        Principal="111122223333",
    )
    assert json.loads(other.invoke(FunctionName=arn)["Payload"].read()) == "here"
    policy = json.loads(functions.client.get_policy(FunctionName="shared")["Policy"])
    assert policy["Statement"][0]["Sid"] == "other"
    functions.client.remove_permission(FunctionName="shared", StatementId="other")
    with pytest.raises(ClientError):
        other.invoke(FunctionName=arn)


def test_a_user_needs_permission_to_call(functions):
    functions.python("for-users", "def handler(e, c): return 1")
    functions.iam.create_user(UserName="caller")
    key = functions.iam.create_access_key(UserName="caller")["AccessKey"]
    user = functions.emulator.client(
        "lambda", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )
    with pytest.raises(ClientError) as error:
        user.invoke(FunctionName="for-users")
    assert "no identity-based policy allows the lambda:InvokeFunction" in str(error.value)


def test_a_topic_needs_permission_to_call(functions):
    functions.python(
        "heard", "def handler(e, c): print('heard', e['Records'][0]['Sns']['Message'])"
    )
    sns = functions.emulator.client("sns")
    topic = sns.create_topic(Name="says")["TopicArn"]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:heard"
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="too early")
    time.sleep(0.5)
    functions.client.add_permission(
        FunctionName="heard",
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    sns.publish(TopicArn=topic, Message="now")

    def heard():
        try:
            return [m for m in functions.log("heard") if m.startswith("heard")]
        except ClientError:
            return []

    assert until(heard) == ["heard now\n"]
    sns.delete_topic(TopicArn=topic)


def test_a_bucket_needs_permission_to_call(functions):
    functions.python(
        "notified", "def handler(e, c): print('key', e['Records'][0]['s3']['object']['key'])"
    )
    s3 = functions.emulator.client("s3")
    s3.create_bucket(Bucket="notifying-bucket")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:notified"
    wanted = {
        "LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
        ]
    }
    with pytest.raises(ClientError) as error:
        s3.put_bucket_notification_configuration(
            Bucket="notifying-bucket", NotificationConfiguration=wanted
        )
    assert error.value.response["Error"]["Code"] == "InvalidArgument"
    assert error.value.response["Error"]["Message"] == (
        "Unable to validate the following destination configurations"
    )
    functions.client.add_permission(
        FunctionName="notified",
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::notifying-bucket",
        SourceAccount="000000000000",
    )
    s3.put_bucket_notification_configuration(
        Bucket="notifying-bucket", NotificationConfiguration=wanted
    )
    s3.put_object(Bucket="notifying-bucket", Key="a.txt", Body=b"x")

    def notified():
        try:
            return [m for m in functions.log("notified") if m.startswith("key")]
        except ClientError:
            return []

    assert until(notified) == ["key a.txt\n"]


def test_a_rule_needs_permission_to_call(functions):
    functions.python("ruled", "def handler(e, c): print('detail', e['detail'])")
    events = functions.emulator.client("events")
    rule = events.put_rule(Name="rule", EventPattern='{"source": ["mine"]}')["RuleArn"]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:ruled"
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "mine", "DetailType": "t", "Detail": '{"n": 1}'}
    events.put_events(Entries=[entry])
    time.sleep(0.5)
    functions.client.add_permission(
        FunctionName="ruled",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_events(Entries=[entry | {"Detail": '{"n": 2}'}])

    def ruled():
        try:
            return [m for m in functions.log("ruled") if m.startswith("detail")]
        except ClientError:
            return []

    assert until(ruled) == ["detail {'n': 2}\n"]
    events.remove_targets(Rule="rule", Ids=["1"])
    events.delete_rule(Name="rule")


def test_credentials_end_and_are_renewed(own_emulator):
    from tests.emulator.lambda_.conftest import Functions

    functions = Functions(own_emulator)
    functions.python(
        "renewed",
        "import boto3, os\n"
        "def handler(e, c):\n"
        "    boto3.client('sts').get_caller_identity()\n"
        "    return os.environ['AWS_ACCESS_KEY_ID']\n",
        Timeout=20,
    )
    first = functions.call("renewed")
    assert functions.call("renewed") == first
    own_emulator.advance(13 * 3600)
    assert functions.call("renewed") != first
