"""Objects, versions, copies and uploads on the disk store."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.exceptions import ClientError

MIB = 1024 * 1024


@pytest.fixture
def s3(emulator):
    return emulator.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = f"o-{request.node.name}".replace("_", "-").replace("[", "-").rstrip("]-").lower()[:60]
    s3.create_bucket(Bucket=name)
    return name


def read(s3, bucket, key, **more) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def versioned(s3, bucket, status="Enabled"):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def test_etag_metadata_and_range(s3, bucket):
    body = bytes(range(256)) * 100
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, Metadata={"Who": "ann"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-19")
    assert got["Body"].read() == body[10:20]
    assert got["ContentRange"] == f"bytes 10-19/{len(body)}"
    assert got["Metadata"] == {"who": "ann"}
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=999999-")


def test_overwriting_while_reading_keeps_what_is_read(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"a" * 3 * MIB)
    stream = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = stream.read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=b"b" * 10)
    s3.delete_object(Bucket=bucket, Key="k")
    assert first + stream.read() == b"a" * 3 * MIB


def test_a_failed_checksum_leaves_the_old_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="k", Body=b"new", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert caught.value.response["Error"]["Code"] == "BadDigest"
    assert read(s3, bucket, "k") == b"old"


def test_copy_onto_itself_changes_metadata_only(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"data", Metadata={"a": "1"})
    s3.copy_object(
        Bucket=bucket,
        Key="k",
        CopySource=f"{bucket}/k",
        MetadataDirective="REPLACE",
        Metadata={"a": "2"},
    )
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "2"}
    assert read(s3, bucket, "k") == b"data"


def test_copy_of_an_old_version(s3, bucket):
    versioned(s3, bucket)
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"one")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"two")
    s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k?versionId={old}")
    assert read(s3, bucket, "k") == b"one"
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 3


def test_multipart_with_a_copied_part(s3, bucket):
    source = b"s" * (6 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=source)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    shared = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    one = s3.upload_part_copy(
        **shared,
        PartNumber=1,
        CopySource=f"{bucket}/source",
        CopySourceRange=f"bytes=0-{5 * MIB - 1}",
    )["CopyPartResult"]["ETag"]
    s3.upload_part(**shared, PartNumber=2, Body=b"replaced")
    two = s3.upload_part(**shared, PartNumber=2, Body=b"tail")["ETag"]
    parts = [{"PartNumber": 1, "ETag": one}, {"PartNumber": 2, "ETag": two}]
    done = s3.complete_multipart_upload(**shared, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-2"')
    assert read(s3, bucket, "big") == source[: 5 * MIB] + b"tail"
    assert read(s3, bucket, "big", PartNumber=2) == b"tail"


def test_suspended_versioning_replaces_the_null_version(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    versioned(s3, bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    versioned(s3, bucket, "Suspended")
    s3.put_object(Bucket=bucket, Key="k", Body=b"null")
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [read(s3, bucket, "k", VersionId=v["VersionId"]) for v in listed] == [b"null", b"kept"]
    assert listed[0]["VersionId"] == "null"


def test_delete_markers(s3, bucket):
    versioned(s3, bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with pytest.raises(ClientError, match="MethodNotAllowed"):
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert read(s3, bucket, "k") == b"1"


@pytest.mark.parametrize(
    "storage_class", ["STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "INTELLIGENT_TIERING"]
)
def test_warm_storage_classes_are_readable(s3, bucket, storage_class):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass=storage_class)
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == storage_class
    assert read(s3, bucket, "k") == b"x"


def test_notifications_reach_a_queue(emulator, s3, bucket):
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="uploads")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket=bucket, Key="new.txt", Body=b"x")
    bodies = []
    for _ in range(5):
        received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MaxNumberOfMessages=10)
        bodies += [json.loads(m["Body"]) for m in received.get("Messages", [])]
        if any("Records" in b for b in bodies):
            break
    record = next(b for b in bodies if "Records" in b)["Records"][0]
    assert record["s3"]["object"]["key"] == "new.txt"
