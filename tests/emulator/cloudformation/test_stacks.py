"""Operations on stacks: change sets, exports, nested stacks, rights, protection, going on after a failure."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloudformation.stacks import create, delete, ended, outputs, reasons, update

FLEET = {"Type": "AWS::GameLift::Fleet", "Properties": {}}


@pytest.fixture
def cloudformation(emulator):
    return emulator.client("cloudformation")


def queue(**properties) -> dict:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def parameter(value) -> dict:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


def change_set(
    cloudformation, stack: str, name: str, template: dict, kind="UPDATE", **more
) -> dict:
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=json.dumps(template),
        **more,
    )
    return cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)


def test_change_sets(cloudformation):
    template = {
        "Parameters": {"N": {"Type": "Number", "Default": 1}},
        "Resources": {
            "Q": queue(DelaySeconds={"Ref": "N"}),
            "P": parameter({"Fn::GetAtt": ["Q", "QueueName"]}),
        },
    }
    first = change_set(cloudformation, "sets", "first", template, "CREATE")
    assert [c["ResourceChange"]["Action"] for c in first["Changes"]] == ["Add", "Add"]
    stack = cloudformation.describe_stacks(StackName="sets")["Stacks"][0]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    cloudformation.execute_change_set(StackName="sets", ChangeSetName="first")
    assert ended(cloudformation, "sets")["StackStatus"] == "CREATE_COMPLETE"
    same = change_set(cloudformation, "sets", "same", template)
    assert (same["Status"], same["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert same["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a "
        "change set."
    )
    slower = change_set(
        cloudformation,
        "sets",
        "slower",
        template,
        Parameters=[{"ParameterKey": "N", "ParameterValue": "3"}],
    )
    (change,) = (c["ResourceChange"] for c in slower["Changes"])
    assert (change["Replacement"], change["Scope"]) == ("False", ["Properties"])
    assert change["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "DelaySeconds",
                "RequiresRecreation": "Never",
            },
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": "N",
        }
    ]
    template["Resources"]["Q"]["Properties"]["QueueName"] = "renamed"
    renamed = change_set(cloudformation, "sets", "renamed", template)
    replacements = {
        c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]["Replacement"]
        for c in renamed["Changes"]
    }
    assert replacements == {"Q": "True", "P": "False"}
    cloudformation.execute_change_set(StackName="sets", ChangeSetName="renamed")
    assert ended(cloudformation, "sets")["StackStatus"] == "UPDATE_COMPLETE"
    left = cloudformation.list_change_sets(StackName="sets")["Summaries"]
    assert [one["ChangeSetName"] for one in left] == ["renamed"]
    with pytest.raises(cloudformation.exceptions.InvalidChangeSetStatusException):
        cloudformation.execute_change_set(StackName="sets", ChangeSetName="renamed")
    with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
        cloudformation.describe_change_set(StackName="sets", ChangeSetName="none")
    delete(cloudformation, "sets")


def test_previous_templates_and_values(cloudformation):
    template = {"Parameters": {"N": {"Type": "Number"}}}
    create(
        cloudformation,
        "previous",
        {"Q": queue(DelaySeconds={"Ref": "N"})},
        template=template,
        Parameters=[{"ParameterKey": "N", "ParameterValue": "4"}],
    )
    keep = [{"ParameterKey": "N", "UsePreviousValue": True}]
    with pytest.raises(ClientError) as refused:
        cloudformation.update_stack(StackName="previous", UsePreviousTemplate=True, Parameters=keep)
    assert refused.value.response["Error"]["Message"] == "No updates are to be performed."
    cloudformation.update_stack(
        StackName="previous",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "N", "ParameterValue": "6"}],
    )
    stack = ended(cloudformation, "previous")
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Parameters"] == [{"ParameterKey": "N", "ParameterValue": "6"}]
    delete(cloudformation, "previous")


def test_exports_in_use_stay(cloudformation):
    exporting = {"Outputs": {"A": {"Value": {"Ref": "Q"}, "Export": {"Name": "shared-queue"}}}}
    create(cloudformation, "exporting", {"Q": queue()}, template=exporting)
    create(cloudformation, "importing", {"P": parameter({"Fn::ImportValue": "shared-queue"})})
    twice = create(
        cloudformation, "twice", {"Q": queue()}, template=exporting, expect="ROLLBACK_COMPLETE"
    )
    assert any(
        "Export with name shared-queue is already exported by stack exporting." in line
        for line in reasons(cloudformation, twice["StackId"])
    )
    update(cloudformation, "exporting", {"Q": queue()}, expect="UPDATE_ROLLBACK_COMPLETE")
    assert any(
        "Export shared-queue cannot be deleted as it is in use by importing" in line
        for line in reasons(cloudformation, "exporting")
    )
    cloudformation.delete_stack(StackName="exporting")
    stack = cloudformation.describe_stacks(StackName="exporting")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack["StackStatusReason"] == (
        "Delete canceled. Cannot delete export shared-queue as it is in use by importing."
    )
    assert cloudformation.list_imports(ExportName="shared-queue")["Imports"] == ["importing"]
    missing = create(
        cloudformation,
        "missing-export",
        {"P": parameter({"Fn::ImportValue": "nobody"})},
        expect="ROLLBACK_COMPLETE",
    )
    assert any(
        "No export named nobody found" in line
        for line in reasons(cloudformation, missing["StackId"])
    )
    for name in ("importing", "exporting", "twice", "missing-export"):
        delete(cloudformation, name)
    assert not cloudformation.list_exports()["Exports"]


def test_nested_stacks(cloudformation, emulator):
    s3, sqs = emulator.client("s3"), emulator.client("sqs")
    s3.create_bucket(Bucket="nested-templates")

    def put(resources: dict) -> None:
        inner = {
            "Parameters": {"N": {"Type": "Number"}},
            "Resources": {"Q": queue(QueueName="inner", DelaySeconds={"Ref": "N"}), **resources},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}},
        }
        s3.put_object(Bucket="nested-templates", Key="inner.json", Body=json.dumps(inner))

    def outer(delay: int, **more) -> dict:
        return {
            "Inner": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": "https://nested-templates.s3.us-east-1.amazonaws.com/inner.json",
                    "Parameters": {"N": delay},
                },
            },
            "P": parameter({"Fn::GetAtt": ["Inner", "Outputs.Arn"]}),
            **more,
        }

    def delay() -> str:
        url = sqs.get_queue_url(QueueName="inner")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
        return found["Attributes"]["DelaySeconds"]

    put({})
    made = create(cloudformation, "outer", outer(1))
    (inner,) = (
        one
        for one in cloudformation.describe_stacks()["Stacks"]
        if one.get("ParentId") == made["StackId"]
    )
    assert inner["StackName"].startswith("outer-Inner-")
    update(cloudformation, "outer", outer(7))
    assert delay() == "7"
    put({"Second": queue(QueueName="second")})
    failing = outer(9, Fleet={**FLEET, "DependsOn": "Inner"})
    update(cloudformation, "outer", failing, expect="UPDATE_ROLLBACK_COMPLETE")
    assert delay() == "7"
    assert not [u for u in sqs.list_queues()["QueueUrls"] if u.endswith("/second")]
    put({"Fleet": FLEET})
    update(cloudformation, "outer", outer(8), expect="UPDATE_ROLLBACK_COMPLETE")
    assert delay() == "7"
    delete(cloudformation, "outer")
    refused = create(cloudformation, "outer", outer(1), expect="ROLLBACK_COMPLETE")
    lines = reasons(cloudformation, refused["StackId"])
    assert any("was not successfully created: The following resource(s)" in line for line in lines)
    assert not sqs.list_queues(QueueNamePrefix="inner").get("QueueUrls")
    delete(cloudformation, "outer")


def test_a_protected_stack(cloudformation):
    create(cloudformation, "protected", {"Q": queue()}, EnableTerminationProtection=True)
    with pytest.raises(ClientError) as refused:
        cloudformation.delete_stack(StackName="protected")
    assert "TerminationProtection is enabled" in refused.value.response["Error"]["Message"]
    cloudformation.update_termination_protection(
        StackName="protected", EnableTerminationProtection=False
    )
    delete(cloudformation, "protected")


def test_events_in_order(cloudformation):
    create(cloudformation, "events", {"P": parameter("a")})
    assert reasons(cloudformation, "events") == [
        "events CREATE_IN_PROGRESS User Initiated",
        "P CREATE_IN_PROGRESS ",
        "P CREATE_IN_PROGRESS Resource creation Initiated",
        "P CREATE_COMPLETE ",
        "events CREATE_COMPLETE ",
    ]
    for call in (
        lambda: create(cloudformation, "events", {"P": parameter("a")}),
        lambda: cloudformation.describe_stacks(StackName="no-such"),
        lambda: update(cloudformation, "no-such", {"P": parameter("a")}),
        lambda: cloudformation.describe_stack_resource(
            StackName="events", LogicalResourceId="None"
        ),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] in (
            "AlreadyExistsException",
            "ValidationError",
        )
    delete(cloudformation, "events")
    cloudformation.delete_stack(StackName="no-such")


def test_a_custom_name_cannot_be_replaced(cloudformation):
    def table(key: str) -> dict:
        return {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "fixed-name",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            },
        }

    create(cloudformation, "fixed", {"T": table("a")})
    update(cloudformation, "fixed", {"T": table("b")}, expect="UPDATE_ROLLBACK_COMPLETE")
    assert any(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename fixed-name and update the stack again." in line
        for line in reasons(cloudformation, "fixed")
    )
    delete(cloudformation, "fixed")


@pytest.fixture
def developer(emulator):
    """An IAM user who may use CloudFormation and SQS, and nothing else."""
    iam = emulator.client("iam")
    iam.create_user(UserName="developer")
    key = iam.create_access_key(UserName="developer")["AccessKey"]

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_user_policy(UserName="developer", PolicyName="p", PolicyDocument=json.dumps(policy))

    allow("cloudformation:*", "sqs:*")
    client = emulator.client(
        "cloudformation", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )
    yield client, allow
    iam.delete_user_policy(UserName="developer", PolicyName="p")
    iam.delete_access_key(UserName="developer", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="developer")


def test_resources_are_made_with_the_callers_rights(developer, emulator):
    client, _ = developer
    resources = {"Q": queue(QueueName="allowed"), "P": {**parameter("x"), "DependsOn": "Q"}}
    stack = create(client, "rights", resources, expect="ROLLBACK_COMPLETE")
    (line,) = (one for one in reasons(client, stack["StackId"]) if "P CREATE_FAILED" in one)
    assert "user/developer is not authorized to perform: ssm:PutParameter" in line
    assert "Service: Ssm, Status Code: 400" in line
    assert "HandlerErrorCode: AccessDenied" in line
    assert not emulator.client("sqs").list_queues(QueueNamePrefix="allowed").get("QueueUrls")
    delete(client, "rights")


def test_a_service_role_gives_its_rights(developer, emulator):
    client, allow = developer
    iam = emulator.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudformation.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    rights = {"Effect": "Allow", "Action": ["ssm:*"], "Resource": "*"}
    iam.put_role_policy(
        RoleName="deployer",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights]}),
    )
    with pytest.raises(ClientError) as refused:
        create(client, "by-role", {"P": parameter("x")}, RoleARN=role["Arn"])
    assert "iam:PassRole" in refused.value.response["Error"]["Message"]
    allow("cloudformation:*", "iam:PassRole")
    made = create(client, "by-role", {"P": parameter("x")}, RoleARN=role["Arn"])
    assert made["RoleARN"] == role["Arn"]
    with pytest.raises(ClientError) as refused:
        create(client, "by-none", {"P": parameter("x")}, RoleARN=role["Arn"] + "-none")
    assert "is invalid or cannot be assumed" in refused.value.response["Error"]["Message"]
    delete(client, "by-role")
    iam.delete_role_policy(RoleName="deployer", PolicyName="p")
    iam.delete_role(RoleName="deployer")


def test_a_rollback_that_failed_goes_on(cloudformation, emulator):
    """An update whose way back is blocked stays until somebody clears the way."""
    sqs = emulator.client("sqs")
    base = {"Q": queue(QueueName="blocked", DelaySeconds=1)}
    create(cloudformation, "blocked", base)
    failing = {
        "Q": queue(QueueName="blocked", DelaySeconds=2),
        "B": {
            "Type": "AWS::S3::Bucket",
            "DependsOn": "Q",
            "Properties": {"BucketName": "blocked-bucket"},
        },
        "Fleet": {**FLEET, "DependsOn": "B"},
    }
    cloudformation.update_stack(
        StackName="blocked",
        TemplateBody=json.dumps({"Resources": failing}),
        DisableRollback=True,
    )
    assert ended(cloudformation, "blocked")["StackStatus"] == "UPDATE_FAILED"
    s3 = emulator.client("s3")
    s3.put_object(Bucket="blocked-bucket", Key="k", Body=b"")
    cloudformation.rollback_stack(StackName="blocked")
    assert ended(cloudformation, "blocked")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    s3.delete_object(Bucket="blocked-bucket", Key="k")
    cloudformation.continue_update_rollback(StackName="blocked")
    assert ended(cloudformation, "blocked")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    url = sqs.get_queue_url(QueueName="blocked")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert found["Attributes"]["DelaySeconds"] == "1"
    delete(cloudformation, "blocked")
    assert outputs({}) == {}
