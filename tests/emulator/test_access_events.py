"""Why was it refused: the record of requests and CloudTrail's event history."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.test_access_iam import unique, user_with


def events(emulator, **query) -> list[dict]:
    path = "/events?" + "&".join(f"{name}={value}" for name, value in query.items())
    return emulator.instance.call("GET", path)["events"]


def test_a_refusal_and_the_statement_that_made_it(emulator):
    s3 = emulator.client("s3")
    bucket = unique("events")
    s3.create_bucket(Bucket=bucket)
    name = unique("watched")
    keys = user_with(
        emulator,
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
        name=name,
    )
    with pytest.raises(ClientError) as problem:
        emulator.client("s3", **keys).delete_bucket(Bucket=bucket)
    found = events(emulator, denied=1, limit=5)[-1]
    assert found["caller"] == f"arn:aws:iam::000000000000:user/{name}"
    assert found["access_key"] == keys["access_key"]
    assert (found["service"], found["operation"]) == ("s3", "DeleteBucket")
    assert (found["action"], found["resource"]) == ("s3:DeleteBucket", f"arn:aws:s3:::{bucket}")
    assert (found["status"], found["error_code"]) == (403, "AccessDenied")
    assert found["outcome"] == "explicitDeny"
    assert found["rule"] == "explicit deny: KeepBuckets in own"
    assert found["request_id"] == problem.value.response["ResponseMetadata"]["RequestId"]


def test_visitors_forgers_and_what_was_allowed(emulator):
    bucket = unique("events")
    emulator.client("s3").create_bucket(Bucket=bucket)
    emulator.anonymous.get(f"/{bucket}")
    with pytest.raises(ClientError):
        emulator.client("s3", secret_key="guess").head_bucket(Bucket=bucket)
    made, visited, forged = events(emulator, service="s3", limit=3)
    assert (made["operation"], made["outcome"], made["rule"]) == (
        "CreateBucket",
        "allowed",
        "allow: account root user",
    )
    assert (visited["caller_type"], visited["outcome"]) == ("AWSAccount", "implicitDeny")
    assert visited["rule"] == "no resource-based policy allows s3:ListBucket"
    assert (forged["error_code"], forged["rule"]) == (
        "SignatureDoesNotMatch",
        "the caller could not prove who it is",
    )


def test_following(emulator):
    last = emulator.instance.call("GET", "/events?limit=1")["last"]
    emulator.client("sts").get_caller_identity()
    emulator.client("sqs").list_queues()
    found = events(emulator, after=last)
    assert [event["operation"] for event in found] == ["GetCallerIdentity", "ListQueues"]
    assert [e["operation"] for e in events(emulator, after=last, service="sts")] == [
        "GetCallerIdentity"
    ]


def test_secrets_are_not_kept(emulator):
    iam = emulator.client("iam")
    name = unique("login")
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password="Hunter2-Hunter2")
    found = json.dumps(events(emulator, service="iam", limit=5))
    assert name in found and "Hunter2" not in found


def test_cloudtrail(emulator):
    name = unique("trail")
    keys = user_with(emulator, name=name)
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"")
    with pytest.raises(ClientError):
        emulator.client("iam", **keys).list_users()
    trail = emulator.client("cloudtrail")

    def lookup(key, value, **extra):
        attributes = [{"AttributeKey": key, "AttributeValue": value}]
        return trail.lookup_events(LookupAttributes=attributes, **extra)["Events"]

    (found,) = lookup("Username", name)
    assert (found["EventName"], found["EventSource"]) == ("ListUsers", "iam.amazonaws.com")
    assert (found["ReadOnly"], found["AccessKeyId"]) == ("true", keys["access_key"])
    document = json.loads(found["CloudTrailEvent"])
    assert document["userIdentity"]["type"] == "IAMUser"
    assert document["userIdentity"]["userName"] == name
    assert document["errorCode"] == "AccessDenied"
    assert "is not authorized to perform: iam:ListUsers" in document["errorMessage"]
    assert document["eventID"] == found["EventId"]
    named = {event["EventName"] for event in lookup("ResourceName", name)}
    assert named == {"CreateBucket", "CreateUser", "CreateAccessKey"}
    # Objects are data events, which the event history does not have.
    assert lookup("EventName", "PutObject") == []
    first = trail.lookup_events(MaxResults=2)
    second = trail.lookup_events(MaxResults=2, NextToken=first["NextToken"])
    ids = [event["EventId"] for event in first["Events"] + second["Events"]]
    assert len(set(ids)) == 4
    with pytest.raises(ClientError) as problem:
        trail.lookup_events(MaxResults=2, NextToken="nonsense")
    assert problem.value.response["Error"]["Code"] == "InvalidNextTokenException"


def test_the_command(emulator):
    from typer.testing import CliRunner

    from sandbox.cli import app

    assert CliRunner().invoke(app, ["events", "--help"]).exit_code == 0
