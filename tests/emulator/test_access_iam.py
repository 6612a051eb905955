"""Users, roles and sessions: what IAM and STS give, and what each service refuses in its own words."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

ROOT = "arn:aws:iam::000000000000"
ALLOW_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def error_of(call, *args, **kwargs) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as problem:
        call(*args, **kwargs)
    response = problem.value.response
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"].get("Message", ""),
    )


def document(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def user_with(emulator, *statements, name: str | None = None) -> dict[str, str]:
    """A new user with an inline policy; its keys as arguments of `emulator.client`."""
    iam = emulator.client("iam")
    name = name or f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


def session_of(credentials) -> dict[str, str]:
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
    }


@pytest.fixture
def iam(emulator):
    return emulator.client("iam")


@pytest.fixture(scope="module")
def bucket(emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="access-iam")
    s3.put_object(Bucket="access-iam", Key="home/alice/k", Body=b"hello")
    s3.put_object(Bucket="access-iam", Key="home/bob/k", Body=b"hello")
    return "access-iam"


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "status", "code", "end"),
    [
        (
            "s3",
            "get_object",
            {"Bucket": "access-iam", "Key": "home/bob/k"},
            403,
            "AccessDenied",
            's3:GetObject on resource: "arn:aws:s3:::access-iam/home/bob/k" because no '
            "identity-based policy allows the s3:GetObject action",
        ),
        (
            "s3",
            "list_buckets",
            {},
            403,
            "AccessDenied",
            "s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets "
            "action",
        ),
        (
            "dynamodb",
            "get_item",
            {"TableName": "t", "Key": {"id": {"S": "1"}}},
            400,
            "AccessDeniedException",
            "dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/t because "
            "no identity-based policy allows the dynamodb:GetItem action",
        ),
        (
            "dynamodb",
            "list_tables",
            {},
            400,
            "AccessDeniedException",
            "dynamodb:ListTables on resource: * because no identity-based policy allows the "
            "dynamodb:ListTables action",
        ),
        (
            "iam",
            "create_user",
            {"UserName": "eve"},
            403,
            "AccessDenied",
            f"iam:CreateUser on resource: {ROOT}:user/eve because no identity-based policy allows "
            "the iam:CreateUser action",
        ),
        (
            "lambda",
            "get_function",
            {"FunctionName": "f"},
            403,
            "AccessDeniedException",
            "lambda:GetFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:f "
            "because no identity-based policy allows the lambda:GetFunction action",
        ),
        (
            "sqs",
            "create_queue",
            {"QueueName": "q"},
            403,
            "AccessDenied",
            "sqs:CreateQueue on resource: arn:aws:sqs:us-east-1:000000000000:q because no "
            "identity-based policy allows the sqs:CreateQueue action",
        ),
    ],
)
def test_a_user_without_policies(
    emulator, bucket, service, operation, arguments, status, code, end
):
    name = unique("nobody")
    keys = user_with(emulator, name=name)
    found = error_of(getattr(emulator.client(service, **keys), operation), **arguments)
    assert found == (
        status,
        code,
        f"User: {ROOT}:user/{name} is not authorized to perform: {end}",
    )


def test_everybody_may_ask_who_they_are(emulator):
    name = unique("who")
    identity = emulator.client("sts", **user_with(emulator, name=name)).get_caller_identity()
    assert identity["Arn"] == f"{ROOT}:user/{name}"
    assert identity["UserId"].startswith("AIDA")


def test_own_keys(emulator):
    """`${aws:username}` in the resource, and no user name in the request."""
    keys = user_with(
        emulator,
        {
            "Effect": "Allow",
            "Action": ["iam:*AccessKey*", "iam:GetUser"],
            "Resource": "arn:aws:iam::*:user/${aws:username}",
        },
    )
    iam = emulator.client("iam", **keys)
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
    assert iam.get_user()["User"]["Arn"]
    assert error_of(iam.list_access_keys, UserName="somebody-else")[0] == 403


def test_variables_and_conditions(emulator, bucket):
    keys = user_with(
        emulator,
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::access-iam/home/${aws:username}/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::access-iam",
            "Condition": {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
        },
        name="alice",
    )
    s3 = emulator.client("s3", **keys)
    assert s3.get_object(Bucket=bucket, Key="home/alice/k")
    assert error_of(s3.get_object, Bucket=bucket, Key="home/bob/k")[0] == 403
    assert s3.list_objects_v2(Bucket=bucket, Prefix="home/alice/")["KeyCount"] == 1
    assert error_of(s3.list_objects_v2, Bucket=bucket)[0] == 403


def test_groups_managed_policies_and_denial(emulator, iam, bucket):
    name = unique("member")
    s3 = emulator.client("s3", **user_with(emulator, name=name))
    group = unique("readers")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=name)
    assert error_of(s3.get_object, Bucket=bucket, Key="home/bob/k")[0] == 403
    read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_group_policy(GroupName=group, PolicyArn=read_only)
    assert s3.get_object(Bucket=bucket, Key="home/bob/k")
    assert error_of(s3.put_object, Bucket=bucket, Key="x", Body=b"")[0] == 403
    guard = iam.create_policy(
        PolicyName=unique("guard"),
        PolicyDocument=document(
            {"Sid": "No", "Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}
        ),
    )["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=guard)
    assert error_of(s3.get_object, Bucket=bucket, Key="home/bob/k")[2].endswith(
        f"with an explicit deny in an identity-based policy: {guard}"
    )
    iam.detach_user_policy(UserName=name, PolicyArn=guard)
    iam.remove_user_from_group(GroupName=group, UserName=name)
    assert error_of(s3.get_object, Bucket=bucket, Key="home/bob/k")[0] == 403


def test_a_new_version_of_a_policy_counts(emulator, iam, bucket):
    name = unique("versioned")
    s3 = emulator.client("s3", **user_with(emulator, name=name))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(ALLOW_S3))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert s3.get_object(Bucket=bucket, Key="home/bob/k")
    nothing = document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=nothing, SetAsDefault=True)
    assert error_of(s3.get_object, Bucket=bucket, Key="home/bob/k")[0] == 403


def test_a_permissions_boundary(emulator, iam, bucket):
    name = unique("bounded")
    s3 = emulator.client("s3", **user_with(emulator, ALLOW_S3, name=name))
    arn = iam.create_policy(
        PolicyName=name,
        PolicyDocument=document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
    )["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    assert s3.get_object(Bucket=bucket, Key="home/bob/k")
    assert error_of(s3.delete_object, Bucket=bucket, Key="home/bob/k")[2].endswith(
        "because no permissions boundary allows the s3:DeleteObject action"
    )
    iam.delete_user_permissions_boundary(UserName=name)
    s3.put_object(Bucket=bucket, Key="x", Body=b"")


def test_keys_end(emulator, iam, bucket):
    name = unique("keys")
    keys = user_with(emulator, ALLOW_S3, name=name)
    s3 = emulator.client("s3", **keys)
    s3.list_buckets()
    key = {"UserName": name, "AccessKeyId": keys["access_key"]}
    assert key["AccessKeyId"].startswith("AKIA")
    iam.update_access_key(Status="Inactive", **key)
    assert error_of(s3.list_buckets)[1] == "InvalidAccessKeyId"
    iam.update_access_key(Status="Active", **key)
    s3.list_buckets()
    iam.delete_access_key(**key)
    assert error_of(s3.list_buckets)[1] == "InvalidAccessKeyId"


@pytest.fixture
def role(emulator, iam):
    """A role that one user may assume with an external id; (role ARN, the user's keys)."""
    name = unique("user")
    keys = user_with(emulator, name=name)
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": f"{ROOT}:user/{name}"},
        "Condition": {"StringEquals": {"sts:ExternalId": "42"}},
    }
    made = iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(
        RoleName=made["Role"]["RoleName"], PolicyName="s3", PolicyDocument=document(ALLOW_S3)
    )
    return made["Role"]["Arn"], keys


