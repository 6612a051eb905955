"""Which actions and resources an operation needs."""

from __future__ import annotations

import pytest

from sandbox.emulator.access.actions import operations

S3, TABLE = "arn:aws:s3:::", "arn:aws:dynamodb:eu-west-1:111111111111:table/"
CASES = [
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", f"{S3}b")]),
    ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", f"{S3}b/k")]),
    (
        "s3",
        "GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        [("s3:GetObjectVersion", f"{S3}b/k")],
    ),
    (
        "s3",
        "CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/a/x%20y?versionId=1"},
        [("s3:GetObjectVersion", f"{S3}a/x y"), ("s3:PutObject", f"{S3}b/k")],
    ),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "k", "ACL": "public-read", "Tagging": "a=b"},
        [
            ("s3:PutObject", f"{S3}b/k"),
            ("s3:PutObjectAcl", f"{S3}b/k"),
            ("s3:PutObjectTagging", f"{S3}b/k"),
        ],
    ),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "1"}]}},
        [("s3:DeleteObject", f"{S3}b/x"), ("s3:DeleteObjectVersion", f"{S3}b/y")],
    ),
    ("s3", "PutBucketCors", {"Bucket": "b"}, [("s3:PutBucketCORS", f"{S3}b")]),
    ("s3", "DeleteBucketLifecycle", {"Bucket": "b"}, [("s3:PutLifecycleConfiguration", f"{S3}b")]),
    ("dynamodb", "GetItem", {"TableName": "t"}, [("dynamodb:GetItem", f"{TABLE}t")]),
    (
        "dynamodb",
        "Query",
        {"TableName": "t", "IndexName": "i"},
        [("dynamodb:Query", f"{TABLE}t/index/i")],
    ),
    (
        "dynamodb",
        "BatchWriteItem",
        {"RequestItems": {"a": [], "b": []}},
        [("dynamodb:BatchWriteItem", f"{TABLE}a"), ("dynamodb:BatchWriteItem", f"{TABLE}b")],
    ),
    (
        "dynamodb",
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
        [("dynamodb:PutItem", f"{TABLE}a"), ("dynamodb:ConditionCheckItem", f"{TABLE}b")],
    ),
    (
        "dynamodb",
        "ExecuteStatement",
        {"Statement": 'SELECT * FROM "t"."i" WHERE a=1'},
        [("dynamodb:PartiQLSelect", f"{TABLE}t/index/i")],
    ),
    (
        "dynamodb",
        "ExecuteStatement",
        {"Statement": "insert into t value {}"},
        [("dynamodb:PartiQLInsert", f"{TABLE}t")],
    ),
    ("dynamodb", "ListTables", {}, [("dynamodb:ListTables", "*")]),
    ("sts", "GetCallerIdentity", {}, []),
    (
        "sqs",
        "SendMessageBatch",
        {"QueueUrl": "http://localhost/111111111111/q"},
        [("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:q")],
    ),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": "arn:aws:iam::111111111111:role/r"},
        [
            ("lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
            ("iam:PassRole", "arn:aws:iam::111111111111:role/r"),
        ],
    ),
    ("sns", "Publish", {"TopicArn": "arn:aws:sns:x:1:t"}, [("sns:Publish", "arn:aws:sns:x:1:t")]),
    (
        "events",
        "PutRule",
        {"Name": "nightly"},
        [("events:PutRule", "arn:aws:events:eu-west-1:111111111111:rule/nightly")],
    ),
    (
        "ssm",
        "GetParameter",
        {"Name": "/app/key"},
        [("ssm:GetParameter", "arn:aws:ssm:eu-west-1:111111111111:parameter/app/key")],
    ),
    (
        "dynamodbstreams",
        "GetRecords",
        {"ShardIterator": "arn:aws:dynamodb:x:1:table/t/stream/s|1|abc"},
        [("dynamodb:GetRecords", "arn:aws:dynamodb:x:1:table/t/stream/s")],
    ),
    (
        "sqs",
        "ReceiveMessage",
        {"QueueUrl": "http://localhost/222222222222/q"},
        [("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:222222222222:q")],
    ),
    ("nosuchservice", "DoThings", {}, [("nosuchservice:DoThings", "*")]),
]


@pytest.mark.parametrize(("service", "operation", "request_", "wanted"), CASES)
def test_requirements(service, operation, request_, wanted):
    found = operations.requirements(service, operation, request_, "eu-west-1", "111111111111")
    assert [(need.action, need.resource) for need in found] == wanted


def test_every_s3_operation_has_an_action_that_exists():
    import botocore.session

    from sandbox.emulator.access.actions import catalog, s3

    known = {f"s3:{action.name}".lower() for action in catalog.service("s3").actions.values()}
    model = botocore.session.get_session().get_service_model("s3")
    unknown = {
        need.action
        for name in model.operation_names
        for need in s3.requirements(
            name,
            {"Bucket": "b"}
            | ({"Key": "k"} if "Key" in model.operation_model(name).input_shape.members else {})
            if model.operation_model(name).input_shape
            else {},
        )
        if need.action.lower() not in known
    }
    # Directory buckets and the metadata tables are outside the reference that the package ships.
    outside = ("Directory", "Session", "Rename", "Metadata", "Abac", "WriteGetObjectResponse")
    assert {action for action in unknown if not any(word in action for word in outside)} == set()
