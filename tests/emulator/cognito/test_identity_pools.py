"""Credentials for users and guests, and what they may do."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cognito.conftest import Pool, refused, visitor

FEDERATED = "cognito-identity.amazonaws.com"


def role(emulator, pool_id: str, kind: str, statement: dict) -> str:
    """A role that identities of the pool may assume, with one inline policy."""
    iam = emulator.client("iam")
    name = f"{kind}-{uuid.uuid4().hex[:8]}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": FEDERATED},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{FEDERATED}:aud": pool_id},
            "ForAnyValue:StringLike": {f"{FEDERATED}:amr": kind},
        },
    }
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return arn


@pytest.fixture(scope="module")
def world(emulator):
    """A user pool, an identity pool with both roles, and a bucket with a folder per identity."""
    users = Pool(emulator)
    admin = emulator.client("cognito-identity")
    pool_id = admin.create_identity_pool(
        IdentityPoolName="app",
        AllowUnauthenticatedIdentities=True,
        AllowClassicFlow=True,
        CognitoIdentityProviders=[
            {
                "ProviderName": f"cognito-idp.us-east-1.amazonaws.com/{users.id}",
                "ClientId": users.client_id,
            }
        ],
    )["IdentityPoolId"]
    emulator.client("s3").create_bucket(Bucket="identities")
    own = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::identities/${{{FEDERATED}:sub}}/*",
    }
    guests = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::identities"}
    roles = {
        "authenticated": role(emulator, pool_id, "authenticated", own),
        "unauthenticated": role(emulator, pool_id, "unauthenticated", guests),
    }
    admin.set_identity_pool_roles(IdentityPoolId=pool_id, Roles=roles)
    return users, pool_id, roles


def keys(found: dict) -> dict[str, str]:
    given = found["Credentials"]
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given.get("SecretKey") or given["SecretAccessKey"],
        "token": given["SessionToken"],
    }


def logins(users: Pool, token: str) -> dict[str, str]:
    return {f"cognito-idp.us-east-1.amazonaws.com/{users.id}": token}


def test_a_user_reaches_its_own_folder_alone(emulator, world):
    users, pool_id, _roles = world
    app = visitor(emulator, "cognito-identity")
    given = {"Logins": logins(users, users.tokens(users.user())["IdToken"])}
    identity = app.get_id(IdentityPoolId=pool_id, **given)["IdentityId"]
    assert app.get_id(IdentityPoolId=pool_id, **given)["IdentityId"] == identity
    found = app.get_credentials_for_identity(IdentityId=identity, **given)
    s3 = emulator.client("s3", **keys(found))
    s3.put_object(Bucket="identities", Key=f"{identity}/note", Body=b"mine")
    assert refused(s3.put_object, Bucket="identities", Key="other/note", Body=b"x")[0] == (
        "AccessDenied"
    )
    caller = emulator.client("sts", **keys(found)).get_caller_identity()["Arn"]
    assert caller.endswith("/CognitoIdentityCredentials")
    assert refused(app.get_credentials_for_identity, IdentityId=identity) == (
        "NotAuthorizedException",
        f"Access to Identity '{identity}' is forbidden.",
    )


def test_a_guest_has_the_guests_role(emulator, world):
    _users, pool_id, _roles = world
    app = visitor(emulator, "cognito-identity")
    identity = app.get_id(IdentityPoolId=pool_id)["IdentityId"]
    s3 = emulator.client("s3", **keys(app.get_credentials_for_identity(IdentityId=identity)))
    s3.list_objects_v2(Bucket="identities")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="identities", Key=f"{identity}/note", Body=b"x")


def test_the_basic_flow_goes_by_sts(emulator, world):
    users, pool_id, roles = world
    app, sts = visitor(emulator, "cognito-identity"), visitor(emulator, "sts")
    given = {"Logins": logins(users, users.tokens(users.user())["IdToken"])}
    identity = app.get_id(IdentityPoolId=pool_id, **given)["IdentityId"]
    token = app.get_open_id_token(IdentityId=identity, **given)["Token"]
    assume = {"RoleSessionName": "app", "WebIdentityToken": token}
    found = sts.assume_role_with_web_identity(RoleArn=roles["authenticated"], **assume)
    assert found["SubjectFromWebIdentityToken"] == identity
    s3 = emulator.client("s3", **keys(found))
    s3.put_object(Bucket="identities", Key=f"{identity}/note", Body=b"mine")
    assert refused(
        sts.assume_role_with_web_identity, RoleArn=roles["unauthenticated"], **assume
    ) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    forged = assume | {"WebIdentityToken": token[:-6] + "AAAAAA"}
    assert refused(sts.assume_role_with_web_identity, RoleArn=roles["authenticated"], **forged)[
        0
    ] == ("InvalidIdentityToken")


def test_tokens_of_others_do_not_count(emulator, world):
    users, pool_id, _roles = world
    app = visitor(emulator, "cognito-identity")
    other = Pool(emulator)
    token = other.tokens(other.user())["IdToken"]
    assert refused(app.get_id, IdentityPoolId=pool_id, Logins=logins(other, token)) == (
        "NotAuthorizedException",
        "Token is not from a supported provider of this identity pool.",
    )
    assert refused(app.get_id, IdentityPoolId=pool_id, Logins=logins(users, token)) == (
        "NotAuthorizedException",
        "Invalid login token. Issuer doesn't match providerName",
    )
    assert refused(app.get_id, IdentityPoolId=pool_id, Logins=logins(users, "rubbish"))[1] == (
        "Invalid login token. Not a valid OpenId Connect identity token."
    )
    missing = "us-east-1:00000000-0000-4000-8000-000000000000"
    assert refused(app.get_id, IdentityPoolId=missing) == (
        "ResourceNotFoundException",
        f"IdentityPool '{missing}' not found.",
    )


def test_no_guests_and_no_trust(emulator, world):
    _users, other_pool, roles = world
    admin, app = emulator.client("cognito-identity"), visitor(emulator, "cognito-identity")
    pool_id = admin.create_identity_pool(
        IdentityPoolName="closed", AllowUnauthenticatedIdentities=False
    )["IdentityPoolId"]
    assert refused(app.get_id, IdentityPoolId=pool_id) == (
        "NotAuthorizedException",
        "Unauthenticated access is not supported for this identity pool.",
    )
    admin.update_identity_pool(
        IdentityPoolId=pool_id, IdentityPoolName="open", AllowUnauthenticatedIdentities=True
    )
    # The role trusts the other pool.
    admin.set_identity_pool_roles(IdentityPoolId=pool_id, Roles=roles)
    identity = app.get_id(IdentityPoolId=pool_id)["IdentityId"]
    assert refused(app.get_credentials_for_identity, IdentityId=identity) == (
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    )
    assert refused(app.get_open_id_token, IdentityId=identity)[0] == "InvalidParameterException"


def test_the_role_of_a_users_group(emulator, world):
    users, pool_id, roles = world
    admin, app = emulator.client("cognito-identity"), visitor(emulator, "cognito-identity")
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    staff = role(emulator, pool_id, "authenticated", everything)
    provider = f"cognito-idp.us-east-1.amazonaws.com/{users.id}:{users.client_id}"
    admin.set_identity_pool_roles(
        IdentityPoolId=pool_id,
        Roles=roles,
        RoleMappings={provider: {"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}},
    )
    users.admin.create_group(UserPoolId=users.id, GroupName="staff", RoleArn=staff)
    name = users.user()
    users.admin.admin_add_user_to_group(UserPoolId=users.id, Username=name, GroupName="staff")
    given = {"Logins": logins(users, users.tokens(name)["IdToken"])}
    identity = app.get_id(IdentityPoolId=pool_id, **given)["IdentityId"]
    found = app.get_credentials_for_identity(IdentityId=identity, **given)
    assert emulator.client("s3", **keys(found)).list_buckets()["Buckets"]


def test_a_user_pool_that_iam_trusts_by_itself(emulator, world):
    users, _pool_id, _roles = world
    iam, sts = emulator.client("iam"), visitor(emulator, "sts")
    name = f"cognito-idp.us-east-1.amazonaws.com/{users.id}"
    token = users.tokens(users.user())["IdToken"]
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::000000000000:oidc-provider/{name}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{name}:aud": users.client_id}},
    }
    arn = iam.create_role(
        RoleName=f"oidc-{uuid.uuid4().hex[:8]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    assume = {"RoleArn": arn, "RoleSessionName": "app", "WebIdentityToken": token}
    assert refused(sts.assume_role_with_web_identity, **assume)[0] == "InvalidIdentityToken"
    iam.create_open_id_connect_provider(
        Url=f"https://{name}", ThumbprintList=["0" * 40], ClientIDList=[users.client_id]
    )
    found = sts.assume_role_with_web_identity(**assume)
    assert found["Provider"] == name
    assert emulator.client("sts", **keys(found)).get_caller_identity()["Arn"].endswith("/app")
