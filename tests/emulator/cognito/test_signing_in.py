"""Flows, tokens, factors, sign-out."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pycognito.aws_srp import AWSSRP

from sandbox.emulator.cognito.totp import code_at
from tests.emulator.cognito.conftest import PASSWORD, Pool, claims, refused


def test_tokens_carry_awss_claims_and_verify_with_the_pools_keys(pool, emulator):
    name = pool.user(given_name="Ada")
    tokens = pool.srp(name)
    keys = emulator.anonymous.get(f"/{pool.id}/.well-known/jwks.json").json()
    assert len(keys["keys"]) == 2
    key_set = KeySet.import_key_set(keys)
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    identity = jwt.decode(tokens["IdToken"], key_set, algorithms=["RS256"]).claims
    assert set(identity) == {
        *("sub", "iss", "cognito:username", "aud", "event_id", "token_use", "auth_time", "iat"),
        *("exp", "jti", "origin_jti", "email", "email_verified", "given_name"),
    }
    assert (identity["iss"], identity["aud"], identity["token_use"]) == (
        issuer,
        pool.client_id,
        "id",
    )
    assert identity["email_verified"] is True
    access = jwt.decode(tokens["AccessToken"], key_set, algorithms=["RS256"]).claims
    assert set(access) == {
        *("sub", "iss", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time"),
        *("exp", "iat", "jti", "username"),
    }
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert access["exp"] - access["iat"] == 3600
    headers = [json.loads(base64.b64decode(t.split(".")[0] + "==")) for t in tokens.values()
               if isinstance(t, str) and t.count(".") == 2]  # fmt: skip
    assert len({header["kid"] for header in headers}) == 2
    assert tokens["RefreshToken"].count(".") == 4


def test_the_openid_configuration_names_awss_issuer_and_local_endpoints(pool, emulator):
    host = f"cognito-idp.us-east-1.localhost:{emulator.port}"
    reply = emulator.anonymous.get(
        f"http://{host}/{pool.id}/.well-known/openid-configuration"
    ).json()
    assert reply["issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    assert emulator.anonymous.get(reply["jwks_uri"]).json()["keys"]
    assert emulator.anonymous.get("/us-east-1_none/.well-known/jwks.json").status_code == 404


@pytest.mark.parametrize(
    ("token", "message"),
    [("nonsense", "Invalid Access Token"), ("a.b.c", "Invalid Access Token")],
)
def test_malformed_tokens(pool, token, message):
    assert refused(pool.app.get_user, AccessToken=token) == ("NotAuthorizedException", message)


def test_a_forged_token_and_an_id_token_are_refused(pool):
    tokens = pool.tokens(pool.user())
    head, body, signature = tokens["AccessToken"].split(".")
    payload = claims(tokens["AccessToken"]) | {"username": "root"}
    forged = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    for bad in (f"{head}.{forged}.{signature}", tokens["IdToken"], f"{head}.{body}.AAAA"):
        assert refused(pool.app.get_user, AccessToken=bad) == (
            "NotAuthorizedException",
            "Invalid Access Token",
        )


def test_wrong_passwords_lock_for_a_while(own_emulator):
    pool = Pool(own_emulator)
    name = pool.user()
    for _ in range(5):
        assert refused(pool.sign_in, name=name, password="Wrong-1234") == (
            "NotAuthorizedException",
            "Incorrect username or password.",
        )
    assert refused(pool.sign_in, name=name) == (
        "NotAuthorizedException",
        "Password attempts exceeded",
    )
    own_emulator.advance(2)
    assert pool.tokens(name)


def test_a_flow_is_open_only_to_clients_that_allow_it(pool):
    name = pool.user()
    srp_only = pool.add_client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    login = {
        "ClientId": srp_only["ClientId"],
        "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD},
    }
    assert refused(pool.app.initiate_auth, AuthFlow="USER_PASSWORD_AUTH", **login) == (
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client",
    )
    assert refused(pool.app.initiate_auth, AuthFlow="ADMIN_USER_PASSWORD_AUTH", **login) == (
        "InvalidParameterException",
        "Initiate Auth method not supported.",
    )
    assert refused(
        pool.admin.admin_initiate_auth,
        UserPoolId=pool.id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        **login,
    ) == ("InvalidParameterException", "Auth flow not enabled for this client")
    found = pool.admin.admin_initiate_auth(
        UserPoolId=pool.id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        **login | {"ClientId": pool.client_id},
    )
    assert "IdToken" in found["AuthenticationResult"]


def test_a_client_with_a_secret_wants_its_hash(pool):
    name = pool.user()
    client = pool.add_client(GenerateSecret=True)
    login = {
        "ClientId": client["ClientId"],
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD},
    }
    assert refused(pool.app.initiate_auth, **login) == (
        "NotAuthorizedException",
        f"Client {client['ClientId']} is configured with secret but SECRET_HASH was not received",
    )
    login["AuthParameters"]["SECRET_HASH"] = "d3Jvbmc="
    assert refused(pool.app.initiate_auth, **login) == (
        "NotAuthorizedException",
        f"Unable to verify secret hash for client {client['ClientId']}",
    )
    tokens = pool.srp(name, client=client)
    refresh = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    renew = {"ClientId": client["ClientId"], "AuthFlow": "REFRESH_TOKEN_AUTH"}
    assert refused(
        pool.app.initiate_auth, **renew, AuthParameters=refresh | {"SECRET_HASH": "d3Jvbmc="}
    ) == (
        "NotAuthorizedException",
        f"SecretHash does not match for the client: {client['ClientId']}",
    )
    refresh["SECRET_HASH"] = AWSSRP.get_secret_hash(
        name, client["ClientId"], client["ClientSecret"]
    )
    assert pool.app.initiate_auth(**renew, AuthParameters=refresh)["AuthenticationResult"]


def test_refreshing_and_revoking(pool):
    tokens = pool.tokens(pool.user())
    refresh = {"ClientId": pool.client_id, "RefreshToken": tokens["RefreshToken"]}
    found = pool.app.get_tokens_from_refresh_token(**refresh)["AuthenticationResult"]
    assert "RefreshToken" not in found
    first, second = claims(tokens["AccessToken"]), claims(found["AccessToken"])
    assert first["origin_jti"] == second["origin_jti"]
    assert first["auth_time"] == second["auth_time"]
    pool.app.revoke_token(ClientId=pool.client_id, Token=tokens["RefreshToken"])
    assert refused(pool.app.get_tokens_from_refresh_token, **refresh) == (
        "NotAuthorizedException",
        "Refresh Token has been revoked",
    )
    assert refused(pool.app.get_user, AccessToken=found["AccessToken"]) == (
        "NotAuthorizedException",
        "Access Token has been revoked",
    )


def test_refresh_tokens_rotate_where_the_client_says_so(pool):
    client = pool.add_client(
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    )
    tokens = pool.srp(pool.user(), client=client)
    refresh = {"ClientId": client["ClientId"]}
    found = pool.app.get_tokens_from_refresh_token(**refresh, RefreshToken=tokens["RefreshToken"])
    new = found["AuthenticationResult"]["RefreshToken"]
    assert refused(
        pool.app.get_tokens_from_refresh_token, **refresh, RefreshToken=tokens["RefreshToken"]
    )[0] == ("RefreshTokenReuseException")
    # The whole family is ended.
    assert refused(pool.app.get_tokens_from_refresh_token, **refresh, RefreshToken=new)[1] == (
        "Refresh Token has been revoked"
    )


def test_signing_out_everywhere(pool):
    name = pool.user()
    first, second = pool.tokens(name), pool.tokens(name)
    pool.app.global_sign_out(AccessToken=first["AccessToken"])
    for tokens in (first, second):
        assert refused(pool.app.get_user, AccessToken=tokens["AccessToken"])[1] == (
            "Access Token has been revoked"
        )
    third = pool.tokens(name)
    assert pool.app.get_user(AccessToken=third["AccessToken"])
    pool.admin.admin_user_global_sign_out(UserPoolId=pool.id, Username=name)
    assert refused(pool.app.get_user, AccessToken=third["AccessToken"])[1] == (
        "Access Token has been revoked"
    )


def test_changing_the_password(pool):
    name = pool.user()
    change = {"AccessToken": pool.tokens(name)["AccessToken"], "ProposedPassword": "Another-123"}
    assert refused(pool.app.change_password, **change, PreviousPassword="Wrong-1234") == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )
    pool.app.change_password(**change, PreviousPassword=PASSWORD)
    assert pool.srp(name, "Another-123")


def test_an_invited_user_chooses_a_password(pool):
    pool.admin.admin_create_user(
        UserPoolId=pool.id,
        Username="guest",
        UserAttributes=[{"Name": "email", "Value": "guest@example.com"}],
        DesiredDeliveryMediums=["EMAIL"],
    )
    message = pool.mail("guest@example.com")[0]
    assert message["subject"] == "Your temporary password"
    password = message["text"].rpartition(" is ")[2].rstrip(".")
    asked = pool.sign_in("guest", password)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answer = {
        "ClientId": pool.client_id,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": asked["Session"],
    }
    weak = {"USERNAME": "guest", "NEW_PASSWORD": "weak"}
    assert refused(pool.app.respond_to_auth_challenge, **answer, ChallengeResponses=weak)[0] == (
        "InvalidPasswordException"
    )
    good = {"USERNAME": "guest", "NEW_PASSWORD": PASSWORD}
    found = pool.app.respond_to_auth_challenge(**answer, ChallengeResponses=good)
    assert "IdToken" in found["AuthenticationResult"]
    assert refused(pool.app.respond_to_auth_challenge, **answer, ChallengeResponses=good) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
    )
    assert pool.srp("guest")


def test_an_authenticator_app_as_second_factor(emulator):
    pool = Pool(emulator)
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="OPTIONAL",
    )
    name = pool.user()
    access = {"AccessToken": pool.tokens(name)["AccessToken"]}
    assert refused(
        pool.app.set_user_mfa_preference, **access, SoftwareTokenMfaSettings={"Enabled": True}
    ) == ("InvalidParameterException", "User has not verified software token mfa")
    secret = pool.app.associate_software_token(**access)["SecretCode"]
    step = _step()
    far = code_at(secret, step + 500)
    assert refused(pool.app.verify_software_token, **access, UserCode=far) == (
        "EnableSoftwareTokenMFAException",
        "Code mismatch",
    )
    verified = pool.app.verify_software_token(**access, UserCode=code_at(secret, step))
    assert verified["Status"] == "SUCCESS"
    preference = {"Enabled": True, "PreferredMfa": True}
    pool.app.set_user_mfa_preference(**access, SoftwareTokenMfaSettings=preference)
    asked = pool.sign_in(name)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answer = {
        "ClientId": pool.client_id,
        "ChallengeName": "SOFTWARE_TOKEN_MFA",
        "Session": asked["Session"],
    }

    def responses(code):
        return {"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": code}

    assert refused(
        pool.app.respond_to_auth_challenge, **answer, ChallengeResponses=responses(far)
    ) == ("CodeMismatchException", "Invalid code received for user")
    found = pool.app.respond_to_auth_challenge(
        **answer, ChallengeResponses=responses(code_at(secret, _step()))
    )
    assert "IdToken" in found["AuthenticationResult"]


def _step() -> int:
    import time

    return int(time.time()) // 30


def test_a_text_message_as_second_factor(emulator):
    pool = Pool(
        emulator,
        MfaConfiguration="ON",
        SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"},
    )
    name = pool.user(phone_number="+15555550123")
    asked = pool.sign_in(name)
    assert asked["ChallengeName"] == "SMS_MFA"
    assert asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "+*******0123"
    message = pool.mail("+15555550123")[0]
    assert message["kind"] == "sms"
    found = pool.app.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="SMS_MFA",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": name, "SMS_MFA_CODE": message["code"]},
    )
    assert "IdToken" in found["AuthenticationResult"]


def test_groups_stand_in_the_tokens(pool):
    name = pool.user()
    role = "arn:aws:iam::000000000000:role/{}"
    for group, precedence in (("staff", 5), ("admins", 1)):
        pool.admin.create_group(
            UserPoolId=pool.id,
            GroupName=group,
            Precedence=precedence,
            RoleArn=role.format(group),
        )
        pool.admin.admin_add_user_to_group(UserPoolId=pool.id, Username=name, GroupName=group)
    assert refused(pool.admin.create_group, UserPoolId=pool.id, GroupName="staff") == (
        "GroupExistsException",
        "A group with the name already exists.",
    )
    tokens = pool.tokens(name)
    identity = claims(tokens["IdToken"])
    assert identity["cognito:groups"] == ["admins", "staff"]
    assert identity["cognito:roles"] == [role.format("admins"), role.format("staff")]
    assert identity["cognito:preferred_role"] == role.format("admins")
    access = claims(tokens["AccessToken"])
    assert access["cognito:groups"] == ["admins", "staff"]
    assert "cognito:roles" not in access


def test_choosing_how_to_sign_in(emulator):
    pool = Pool(
        emulator,
        client={"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]},
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
    )
    name = pool.user()
    start = {"ClientId": pool.client_id, "AuthFlow": "USER_AUTH"}
    asked = pool.app.initiate_auth(**start, AuthParameters={"USERNAME": name})
    assert asked["AvailableChallenges"] == ["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]
    sent = pool.app.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="SELECT_CHALLENGE",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": name, "ANSWER": "EMAIL_OTP"},
    )
    found = pool.app.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="EMAIL_OTP",
        Session=sent["Session"],
        ChallengeResponses={"USERNAME": name, "EMAIL_OTP_CODE": pool.code(f"{name}@example.com")},
    )
    assert "IdToken" in found["AuthenticationResult"]


def test_validity_units(pool):
    client = pool.add_client(
        AccessTokenValidity=10,
        IdTokenValidity=2,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "hours"},
    )
    tokens = pool.srp(pool.user(), client=client)
    assert tokens["ExpiresIn"] == 600
    identity = claims(tokens["IdToken"])
    assert identity["exp"] - identity["iat"] == 7200
