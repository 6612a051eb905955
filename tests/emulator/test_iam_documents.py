"""Documents that IAM refuses, and the policy simulator."""

from __future__ import annotations

import pytest

from tests.emulator.test_access_iam import ALLOW_S3, ROOT, document, error_of, unique

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT + ":root"}}


@pytest.fixture
def iam(emulator):
    return emulator.client("iam")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        (
            document(ALLOW_S3 | {"Principal": "*"}),
            "Policy document should not specify a principal.",
        ),
        (
            document({"Effect": "Allow", "Action": "s3:*"}),
            "Policy statement must contain resources.",
        ),
        (
            document(ALLOW_S3 | {"Action": "GetObject"}),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (document(ALLOW_S3 | {"Effect": "allow"}), "The policy failed legacy parsing"),
    ],
)
def test_identity_policies(iam, text, message):
    found = error_of(iam.create_policy, PolicyName=unique("p"), PolicyDocument=text)
    assert found == (400, "MalformedPolicyDocument", message)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Principal": None}, "Missing required field Principal"),
        ({"Resource": "*"}, "Has prohibited field Resource"),
        ({"Action": "s3:GetObject"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            {"Principal": {"AWS": ROOT + ":user/no-such-user"}},
            f'Invalid principal in policy: "AWS":"{ROOT}:user/no-such-user"',
        ),
        (
            {"Principal": {"Service": "lambda"}},
            'Invalid principal in policy: "SERVICE":"lambda"',
        ),
    ],
)
def test_trust_policies(iam, statement, message):
    wanted = {key: value for key, value in (TRUST | statement).items() if value is not None}
    found = error_of(
        iam.create_role, RoleName=unique("r"), AssumeRolePolicyDocument=document(wanted)
    )
    assert found == (400, "MalformedPolicyDocument", message)


def test_aws_managed_policies(iam):
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PathPrefix="/service-role/")
    names = [policy["PolicyName"] for page in pages for policy in page["Policies"]]
    assert "AWSLambdaBasicExecutionRole" in names
    arn = "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert found["Statement"]
    role = unique("r")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(TRUST))
    missing = "arn:aws:iam::aws:policy/NoSuchPolicy"
    assert error_of(iam.attach_role_policy, RoleName=role, PolicyArn=missing)[1] == "NoSuchEntity"


def test_simulating_a_principal(iam):
    name = unique("simulated")
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=document(
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"},
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ),
    )

    def decisions(**extra):
        reply = iam.simulate_principal_policy(
            PolicySourceArn=f"{ROOT}:user/{name}",
            ActionNames=["s3:GetObject", "s3:PutObject"],
            ResourceArns=["arn:aws:s3:::b/k"],
            **extra,
        )
        return reply["EvaluationResults"]

    found = decisions()
    assert [result["EvalDecision"] for result in found] == ["allowed", "implicitDeny"]
    assert found[0]["MatchedStatements"][0]["SourcePolicyId"] == "own"
    assert found[0]["MissingContextValues"] == ["aws:SecureTransport"]
    plain = {
        "ContextKeyName": "aws:SecureTransport",
        "ContextKeyValues": ["false"],
        "ContextKeyType": "boolean",
    }
    assert {r["EvalDecision"] for r in decisions(ContextEntries=[plain])} == {"explicitDeny"}
    boundary = document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    found = decisions(PermissionsBoundaryPolicyInputList=[boundary])
    assert found[0]["EvalDecision"] == "implicitDeny"
    assert found[0]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert (
        error_of(
            iam.simulate_principal_policy,
            PolicySourceArn=f"{ROOT}:user/nobody-at-all",
            ActionNames=["s3:GetObject"],
        )[1]
        == "NoSuchEntity"
    )


def test_simulating_a_policy(iam):
    reply = iam.simulate_custom_policy(
        PolicyInputList=[document(ALLOW_S3)], ActionNames=["s3:PutObject", "iam:GetUser"]
    )
    found = [result["EvalDecision"] for result in reply["EvaluationResults"]]
    assert found == ["allowed", "implicitDeny"]
    keys = iam.get_context_keys_for_custom_policy(
        PolicyInputList=[
            document(ALLOW_S3 | {"Resource": "arn:aws:s3:::b/${aws:username}/*"}),
            document(ALLOW_S3 | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        ]
    )
    assert keys["ContextKeyNames"] == ["aws:SecureTransport", "aws:username"]