def test_assuming_a_role(emulator, bucket, role):
    arn, keys = role
    sts = emulator.client("sts", **keys)
    wanted = {"RoleArn": arn, "RoleSessionName": "work"}
    refused = error_of(sts.assume_role, **wanted)
    assert refused[:2] == (403, "AccessDenied")
    assert refused[2].endswith(f"is not authorized to perform: sts:AssumeRole on resource: {arn}")
    assert error_of(sts.assume_role, ExternalId="43", **wanted)[1] == "AccessDenied"
    reply = sts.assume_role(ExternalId="42", **wanted)
    session = session_of(reply["Credentials"])
    name = arn.rsplit("/", 1)[-1]
    identity = emulator.client("sts", **session).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{name}/work"
    assert identity["UserId"] == reply["AssumedRoleUser"]["AssumedRoleId"]
    assert emulator.client("s3", **session).get_object(Bucket=bucket, Key="home/bob/k")
    without = {**session, "token": None}
    assert error_of(emulator.client("s3", **without).list_buckets)[1] == "InvalidAccessKeyId"
    false = {**session, "token": "false"}
    assert error_of(emulator.client("s3", **false).list_buckets)[1] == "InvalidToken"
    assert (
        error_of(emulator.client("sts", **false).get_caller_identity)[1] == "InvalidClientTokenId"
    )


