"""May they: bucket policies, ACLs, Object Ownership, Block Public Access, as S3 decides."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

OTHER = "222222222222"
OPEN = {"BlockPublicAcls": False}


def error_of(call, *args, **kwargs) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as problem:
        call(*args, **kwargs)
    response = problem.value.response
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"].get("Message", ""),
    )


@pytest.fixture
def s3(emulator):
    return emulator.client("s3")


@pytest.fixture
def other(emulator):
    return emulator.client("s3", access_key=OTHER)


@pytest.fixture
def bucket(s3):
    name = f"access-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"hello")
    return name


def unblock(s3, bucket, **settings):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OPEN | settings)


def policy(bucket, **change) -> str:
    statement = {
        "Sid": "Read",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | change]})


def visit(emulator, bucket, key="k", **kwargs):
    return emulator.anonymous.get(f"/{bucket}/{key}", **kwargs)


def test_defaults_of_a_new_bucket(s3, bucket):
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True} and len(block) == 4
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_a_visitor_gets_nothing(emulator, s3, bucket):
    for method, path in [
        ("GET", f"/{bucket}/k"),
        ("HEAD", f"/{bucket}/k"),
        ("GET", f"/{bucket}"),
        ("GET", f"/{bucket}/missing"),
        ("GET", f"/{bucket}?policy"),
        ("PUT", f"/{bucket}?policy"),
        ("DELETE", f"/{bucket}?publicAccessBlock"),
        ("PUT", f"/{bucket}?publicAccessBlock"),
        ("PUT", f"/{bucket}?acl"),
        ("PUT", f"/{bucket}/new"),
        ("DELETE", f"/{bucket}/k"),
        ("DELETE", f"/{bucket}"),
        ("POST", f"/{bucket}?delete"),
        ("PUT", "/some-new-bucket"),
    ]:
        reply = emulator.anonymous.request(method, path, content=b"" if method != "PUT" else b"x")
        assert reply.status_code in (403, 400), (method, path, reply.text)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    missing = emulator.anonymous.get("/no-such-bucket-anywhere/k")
    assert (missing.status_code, "NoSuchBucket" in missing.text) == (404, True)


def test_block_public_policy(emulator, s3, bucket):
    status, code, message = error_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket))
    assert (status, code) == (403, "AccessDenied")
    assert message == (
        "User: arn:aws:iam::000000000000:root is not authorized to perform: s3:PutBucketPolicy on "
        f'resource: "arn:aws:s3:::{bucket}" because public policies are prevented by the '
        "BlockPublicPolicy setting in S3 Block Public Access."
    )
    last = emulator.instance.call("GET", "/events?denied=1&limit=1")["events"][0]
    assert last["rule"] == "Block Public Access: BlockPublicPolicy is on"
    private = policy(bucket, Principal={"AWS": OTHER})
    s3.put_bucket_policy(Bucket=bucket, Policy=private)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}


def test_a_public_policy(emulator, s3, bucket):
    unblock(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    assert visit(emulator, bucket).text == "hello"
    missing = visit(emulator, bucket, "missing")
    assert (missing.status_code, "AccessDenied" in missing.text) == (403, True)
    assert emulator.anonymous.get(f"/{bucket}").status_code == 403
    assert emulator.anonymous.put(f"/{bucket}/k", content=b"x").status_code == 403
    both = json.loads(policy(bucket))
    both["Statement"].append(
        both["Statement"][0]
        | {"Sid": "List", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(both))
    missing = visit(emulator, bucket, "missing")
    assert (missing.status_code, "NoSuchKey" in missing.text) == (404, True)
    s3.delete_bucket_policy(Bucket=bucket)
    assert visit(emulator, bucket).status_code == 403


def test_restrict_public_buckets(emulator, s3, other, bucket):
    unblock(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    unblock(s3, bucket, RestrictPublicBuckets=True)
    assert visit(emulator, bucket).status_code == 403
    assert error_of(other.get_object, Bucket=bucket, Key="k")[1] == "AccessDenied"
    assert s3.get_object(Bucket=bucket, Key="k")


def test_versions_need_their_own_action(emulator, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    unblock(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    assert visit(emulator, bucket).text == "new"
    assert visit(emulator, bucket, params={"versionId": old}).status_code == 403
    s3.put_bucket_policy(
        Bucket=bucket, Policy=policy(bucket, Action=["s3:GetObject", "s3:GetObjectVersion"])
    )
    assert visit(emulator, bucket, params={"versionId": old}).text == "old"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Principal": ""}, "Missing required field Principal cannot be empty!"),
        (
            {"Resource": "arn:aws:s3:::{bucket}"},
            "Action does not apply to any resource(s) in statement",
        ),
        ({"Resource": "arn:aws:s3:::elsewhere/*"}, "Policy has invalid resource"),
        (
            {"Principal": {"AWS": "arn:aws:iam::000000000000:user/nobody-here"}},
            "Invalid principal in policy",
        ),
        ({"Action": "s3:Read"}, "Policy has invalid action"),
    ],
)
def test_malformed_policies(s3, bucket, change, message):
    unblock(s3, bucket)
    change = {
        name: value.replace("{bucket}", bucket) if isinstance(value, str) else value
        for name, value in change.items()
    }
    found = error_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket, **change))
    assert found == (400, "MalformedPolicy", message)
    assert error_of(s3.get_bucket_policy, Bucket=bucket)[1] == "NoSuchBucketPolicy"


def test_conditions_of_a_visitor(emulator, s3, bucket):
    unblock(s3, bucket)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(bucket, Condition={"StringLike": {"aws:Referer": "https://example.com/*"}}),
    )
    assert visit(emulator, bucket).status_code == 403
    headers = {"Referer": "https://example.com/page"}
    assert visit(emulator, bucket, headers=headers).text == "hello"
    s3.put_bucket_policy(
        Bucket=bucket, Policy=policy(bucket, Condition={"IpAddress": {"aws:SourceIp": "127.0.0.1"}})
    )
    assert visit(emulator, bucket).text == "hello"
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(bucket, Condition={"Bool": {"aws:SecureTransport": "true"}}),
    )
    assert visit(emulator, bucket).status_code == 403


def test_object_tags_decide(emulator, s3, bucket):
    unblock(s3, bucket)
    s3.put_object(Bucket=bucket, Key="open", Body=b"x", Tagging="public=yes")
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(bucket, Condition={"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}),
    )
    assert visit(emulator, bucket, "open").status_code == 200
    assert visit(emulator, bucket).status_code == 403


def test_the_root_meets_its_own_deny(s3, bucket):
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(bucket, Sid="Nobody", Effect="Deny", Action="s3:*", Principal="*"),
    )
    status, code, message = error_of(s3.get_object, Bucket=bucket, Key="k")
    assert (status, code) == (403, "AccessDenied")
    assert message == (
        "User: arn:aws:iam::000000000000:root is not authorized to perform: s3:GetObject on "
        f'resource: "arn:aws:s3:::{bucket}/k" with an explicit deny in a resource-based policy'
    )
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="k")


def test_another_account(emulator, s3, other, bucket):
    assert error_of(other.get_object, Bucket=bucket, Key="k")[2] == (
        f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{bucket}/k" because no resource-based policy allows the s3:GetObject action'
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Principal={"AWS": OTHER}))
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    assert error_of(other.put_object, Bucket=bucket, Key="k", Body=b"x")[0] == 403
    assert error_of(other.delete_bucket_policy, Bucket=bucket)[0] == 403
    assert bucket not in [b["Name"] for b in other.list_buckets()["Buckets"]]


def test_acls_are_off(s3, bucket):
    expected = (400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
    assert error_of(s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read") == expected
    assert error_of(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == expected
    assert error_of(s3.put_object, Bucket=bucket, Key="x", ACL="public-read") == expected
    assert error_of(s3.put_object, Bucket=bucket, Key="x", ACL="private") == expected
    s3.put_object(Bucket=bucket, Key="x", ACL="bucket-owner-full-control")
    name = f"access-{uuid.uuid4().hex[:12]}"
    assert error_of(s3.create_bucket, Bucket=name, ACL="public-read")[:2] == (
        400,
        "InvalidBucketAclWithObjectOwnership",
    )


def test_a_public_acl(emulator, s3, other, bucket):
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    status, code, message = error_of(s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read")
    assert (status, code) == (403, "AccessDenied")
    assert message.endswith(
        "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access."
    )
    assert error_of(s3.put_object, Bucket=bucket, Key="x", ACL="public-read")[1] == "AccessDenied"
    unblock(s3, bucket)
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    assert visit(emulator, bucket).text == "hello"
    assert emulator.anonymous.get(f"/{bucket}").status_code == 403
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert emulator.anonymous.get(f"/{bucket}").status_code == 200
    s3.put_object(Bucket=bucket, Key="second", Body=b"2")
    assert visit(emulator, bucket, "second").status_code == 403
    unblock(s3, bucket, IgnorePublicAcls=True)
    assert visit(emulator, bucket).status_code == 403
    unblock(s3, bucket)
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="authenticated-read")
    assert visit(emulator, bucket).status_code == 403
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    # Back to "bucket owner enforced": refused while the bucket's ACL grants, then ACLs say nothing.
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert (
        error_of(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=enforced)[1]
        == "InvalidBucketAclWithObjectOwnership"
    )
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=enforced)
    assert error_of(other.get_object, Bucket=bucket, Key="k")[0] == 403


def test_a_grant_to_an_account(emulator, s3, other, bucket):
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    grantee = other.list_buckets()["Owner"]["ID"]
    assert grantee != s3.list_buckets()["Owner"]["ID"]
    s3.put_object_acl(Bucket=bucket, Key="k", GrantRead=f"id={grantee}")
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    assert error_of(other.get_object_acl, Bucket=bucket, Key="k")[0] == 403
    third = emulator.client("s3", access_key="333333333333")
    assert error_of(third.get_object, Bucket=bucket, Key="k")[0] == 403


def test_the_accounts_own_block(emulator, s3, bucket):
    unblock(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    assert visit(emulator, bucket).status_code == 200
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    body = "".join(f"<{name}>true</{name}>" for name in everything)
    reply = account_block(
        emulator,
        "PUT",
        f"<PublicAccessBlockConfiguration>{body}</PublicAccessBlockConfiguration>".encode(),
    )
    assert reply.status_code in (200, 201), reply.text
    try:
        assert visit(emulator, bucket).status_code == 403
        assert error_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket))[0] == 403
    finally:
        assert account_block(emulator, "DELETE", b"").status_code in (200, 204)
    assert visit(emulator, bucket).status_code == 200


def account_block(emulator, method: str, body: bytes):
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    path = "/v20180820/configuration/publicAccessBlock"
    request = AWSRequest(
        method,
        f"{emulator.endpoint}{path}",
        data=body,
        headers={"x-amz-account-id": "000000000000", "Host": emulator.endpoint.split("//")[1]},
    )
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
    return emulator.anonymous.request(
        method, path, content=body, headers=dict(request.headers.items())
    )


def test_each_key_of_a_batch_is_decided(emulator, s3, bucket):
    from tests.emulator.test_access_iam import user_with

    s3.put_object(Bucket=bucket, Key="mine/a", Body=b"x")
    keys = user_with(
        emulator,
        {
            "Effect": "Allow",
            "Action": "s3:DeleteObject",
            "Resource": f"arn:aws:s3:::{bucket}/mine/*",
        },
    )
    reply = emulator.client("s3", **keys).delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "k"}]}
    )
    assert [item["Key"] for item in reply["Deleted"]] == ["mine/a"]
    assert [(item["Key"], item["Code"]) for item in reply["Errors"]] == [("k", "AccessDenied")]
    assert "is not authorized to perform: s3:DeleteObject" in reply["Errors"][0]["Message"]
    assert s3.head_object(Bucket=bucket, Key="k")
    reply = emulator.client("s3", **keys).delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "k"}]}
    )
    assert "Deleted" not in reply and len(reply["Errors"]) == 1


def test_a_presigned_url_has_its_signers_rights(emulator, s3, bucket):
    from tests.emulator.test_access_iam import user_with

    keys = user_with(
        emulator,
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/k"},
    )
    signer = emulator.client("s3", signature_version="s3v4", **keys)

    def url(operation, key):
        return signer.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})

    assert emulator.anonymous.get(url("get_object", "k")).text == "hello"
    assert emulator.anonymous.put(url("put_object", "k"), content=b"x").status_code == 403
    assert emulator.anonymous.get(url("get_object", "other")).status_code == 403
