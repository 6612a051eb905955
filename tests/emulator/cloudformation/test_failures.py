"""A stack that fails says why, and leaves nothing."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloudformation.stacks import create, delete, ended, outputs, reasons, update


@pytest.fixture
def cloudformation(emulator):
    return emulator.client("cloudformation")


def table(name: str, **more) -> dict:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
        },
        **more,
    }


def tables(emulator) -> list[str]:
    return emulator.client("dynamodb").list_tables()["TableNames"]


def test_a_type_that_aws_does_not_have_is_refused(cloudformation):
    with pytest.raises(ClientError) as refused:
        create(cloudformation, "unknown-type", {"A": {"Type": "AWS::Nothing::Thing"}})
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert (
        refused.value.response["Error"]["Message"]
        == "Template format error: Unrecognized resource types: [AWS::Nothing::Thing]"
    )


def test_a_type_that_the_sandbox_does_not_have_fails_the_stack(cloudformation, emulator):
    resources = {
        "Table": table("beside-unsupported"),
        "Fleet": {
            "Type": "AWS::GameLift::Fleet",
            "DependsOn": "Table",
            "Properties": {"Name": "fleet"},
        },
    }
    stack = create(cloudformation, "unsupported", resources, expect="ROLLBACK_COMPLETE")
    assert "beside-unsupported" not in tables(emulator)
    lines = reasons(cloudformation, stack["StackId"])
    assert any("Fleet CREATE_FAILED" in line and "AWS::GameLift::Fleet" in line for line in lines)
    assert any(
        "ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Fleet]. Rollback requested "
        "by user." in line
        for line in lines
    )
    assert "unknown" not in json.dumps(
        cloudformation.describe_stack_resources(StackName="unsupported")["StackResources"],
        default=str,
    )
    delete(cloudformation, "unsupported")


def test_rollback_leaves_what_was_there_before(cloudformation, emulator):
    emulator.client("dynamodb").create_table(**table("was-there")["Properties"])
    stack = create(
        cloudformation,
        "collision",
        {"First": table("made-first"), "Mine": table("was-there", DependsOn="First")},
        expect="ROLLBACK_COMPLETE",
    )
    assert "was-there" in tables(emulator)
    assert "made-first" not in tables(emulator)
    assert any("Mine CREATE_FAILED" in line for line in reasons(cloudformation, stack["StackId"]))
    delete(cloudformation, "collision")
    assert "was-there" in tables(emulator)


@pytest.mark.parametrize(
    ("more", "status", "left"),
    [
        ({"DisableRollback": True}, "CREATE_FAILED", True),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", True),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", False),
    ],
    ids=["disabled", "nothing", "delete"],
)
def test_on_failure_is_obeyed(cloudformation, emulator, more, status, left):
    name = "on-failure-" + status.lower().replace("_", "-") + "-" + str(len(more))
    resources = {
        "Table": table(f"{name}-table"),
        "Fleet": {"Type": "AWS::GameLift::Fleet", "DependsOn": "Table", "Properties": {}},
    }
    made = cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), **more
    )
    assert ended(cloudformation, made["StackId"])["StackStatus"] == status
    assert (f"{name}-table" in tables(emulator)) is left
    if left:
        delete(cloudformation, name)
        assert f"{name}-table" not in tables(emulator)


def test_a_failed_update_goes_back(cloudformation, emulator):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "steady", "DelaySeconds": 5}}
    create(
        cloudformation,
        "going-back",
        {"Queue": queue},
        template={"Outputs": {"Url": {"Value": {"Ref": "Queue"}}}},
    )
    changed = {**queue, "Properties": {"QueueName": "steady", "DelaySeconds": 9}}
    stack = update(
        cloudformation,
        "going-back",
        {
            "Queue": changed,
            "New": table("new-in-update", DependsOn="Queue"),
            "Fleet": {"Type": "AWS::GameLift::Fleet", "DependsOn": "New", "Properties": {}},
        },
        expect="UPDATE_ROLLBACK_COMPLETE",
    )
    assert outputs(stack)["Url"].endswith("/steady")
    assert "new-in-update" not in tables(emulator)
    sqs = emulator.client("sqs")
    url = sqs.get_queue_url(QueueName="steady")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert attributes["Attributes"]["DelaySeconds"] == "5"
    template = cloudformation.get_template(StackName="going-back")["TemplateBody"]
    assert "GameLift" not in str(template)
    delete(cloudformation, "going-back")
    assert not [u for u in sqs.list_queues().get("QueueUrls", []) if u.endswith("/steady")]


def test_an_update_adds_changes_and_removes(cloudformation, emulator):
    create(cloudformation, "moving", {"A": table("moving-a"), "B": table("moving-b")})
    update(cloudformation, "moving", {"B": table("moving-b"), "C": table("moving-c")})
    assert {"moving-b", "moving-c"} <= set(tables(emulator))
    assert "moving-a" not in tables(emulator)
    with pytest.raises(ClientError) as refused:
        update(cloudformation, "moving", {"B": table("moving-b"), "C": table("moving-c")})
    assert refused.value.response["Error"]["Message"] == "No updates are to be performed."
    delete(cloudformation, "moving")
    assert not {"moving-b", "moving-c"} & set(tables(emulator))


def test_a_deletion_that_fails_can_be_repeated(cloudformation, emulator):
    create(
        cloudformation,
        "full",
        {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "not-empty-yet"}}},
    )
    s3 = emulator.client("s3")
    s3.put_object(Bucket="not-empty-yet", Key="k", Body=b"")
    delete(cloudformation, "full", expect="DELETE_FAILED")
    stack = cloudformation.describe_stacks(StackName="full")["Stacks"][0]
    assert "failed to delete: [Bucket]" in stack["StackStatusReason"]
    s3.delete_object(Bucket="not-empty-yet", Key="k")
    delete(cloudformation, "full")
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket="not-empty-yet")


def test_retained_resources_stay(cloudformation, emulator):
    create(cloudformation, "keeping", {"T": table("kept-table", DeletionPolicy="Retain")})
    delete(cloudformation, "keeping")
    assert "kept-table" in tables(emulator)


@pytest.mark.parametrize(
    ("properties", "given", "needed"),
    [
        ({}, [], "CAPABILITY_IAM"),
        ({"RoleName": "named"}, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
    ids=["iam", "named"],
)
def test_iam_needs_to_be_announced(cloudformation, properties, given, needed):
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            **properties,
        },
    }
    with pytest.raises(ClientError) as refused:
        create(cloudformation, "unannounced", {"Role": role}, Capabilities=given)
    error = refused.value.response["Error"]
    assert error["Code"] == "InsufficientCapabilitiesException"
    assert error["Message"] == f"Requires capabilities : [{needed}]"
