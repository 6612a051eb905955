"""Registering, codes, passwords, aliases."""

from __future__ import annotations

import pytest

from tests.emulator.cognito.conftest import PASSWORD, Pool, refused


def test_a_user_registers_confirms_and_signs_in(pool):
    name = pool.sign_up()
    assert refused(pool.sign_in, name=name) == (
        "UserNotConfirmedException",
        "User is not confirmed.",
    )
    message = pool.mail(f"{name}@example.com")[0]
    assert message["subject"] == "Your verification code"
    assert message["from"] == "no-reply@verificationemail.com"
    wrong = "000000" if message["code"] != "000000" else "111111"
    confirm = {"ClientId": pool.client_id, "Username": name}
    assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=wrong) == (
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
    pool.app.confirm_sign_up(**confirm, ConfirmationCode=message["code"])
    assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=message["code"]) == (
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    )
    tokens = pool.srp(name)
    found = pool.app.get_user(AccessToken=tokens["AccessToken"])
    attributes = {item["Name"]: item["Value"] for item in found["UserAttributes"]}
    assert attributes["email_verified"] == "true"


def test_a_code_that_was_resent_replaces_the_first(pool):
    name = pool.sign_up()
    first = pool.code(f"{name}@example.com")
    sent = pool.app.resend_confirmation_code(ClientId=pool.client_id, Username=name)
    assert sent["CodeDeliveryDetails"] == {
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": "u***@e***",
    }
    second = pool.code(f"{name}@example.com")
    confirm = {"ClientId": pool.client_id, "Username": name}
    if first != second:
        assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=first)[0] == (
            "CodeMismatchException"
        )
    pool.app.confirm_sign_up(**confirm, ConfirmationCode=second)
    assert refused(pool.app.resend_confirmation_code, **confirm) == (
        "InvalidParameterException",
        "User is already confirmed.",
    )


def test_guessing_codes_and_asking_for_many_ends(pool):
    name = pool.sign_up()
    right = pool.code(f"{name}@example.com")
    confirm = {"ClientId": pool.client_id, "Username": name}
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    for _ in range(5):
        refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=wrong)
    assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=right) == (
        "LimitExceededException",
        "Attempt limit exceeded, please try after some time.",
    )
    for _ in range(5):
        pool.app.resend_confirmation_code(**confirm)
    assert refused(pool.app.resend_confirmation_code, **confirm)[0] == "LimitExceededException"


def test_codes_and_tokens_expire_on_the_sandbox_clock(own_emulator):
    pool = Pool(own_emulator)
    late, early = pool.sign_up(), pool.user()
    code = pool.code(f"{late}@example.com")
    tokens = pool.tokens(early)
    own_emulator.advance(23 * 3600)
    assert refused(pool.app.get_user, AccessToken=tokens["AccessToken"]) == (
        "NotAuthorizedException",
        "Access Token has expired",
    )
    own_emulator.advance(2 * 3600)
    confirm = {"ClientId": pool.client_id, "Username": late}
    assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=code) == (
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
    refresh = {
        "ClientId": pool.client_id,
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]},
    }
    assert "AccessToken" in pool.app.initiate_auth(**refresh)["AuthenticationResult"]
    own_emulator.advance(30 * 86400)
    assert refused(pool.app.initiate_auth, **refresh) == (
        "NotAuthorizedException",
        "Refresh Token has expired",
    )


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Aa-1", "Password not long enough"),
        ("secret-123", "Password must have uppercase characters"),
        ("SECRET-123", "Password must have lowercase characters"),
        ("Secret-xyz", "Password must have numeric characters"),
        ("Secret123", "Password must have symbol characters"),
    ],
)
def test_the_password_policy(pool, password, reason):
    found = refused(pool.app.sign_up, ClientId=pool.client_id, Username="weak", Password=password)
    assert found == (
        "InvalidPasswordException",
        f"Password did not conform with policy: {reason}",
    )


def test_names_are_taken_once_and_clients_must_exist(pool):
    name = pool.user()
    again = {"ClientId": pool.client_id, "Username": name, "Password": PASSWORD}
    assert refused(pool.app.sign_up, **again) == ("UsernameExistsException", "User already exists")
    assert refused(pool.app.sign_up, **again | {"ClientId": "nobody"}) == (
        "ResourceNotFoundException",
        "User pool client nobody does not exist.",
    )
    assert refused(pool.app.sign_up, **again | {"Username": "a b"}) == (
        "InvalidParameterException",
        "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must "
        r"satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+",
    )


def test_an_email_address_as_user_name(emulator):
    pool = Pool(emulator, UsernameAttributes=["email"])
    new = {"ClientId": pool.client_id, "Password": PASSWORD}
    assert refused(pool.app.sign_up, **new, Username="ada") == (
        "InvalidParameterException",
        "Username should be an email.",
    )
    made = pool.app.sign_up(**new, Username="eve@example.com")
    assert refused(pool.app.sign_up, **new, Username="eve@example.com") == (
        "UsernameExistsException",
        "An account with the given email already exists.",
    )
    code = pool.code("eve@example.com")
    pool.app.confirm_sign_up(
        ClientId=pool.client_id, Username="eve@example.com", ConfirmationCode=code
    )
    found = pool.app.get_user(AccessToken=pool.srp("eve@example.com")["AccessToken"])
    assert found["Username"] == made["UserSub"]