def test_who_may_not_assume(emulator, role):
    arn, _keys = role
    wanted = {"RoleArn": arn, "RoleSessionName": "work", "ExternalId": "42"}
    assert error_of(emulator.client("sts").assume_role, **wanted) == (
        403,
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )
    stranger = user_with(emulator, {"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    assert error_of(emulator.client("sts", **stranger).assume_role, **wanted)[1] == "AccessDenied"
    missing = {**wanted, "RoleArn": f"{ROOT}:role/no-such-role"}
    assert error_of(emulator.client("sts", **stranger).assume_role, **missing)[1] == "AccessDenied"


def test_a_session_policy_narrows(emulator, bucket, role):
    arn, keys = role
    reply = emulator.client("sts", **keys).assume_role(
        RoleArn=arn,
        RoleSessionName="narrow",
        ExternalId="42",
        Policy=document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
    )
    s3 = emulator.client("s3", **session_of(reply["Credentials"]))
    assert s3.get_object(Bucket=bucket, Key="home/bob/k")
    assert error_of(s3.put_object, Bucket=bucket, Key="x", Body=b"")[2].endswith(
        "because no session policy allows the s3:PutObject action"
    )


def test_session_tags(emulator, iam, role):
    arn, keys = role
    iam.put_role_policy(
        RoleName=arn.rsplit("/", 1)[-1],
        PolicyName="s3",
        PolicyDocument=document(
            ALLOW_S3 | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
        ),
    )

    def listed(*tags):
        reply = emulator.client("sts", **keys).assume_role(
            RoleArn=arn, RoleSessionName="tags", ExternalId="42", Tags=list(tags)
        )
        return emulator.client("s3", **session_of(reply["Credentials"])).list_buckets

    assert listed({"Key": "team", "Value": "blue"})()
    assert error_of(listed({"Key": "team", "Value": "red"}))[0] == 403


def test_no_longer_than_the_role_allows(emulator, iam, role):
    arn, keys = role
    sts = emulator.client("sts", **keys)
    wanted = {"RoleArn": arn, "RoleSessionName": "long", "ExternalId": "42"}
    assert error_of(sts.assume_role, DurationSeconds=3601, **wanted) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    iam.update_role(RoleName=arn.rsplit("/", 1)[-1], MaxSessionDuration=7200)
    assert sts.assume_role(DurationSeconds=3601, **wanted)["Credentials"]


def test_sessions_end_with_the_sandbox_clock(own_emulator):
    keys = user_with(own_emulator, ALLOW_S3)
    reply = own_emulator.client("sts", **keys).get_session_token(DurationSeconds=900)
    session = session_of(reply["Credentials"])
    own_emulator.client("s3", **session).list_buckets()
    own_emulator.advance(901)
    assert error_of(own_emulator.client("s3", **session).list_buckets) == (
        400,
        "ExpiredToken",
        "The provided token has expired.",
    )
    assert error_of(own_emulator.client("sts", **session).get_caller_identity) == (
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    )
    assert error_of(own_emulator.client("dynamodb", **session).list_tables) == (
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    )


def test_session_and_federation_tokens(emulator, bucket):
    keys = user_with(
        emulator,
        ALLOW_S3,
        {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"},
    )
    sts = emulator.client("sts", **keys)
    session = session_of(sts.get_session_token()["Credentials"])
    assert emulator.client("s3", **session).get_object(Bucket=bucket, Key="home/bob/k")
    assert error_of(emulator.client("sts", **session).get_session_token)[1] == "AccessDenied"
    reply = sts.get_federation_token(
        Name="bob",
        Policy=document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
    )
    federated = session_of(reply["Credentials"])
    assert reply["FederatedUser"]["Arn"] == "arn:aws:sts::000000000000:federated-user/bob"
    assert emulator.client("s3", **federated).get_object(Bucket=bucket, Key="home/bob/k")
    assert error_of(emulator.client("s3", **federated).list_buckets)[0] == 403


def test_passing_a_role(emulator, role):
    arn, _keys = role
    keys = user_with(emulator, {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"})
    found = error_of(
        emulator.client("lambda", **keys).create_function,
        FunctionName=unique("f"),
        Role=arn,
        Code={"ZipFile": b"x"},
        Runtime="python3.12",
        Handler="h.h",
    )
    assert found[1] == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in found[2]


def test_dynamodb_items_by_their_key(emulator):
    dynamodb = emulator.client("dynamodb")
    table = unique("table")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    keys = user_with(
        emulator,
        {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:GetItem"],
            "Resource": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}},
        },
    )
    mine = emulator.client("dynamodb", **keys)
    mine.put_item(TableName=table, Item={"id": {"S": "mine"}})
    assert mine.get_item(TableName=table, Key={"id": {"S": "mine"}})["Item"]
    assert error_of(mine.put_item, TableName=table, Item={"id": {"S": "yours"}})[1] == (
        "AccessDeniedException"
    )
    batch = {table: [{"PutRequest": {"Item": {"id": {"S": "mine"}}}}]}
    assert error_of(mine.batch_write_item, RequestItems=batch)[1] == "AccessDeniedException"
    mine.transact_write_items(
        TransactItems=[{"Put": {"TableName": table, "Item": {"id": {"S": "mine"}}}}]
    )
    delete = [{"Delete": {"TableName": table, "Key": {"id": {"S": "mine"}}}}]
    assert "dynamodb:DeleteItem" in error_of(mine.transact_write_items, TransactItems=delete)[2]
    dynamodb.delete_table(TableName=table)
