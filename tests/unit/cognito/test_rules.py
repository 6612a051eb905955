"""Password rules, one-time codes, filters, and rules of request models."""

from __future__ import annotations

import pytest
from localstack.aws.api import CommonServiceException

from sandbox.emulator.cognito import attributes, search, totp
from sandbox.emulator.cognito.models import User
from sandbox.emulator.mail import mailbox

# RFC 6238, appendix B: SHA-1, the last six digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_one_time_passwords(moment, code):
    assert totp.code_at(SECRET, moment // 30) == code


def user(**given: str) -> User:
    return User("ada", "sub", given, 0, 0, "CONFIRMED")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('email = "ada@example.com"', True),
        ('"email"^="ada@"', True),
        ('email = "ada@"', False),
        ('username = "ada"', True),
        ('cognito:user_status = "CONFIRMED"', True),
        ('status = "Disabled"', False),
        (None, True),
    ],
)
def test_filters(text, fits):
    assert search.parse(text)(user(email="ada@example.com")) is fits


@pytest.mark.parametrize("text", ["email", 'email > "a"', 'password = "x"', 'email = "a" or 1'])
def test_what_is_no_filter(text):
    with pytest.raises(CommonServiceException):
        search.parse(text)


def test_custom_attributes_get_their_prefix_and_are_fixed_by_default():
    made = attributes.custom({"Name": "seat", "AttributeDataType": "Number"})
    assert (made["Name"], made["Mutable"], made["Required"]) == ("custom:seat", False, False)
    with pytest.raises(CommonServiceException, match="not supported"):
        attributes.custom({"Name": "seat", "Required": True})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456.", "123456"),
        ("Call +15555550100 or type 4711", "4711"),
        ("Order 12-345678 came", ""),
        ("no digits", ""),
    ],
)
def test_codes_are_found_in_messages(text, code):
    found = mailbox.CODE.search(text)
    assert (found[0] if found else "") == code


def test_the_text_of_a_mail_in_html():
    html = "<style>b{}</style><p>Hello <b>you</b></p><script>x()</script>A&amp;B"
    assert mailbox.plain(html) == "Hello you\nA&B"
