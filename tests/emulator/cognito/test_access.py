"""Administrators need permission; apps need none; pages of this machine may call."""

from __future__ import annotations

import json

import pytest

from tests.emulator.cognito.conftest import PASSWORD, Pool, refused, visitor


def user_with(emulator, name: str, statement: dict) -> dict[str, str]:
    iam = emulator.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


def test_policies_decide_on_pools(emulator, pool):
    other = Pool(emulator)
    allowed = {"Effect": "Allow", "Action": "cognito-idp:ListUsers", "Resource": pool.arn}
    client = emulator.client("cognito-idp", **user_with(emulator, "pool-reader", allowed))
    assert "Users" in client.list_users(UserPoolId=pool.id)
    code, message = refused(client.list_users, UserPoolId=other.id)
    assert code == "AccessDeniedException"
    assert message == (
        "User: arn:aws:iam::000000000000:user/pool-reader is not authorized to perform: "
        f"cognito-idp:ListUsers on resource: {other.arn} because no identity-based policy allows "
        "the cognito-idp:ListUsers action"
    )
    assert refused(client.admin_delete_user, UserPoolId=pool.id, Username="x")[0] == (
        "AccessDeniedException"
    )


def test_administration_needs_a_signature(emulator, pool):
    app = visitor(emulator)
    assert refused(app.list_users, UserPoolId=pool.id)[0] == "MissingAuthenticationTokenException"


def test_no_policy_is_asked_for_what_apps_do(emulator, pool):
    """As on AWS, where these operations take no signature."""
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    name = pool.user()
    key = user_with(emulator, "denied", denied)
    signed = emulator.client("cognito-idp", **key)
    found = signed.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    assert "IdToken" in found["AuthenticationResult"]


@pytest.mark.parametrize(
    "settings",
    [
        {"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True}},
        {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
        {
            "LambdaConfig": {
                "CustomEmailSender": {
                    "LambdaVersion": "V1_0",
                    "LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:x",
                }
            }
        },
    ],
)
def test_settings_that_would_do_nothing_are_refused(emulator, settings):
    admin = emulator.client("cognito-idp")
    assert refused(admin.create_user_pool, PoolName="p", **settings)[0] == "NotImplemented"


def test_pools_of_another_account_do_not_exist(emulator, pool):
    other = emulator.client("cognito-idp", access_key="111111111111")
    assert refused(other.describe_user_pool, UserPoolId=pool.id) == (
        "ResourceNotFoundException",
        f"User pool {pool.id} does not exist.",
    )


def test_a_page_of_this_machine_may_call(emulator):
    headers = {
        "Origin": f"http://site.s3-website.us-east-1.localhost:{emulator.port}",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-amz-target,x-amz-user-agent,cache-control",
    }
    reply = emulator.anonymous.options("/", headers=headers)
    assert reply.status_code in (200, 204)
    assert reply.headers["Access-Control-Allow-Origin"] == headers["Origin"]
    allowed = reply.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("x-amz-target", "x-amz-user-agent", "cache-control"))


def test_what_is_missing_says_so(emulator, pool):
    code, message = refused(
        pool.admin.create_identity_provider,
        UserPoolId=pool.id,
        ProviderName="Google",
        ProviderType="Google",
        ProviderDetails={"client_id": "x"},
    )
    assert code == "NotImplemented"
    assert "identity providers outside the pool" in message


def test_pools_are_described_listed_updated_and_deleted(emulator):
    pool = Pool(emulator, DeletionProtection="ACTIVE")
    found = pool.admin.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert found["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert found["MfaConfiguration"] == "OFF"
    names = {item["Name"] for item in found["SchemaAttributes"]}
    assert {"sub", "email", "phone_number", "address"} <= names
    assert refused(pool.admin.delete_user_pool, UserPoolId=pool.id)[0] == (
        "InvalidParameterException"
    )
    pool.admin.update_user_pool(UserPoolId=pool.id, DeletionProtection="INACTIVE")
    found = pool.admin.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert "AutoVerifiedAttributes" not in found
    pool.admin.delete_user_pool(UserPoolId=pool.id)
    assert refused(pool.admin.describe_user_pool, UserPoolId=pool.id)[0] == (
        "ResourceNotFoundException"
    )


def test_users_are_found_by_filters(pool):
    pool.user("zelda", given_name="Zelda")
    found = pool.admin.list_users(UserPoolId=pool.id, Filter='given_name ^= "Zel"')["Users"]
    assert [user["Username"] for user in found] == ["zelda"]
    found = pool.admin.list_users(UserPoolId=pool.id, Filter='email = "zelda@example.com"')
    assert len(found["Users"]) == 1
    assert refused(pool.admin.list_users, UserPoolId=pool.id, Filter="nonsense") == (
        "InvalidParameterException",
        "Error while parsing filter.",
    )


@pytest.mark.parametrize("domain", ["localhost", "amazonaws.com"])
def test_the_services_own_host_names(emulator, pool, domain):
    host = f"cognito-idp.us-east-1.{domain}:{emulator.port}"
    reply = emulator.anonymous.post(
        "/",
        json={"ClientId": "nobody", "Username": "x", "Password": PASSWORD},
        headers={
            "Host": host,
            "X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    assert reply.status_code == 400
    assert reply.json() == {
        "__type": "ResourceNotFoundException",
        "message": "User pool client nobody does not exist.",
    }
    keys = emulator.anonymous.get(f"/{pool.id}/.well-known/jwks.json", headers={"Host": host})
    assert len(keys.json()["keys"]) == 2
    identity = emulator.anonymous.get(
        "/.well-known/jwks_uri",
        headers={"Host": f"cognito-identity.us-east-1.{domain}:{emulator.port}"},
    )
    assert len(identity.json()["keys"]) == 1
