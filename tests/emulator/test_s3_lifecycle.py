"""Lifecycle rules and archives, watched with the sandbox clock."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

DAY = 86400
HOUR = 3600
LARGE = b"x" * (128 * 1024)


@pytest.fixture
def s3(own_emulator):
    return own_emulator.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    s3.create_bucket(Bucket=name)
    return name


def rule(**actions):
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **actions}


def put_rules(s3, bucket, *rules):
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}
    )


def storage_class(s3, bucket, key):
    return s3.head_object(Bucket=bucket, Key=key).get("StorageClass", "STANDARD")


def code_of(call, **arguments) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return (
        error["Error"]["Code"],
        error["Error"].get("Message", ""),
        error["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_objects_move_to_colder_classes_and_expire(own_emulator, s3, bucket):
    put_rules(
        s3,
        bucket,
        rule(
            Transitions=[
                {"Days": 30, "StorageClass": "STANDARD_IA"},
                {"Days": 90, "StorageClass": "GLACIER"},
            ],
            Expiration={"Days": 365},
        ),
    )
    s3.put_object(Bucket=bucket, Key="log", Body=LARGE)
    own_emulator.advance(20 * DAY)
    assert storage_class(s3, bucket, "log") == "STANDARD"
    own_emulator.advance(12 * DAY)
    assert storage_class(s3, bucket, "log") == "STANDARD_IA"
    own_emulator.advance(60 * DAY)
    assert storage_class(s3, bucket, "log") == "GLACIER"
    own_emulator.advance(280 * DAY)
    assert code_of(s3.head_object, Bucket=bucket, Key="log")[2] == 404


def test_small_objects_stay_unless_the_filter_names_a_size(own_emulator, s3, bucket):
    to_glacier = [{"Days": 1, "StorageClass": "GLACIER"}]
    put_rules(
        s3,
        bucket,
        {**rule(Transitions=to_glacier), "Filter": {"Prefix": "default/"}},
        {
            **rule(Transitions=to_glacier),
            "ID": "small",
            "Filter": {"And": {"Prefix": "small/", "ObjectSizeGreaterThan": 1}},
        },
    )
    s3.put_object(Bucket=bucket, Key="default/a", Body=b"tiny")
    s3.put_object(Bucket=bucket, Key="small/a", Body=b"tiny")
    own_emulator.advance(3 * DAY)
    assert storage_class(s3, bucket, "default/a") == "STANDARD"
    assert storage_class(s3, bucket, "small/a") == "GLACIER"


def test_versions_expire_and_a_lone_delete_marker_goes(own_emulator, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put_rules(
        s3,
        bucket,
        rule(
            Expiration={"ExpiredObjectDeleteMarker": True},
            NoncurrentVersionExpiration={"NoncurrentDays": 7, "NewerNoncurrentVersions": 1},
        ),
    )
    for body in (b"1", b"2", b"3"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    own_emulator.advance(9 * DAY)
    left = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [
        s3.get_object(Bucket=bucket, Key="k", VersionId=v["VersionId"])["Body"].read() for v in left
    ] == [b"3", b"2"]
    for version in left:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version["VersionId"])
    s3.delete_object(Bucket=bucket, Key="k")
    assert len(s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]) == 1
    own_emulator.advance(1)
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket=bucket)


def test_expiring_a_versioned_object_leaves_a_delete_marker(own_emulator, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put_rules(s3, bucket, rule(Expiration={"Days": 1}))
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    own_emulator.advance(2 * DAY)
    assert code_of(s3.get_object, Bucket=bucket, Key="k")[0] == "NoSuchKey"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"1"


def test_incomplete_upload_is_aborted(own_emulator, s3, bucket):
    put_rules(s3, bucket, rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    s3.create_multipart_upload(Bucket=bucket, Key="big")
    own_emulator.advance(1 * DAY)
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    own_emulator.advance(3 * DAY)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_archived_object_is_refused_until_its_restore_is_done(own_emulator, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"cold", StorageClass="GLACIER")
    assert code_of(s3.get_object, Bucket=bucket, Key="k") == (
        "InvalidObjectState",
        "The operation is not valid for the object's storage class",
        403,
    )
    request = {"Days": 2, "GlacierJobParameters": {"Tier": "Standard"}}
    reply = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest=request)
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert s3.head_object(Bucket=bucket, Key="k")["Restore"] == 'ongoing-request="true"'
    assert code_of(s3.restore_object, Bucket=bucket, Key="k", RestoreRequest=request)[0] == (
        "RestoreAlreadyInProgress"
    )
    own_emulator.advance(4 * HOUR)
    assert code_of(s3.get_object, Bucket=bucket, Key="k")[0] == "InvalidObjectState"
    own_emulator.advance(2 * HOUR)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"cold"
    assert (
        'ongoing-request="false", expiry-date="'
        in s3.head_object(Bucket=bucket, Key="k")["Restore"]
    )
    again = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest=request)
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 200
    own_emulator.advance(4 * DAY)
    assert code_of(s3.get_object, Bucket=bucket, Key="k")[0] == "InvalidObjectState"
    assert "Restore" not in s3.head_object(Bucket=bucket, Key="k")


def test_restore_of_what_is_not_archived_and_wrong_tier(s3, bucket):
    s3.put_object(Bucket=bucket, Key="warm", Body=b"x")
    s3.put_object(Bucket=bucket, Key="deep", Body=b"x", StorageClass="DEEP_ARCHIVE")
    assert (
        code_of(s3.restore_object, Bucket=bucket, Key="warm", RestoreRequest={"Days": 1})[0]
        == "InvalidObjectState"
    )
    assert (
        code_of(
            s3.restore_object,
            Bucket=bucket,
            Key="deep",
            RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}},
        )[0]
        == "InvalidArgument"
    )


def test_copy_of_an_archived_object_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    assert (
        code_of(s3.copy_object, Bucket=bucket, Key="warm", CopySource=f"{bucket}/cold")[0]
        == "ObjectNotInActiveTierError"
    )


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (
            rule(Transitions=[{"Days": 5, "StorageClass": "STANDARD_IA"}]),
            "InvalidArgument",
            "30 for storageClass 'STANDARD_IA'",
        ),
        (rule(), "InvalidRequest", "At least one action"),
        (rule(Expiration={"Days": 0}), "InvalidArgument", "must be a positive integer"),
        (
            rule(Transitions=[{"Days": 40, "StorageClass": "GLACIER"}], Expiration={"Days": 30}),
            "InvalidArgument",
            "must be greater than 'Days' in the Transition action",
        ),
        ({**rule(Expiration={"Days": 3}), "Status": "on"}, "MalformedXML", ""),
    ],
    ids=["ia-too-early", "no-action", "zero-days", "expires-first", "status"],
)
def test_bad_rules_are_refused(s3, own_emulator, bad, code, words):
    s3.create_bucket(Bucket="bad-rules-tests")
    found = code_of(
        s3.put_bucket_lifecycle_configuration,
        Bucket="bad-rules-tests",
        LifecycleConfiguration={"Rules": [bad]},
    )
    assert found[0] == code
    assert words in found[1]


def test_rule_without_id_gets_one(s3, bucket):
    without = rule(Expiration={"Days": 3})
    del without["ID"]
    put_rules(s3, bucket, without)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"]