def test_aliases_count_once_they_are_verified(emulator):
    pool = Pool(emulator, AliasAttributes=["email", "preferred_username"])
    first = pool.user("first", email="shared@example.com")
    assert pool.srp("shared@example.com")
    second = pool.sign_up("second", email="shared@example.com")
    confirm = {"ClientId": pool.client_id, "Username": second}
    code = pool.code("shared@example.com")
    assert refused(pool.app.confirm_sign_up, **confirm, ConfirmationCode=code) == (
        "AliasExistsException",
        "An account with the given email already exists.",
    )
    pool.app.confirm_sign_up(**confirm, ConfirmationCode=code, ForceAliasCreation=True)
    found = pool.admin.admin_get_user(UserPoolId=pool.id, Username="shared@example.com")
    assert found["Username"] == "second"
    access = pool.srp(first)["AccessToken"]
    pool.app.update_user_attributes(
        AccessToken=access, UserAttributes=[{"Name": "preferred_username", "Value": "boss"}]
    )
    assert pool.srp("boss")


def test_attributes_follow_the_schema(emulator):
    pool = Pool(
        emulator,
        Schema=[
            {"Name": "email", "Required": True, "Mutable": True},
            {"Name": "seat", "AttributeDataType": "Number", "Mutable": True,
             "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"}},
            {"Name": "badge", "AttributeDataType": "String", "Mutable": False},
        ],
    )  # fmt: skip
    new = {"ClientId": pool.client_id, "Username": "bob", "Password": PASSWORD}
    assert refused(pool.app.sign_up, **new)[0] == "InvalidParameterException"
    name = pool.user("bob", **{"custom:seat": "4", "custom:badge": "x7"})
    tokens = pool.tokens(name)
    change = {"AccessToken": tokens["AccessToken"]}
    bad = [{"Name": "custom:seat", "Value": "10"}]
    assert refused(pool.app.update_user_attributes, **change, UserAttributes=bad)[1] == (
        "Attributes did not conform to the schema: custom:seat: "
        "Number should be less than or equal to 9\n"
    )
    fixed = [{"Name": "custom:badge", "Value": "x8"}]
    assert refused(pool.app.update_user_attributes, **change, UserAttributes=fixed) == (
        "InvalidParameterException",
        "user.custom:badge: Attribute cannot be updated.\n",
    )
    forged = [{"Name": "email_verified", "Value": "true"}]
    assert refused(pool.app.update_user_attributes, **change, UserAttributes=forged) == (
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    )


def test_a_new_address_is_verified_with_its_own_code(pool):
    name = pool.user()
    access = {"AccessToken": pool.tokens(name)["AccessToken"]}
    address = f"new-{name}@example.com"
    sent = pool.app.update_user_attributes(
        **access, UserAttributes=[{"Name": "email", "Value": address}]
    )
    assert sent["CodeDeliveryDetailsList"][0]["AttributeName"] == "email"
    verify = {**access, "AttributeName": "email"}
    right = pool.code(address)
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    assert refused(pool.app.verify_user_attribute, **verify, Code=wrong)[0] == (
        "CodeMismatchException"
    )
    pool.app.verify_user_attribute(**verify, Code=right)
    found = pool.app.get_user(**access)["UserAttributes"]
    assert {"Name": "email_verified", "Value": "true"} in found


def test_a_forgotten_password(pool):
    name = pool.user()
    who = {"ClientId": pool.client_id, "Username": name}
    sent = pool.app.forgot_password(**who)
    assert sent["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    code = pool.code(f"{name}@example.com")
    assert refused(
        pool.app.confirm_forgot_password, **who, ConfirmationCode=code, Password="short"
    )[0] == ("InvalidPasswordException")
    pool.app.confirm_forgot_password(**who, ConfirmationCode=code, Password="Another-123")
    assert refused(pool.sign_in, name=name) == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )
    assert pool.srp(name, "Another-123")
    assert refused(
        pool.app.confirm_forgot_password, **who, ConfirmationCode=code, Password="Third-1234"
    )[0] == ("ExpiredCodeException")


def test_unknown_users_are_hidden_where_the_client_asks_for_it(pool):
    hiding = pool.add_client(PreventUserExistenceErrors="ENABLED")
    login = {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "nobody", "PASSWORD": PASSWORD},
    }
    assert refused(pool.app.initiate_auth, ClientId=pool.client_id, **login) == (
        "UserNotFoundException",
        "User does not exist.",
    )
    assert refused(pool.app.initiate_auth, ClientId=hiding["ClientId"], **login) == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )
    with pytest.raises(pool.app.exceptions.NotAuthorizedException):
        pool.srp("nobody", client=hiding)
    sent = pool.app.forgot_password(ClientId=hiding["ClientId"], Username="nobody")
    assert sent["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
