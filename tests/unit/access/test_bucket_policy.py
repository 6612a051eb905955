"""What S3 says to policies that it does not accept, and which accepted ones are public."""

from __future__ import annotations

import json

import pytest

from sandbox.emulator.access.actions import catalog
from sandbox.emulator.access.policy import bucket_policy
from sandbox.emulator.access.policy.document import from_dict
from sandbox.emulator.access.policy.public import is_public

READ = {
    "Sid": "Read",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
}


def document(*statements, **top):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def without(name):
    return {key: value for key, value in READ.items() if key != name}


REFUSED = [
    ("", "Policies must be valid JSON and the first byte must be '{'"),
    ("[]", "Policies must be valid JSON and the first byte must be '{'"),
    ('{"Version": ', "This policy contains invalid Json"),
    ("{}", "Missing required field Statement"),
    (document(), "Could not parse the policy: Statement is empty!"),
    (document(READ, Version="2012-10-18"), "The policy must contain a valid version string"),
    (document(READ, Extra=1), "Unknown field Extra"),
    (document(READ | {"Extra": 1}), "Unknown field Extra"),
    (document(without("Effect")), "Missing required field Effect"),
    (document(READ | {"Effect": "allow"}), "Invalid effect: allow"),
    (document(without("Principal")), "Missing required field Principal"),
    (document(READ | {"Principal": ""}), "Missing required field Principal cannot be empty!"),
    (document(READ | {"Principal": {}}), "Missing required field Principal cannot be empty!"),
    (document(READ | {"Principal": []}), "Missing required field Principal cannot be empty!"),
    (
        document(READ | {"Principal": {"AWS": []}}),
        "Missing required field Principal cannot be empty!",
    ),
    (document(READ | {"Principal": {"AWS": ""}}), "Invalid principal in policy"),
    (document(READ | {"Principal": {"AWS": "alice"}}), "Invalid principal in policy"),
    (document(READ | {"Principal": {"Who": "*"}}), "Invalid principal in policy"),
    (document(READ | {"Principal": "alice"}), "Invalid policy syntax."),
    (document(without("Action")), "Missing required field Action"),
    (document(READ | {"Action": "s3:Fetch"}), "Policy has invalid action"),
    (document(READ | {"Action": "GetObject"}), "Policy has invalid action"),
    (document(READ | {"Action": "dynamodb:GetItem"}), "Policy has invalid action"),
    (document(without("Resource")), "Missing required field Resource"),
    (document(READ | {"Resource": "arn:aws:s3:::other/*"}), "Policy has invalid resource"),
    (document(READ | {"Resource": "b/*"}), "Policy has invalid resource"),
    (
        document(READ | {"Resource": "arn:aws:s3:::b"}),
        "Action does not apply to any resource(s) in statement",
    ),
    (
        document(READ | {"Action": "s3:ListBucket"}),
        "Action does not apply to any resource(s) in statement",
    ),
    (
        document(READ | {"Action": ["s3:GetObject", "s3:ListBucket"]}),
        "Action does not apply to any resource(s) in statement",
    ),
    (
        document(READ | {"Condition": {"StringIs": {"aws:Referer": "x"}}}),
        "Invalid Condition type : StringIs",
    ),
    (
        document(READ | {"Condition": {"StringEquals": {"referer": "x"}}}),
        "Policy has an invalid condition key",
    ),
    (
        document(READ | {"Condition": {"StringEquals": {"s3:color": "x"}}}),
        "Policy has an invalid condition key",
    ),
    (
        document(READ | {"Condition": {"StringEquals": {"s3:prefix": "x"}}}),
        "Conditions do not apply to combination of actions and resources in statement",
    ),
    (document(READ, READ), "Statement IDs (SID) in a single policy must be unique."),
]
ACCEPTED = [
    document(READ),
    document(READ, Version="2008-10-17"),
    json.dumps({"Statement": READ}),
    document(READ | {"Action": ["s3:GetObject", "s3:GetObjectVersion"]}),
    document(READ | {"Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}),
    document(READ | {"Action": "s3:*", "Resource": "arn:aws:s3:::b*"}),
    document(READ | {"Principal": {"AWS": ["111111111111", "arn:aws:iam::111111111111:root"]}}),
    document(READ | {"Principal": {"Service": "cloudfront.amazonaws.com"}}),
    document(READ | {"Condition": {"StringLike": {"aws:Referer": "https://x/*"}}}),
    document(
        READ
        | {
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::b",
            "Condition": {"StringLike": {"s3:prefix": ["home/*"]}},
        }
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text, message):
    with pytest.raises(bucket_policy.MalformedPolicy) as refusal:
        bucket_policy.validate(text, "b", catalog.service("s3"))
    assert str(refusal.value) == message


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text):
    assert bucket_policy.validate(text, "b", catalog.service("s3"))["Statement"]


def test_too_large():
    with pytest.raises(bucket_policy.PolicyTooLarge):
        bucket_policy.validate(document(READ) + " " * 20480, "b", catalog.service("s3"))


def test_principals_must_exist():
    text = document(READ | {"Principal": {"AWS": "arn:aws:iam::111111111111:user/gone"}})
    with pytest.raises(bucket_policy.MalformedPolicy, match="Invalid principal in policy"):
        bucket_policy.validate(text, "b", catalog.service("s3"), lambda kind, value: False)


@pytest.mark.parametrize(
    ("change", "public"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": "111111111111"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}, True),
        ({"Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Condition": {"StringLike": {"aws:Referer": "https://x/*"}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:111111111111:*"}}}, False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:*"}}}, True),
    ],
)
def test_public(change, public):
    assert is_public(from_dict({"Statement": [READ | change]}, "p")) is public
