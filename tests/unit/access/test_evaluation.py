"""The evaluation order: who wins when several policies speak."""

from __future__ import annotations

import pytest

from sandbox.emulator.access.policy.document import from_dict
from sandbox.emulator.access.policy.evaluation import (
    Caller,
    Outcome,
    Policies,
    Source,
    evaluate,
)

ACCOUNT, OTHER = "111111111111", "222222222222"
ALICE = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice", canonical_id="a" * 64)
ROOT = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", root=True)
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s", role_arn=ROLE_ARN)
VISITOR = Caller("", "", anonymous=True)
LOGS = Caller("", "", service="logging.s3.amazonaws.com")
ACTION, RESOURCE = "s3:GetObject", "arn:aws:s3:::b/k"


def policy(*statements, name="p"):
    """A policy; statements are (effect, extra elements)."""
    return from_dict(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": "s3:*", "Resource": "*", **extra}
                for effect, extra in statements
            ],
        },
        name,
    )


def allow(**extra):
    return policy(("Allow", extra))


def deny(**extra):
    return policy(("Deny", extra))


def to(value, kind="AWS"):
    return {"Principal": value if kind == "*" else {kind: value}}


NOTHING = policy()
CASES = {
    "nothing allows": (ALICE, {}, ACCOUNT, Outcome.IMPLICIT_DENY, Source.IDENTITY),
    "identity allows": (
        ALICE,
        {"identity": [allow()]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.IDENTITY,
    ),
    "explicit deny beats allow": (
        ALICE,
        {"identity": [allow(), deny()]},
        ACCOUNT,
        Outcome.EXPLICIT_DENY,
        Source.IDENTITY,
    ),
    "resource deny beats identity allow": (
        ALICE,
        {"identity": [allow()], "resource": [deny(**to("*"))]},
        ACCOUNT,
        Outcome.EXPLICIT_DENY,
        Source.RESOURCE,
    ),
    "resource allows the user": (
        ALICE,
        {"resource": [allow(**to(ALICE.arn))]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "resource allows the account only": (
        ALICE,
        {"resource": [allow(**to(ACCOUNT))]},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.IDENTITY,
    ),
    "the user's ARN passes over boundary": (
        ALICE,
        {"resource": [allow(**to(ALICE.arn))], "boundary": NOTHING},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "boundary without allow": (
        ALICE,
        {"identity": [allow()], "boundary": NOTHING},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.BOUNDARY,
    ),
    "boundary denies": (
        ALICE,
        {"identity": [allow()], "boundary": deny()},
        ACCOUNT,
        Outcome.EXPLICIT_DENY,
        Source.BOUNDARY,
    ),
    "boundary alone grants nothing": (
        ALICE,
        {"boundary": allow()},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.IDENTITY,
    ),
    "session policy narrows": (
        SESSION,
        {"identity": [allow()], "session": [NOTHING]},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.SESSION,
    ),
    "session policy allows": (
        SESSION,
        {"identity": [allow()], "session": [allow()]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.IDENTITY,
    ),
    "resource allows the role": (
        SESSION,
        {"resource": [allow(**to(ROLE_ARN))]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "the role's ARN does not pass over the boundary": (
        SESSION,
        {"resource": [allow(**to(ROLE_ARN))], "boundary": NOTHING},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.BOUNDARY,
    ),
    "the role's ARN does not pass over the session policy": (
        SESSION,
        {"resource": [allow(**to(ROLE_ARN))], "session": [NOTHING]},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.SESSION,
    ),
    "the session's ARN does": (
        SESSION,
        {"resource": [allow(**to(SESSION.arn))], "session": [NOTHING]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "cross-account: identity alone": (
        ALICE,
        {"identity": [allow()]},
        OTHER,
        Outcome.IMPLICIT_DENY,
        Source.RESOURCE,
    ),
    "cross-account: resource alone": (
        ALICE,
        {"resource": [allow(**to(ALICE.arn))]},
        OTHER,
        Outcome.IMPLICIT_DENY,
        Source.IDENTITY,
    ),
    "cross-account: both": (
        ALICE,
        {"identity": [allow()], "resource": [allow(**to(f"arn:aws:iam::{ACCOUNT}:root"))]},
        OTHER,
        Outcome.ALLOWED,
        Source.IDENTITY,
    ),
    "cross-account: root needs the resource's policy": (
        ROOT,
        {},
        OTHER,
        Outcome.IMPLICIT_DENY,
        Source.RESOURCE,
    ),
    "cross-account: root by the resource's policy": (
        ROOT,
        {"resource": [allow(**to(ACCOUNT))]},
        OTHER,
        Outcome.ALLOWED,
        Source.ROOT,
    ),
    "root": (ROOT, {}, ACCOUNT, Outcome.ALLOWED, Source.ROOT),
    "root meets an explicit deny": (
        ROOT,
        {"resource": [deny(**to("*"))]},
        ACCOUNT,
        Outcome.EXPLICIT_DENY,
        Source.RESOURCE,
    ),
    "required resource policy": (
        ALICE,
        {"identity": [allow()], "resource_required": True},
        ACCOUNT,
        Outcome.IMPLICIT_DENY,
        Source.RESOURCE,
    ),
    "visitor by a star": (
        VISITOR,
        {"resource": [allow(**to("*", "*"))]},
        OTHER,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "visitor without": (VISITOR, {}, OTHER, Outcome.IMPLICIT_DENY, Source.RESOURCE),
    "visitor and an account": (
        VISITOR,
        {"resource": [allow(**to(OTHER))]},
        OTHER,
        Outcome.IMPLICIT_DENY,
        Source.RESOURCE,
    ),
    "service by its name": (
        LOGS,
        {"resource": [allow(**to("logging.s3.amazonaws.com", "Service"))]},
        OTHER,
        Outcome.ALLOWED,
        Source.RESOURCE,
    ),
    "service and AWS star": (
        LOGS,
        {"resource": [allow(**to("*"))]},
        OTHER,
        Outcome.IMPLICIT_DENY,
        Source.RESOURCE,
    ),
    "canonical user of the account": (
        ALICE,
        {"identity": [allow()], "resource": [allow(**to("a" * 64, "CanonicalUser"))]},
        OTHER,
        Outcome.ALLOWED,
        Source.IDENTITY,
    ),
    "NotPrincipal denies all others": (
        ALICE,
        {
            "identity": [allow()],
            "resource": [deny(NotPrincipal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"})],
        },
        ACCOUNT,
        Outcome.EXPLICIT_DENY,
        Source.RESOURCE,
    ),
    "NotPrincipal spares who is named": (
        ALICE,
        {"identity": [allow()], "resource": [deny(NotPrincipal={"AWS": [ALICE.arn, ACCOUNT]})]},
        ACCOUNT,
        Outcome.ALLOWED,
        Source.IDENTITY,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_order(case):
    caller, given, owner, outcome, source = CASES[case]
    decision = evaluate(caller, ACTION, RESOURCE, Policies(**given), {}, resource_account=owner)
    assert (decision.outcome, decision.source) == (outcome, source)


@pytest.mark.parametrize(
    ("statement", "action", "resource", "matches"),
    [
        ({"Action": "s3:Get*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
        ({"Action": "S3:getobject"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
        ({"Action": ["s3:PutObject", "s3:GetObjec?"]}, "s3:GetObject", "x", True),
        ({"Action": "s3:GetObject"}, "s3:GetObjectVersion", "x", False),
        ({"NotAction": "s3:Put*"}, "s3:GetObject", "x", True),
        ({"NotAction": ["s3:Get*", "iam:*"]}, "s3:GetObject", "x", False),
        ({"Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/a/b", True),
        ({"Resource": "arn:aws:s3:::b"}, "s3:GetObject", "arn:aws:s3:::b/a", False),
        ({"Resource": "arn:aws:s3:::B/*"}, "s3:GetObject", "arn:aws:s3:::b/a", False),
        ({"NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::c/a", True),
        ({"NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/a", False),
        (
            {"Resource": "arn:aws:s3:::b/${aws:username}/*"},
            "s3:GetObject",
            "arn:aws:s3:::b/al/x",
            True,
        ),
        (
            {"Resource": "arn:aws:s3:::b/${aws:username}/*"},
            "s3:GetObject",
            "arn:aws:s3:::b/x/x",
            False,
        ),
        (
            {"Resource": "arn:aws:s3:::b/${aws:nobody}/*"},
            "s3:GetObject",
            "arn:aws:s3:::b//x",
            False,
        ),
    ],
)
def test_statements(statement, action, resource, matches):
    base = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    for element in ("Action", "Resource"):
        if f"Not{element}" in statement:
            del base[element]
    found = from_dict({"Version": "2012-10-17", "Statement": base | statement}, "p")
    decision = evaluate(ALICE, action, resource, Policies(identity=[found]), {"aws:username": "al"})
    assert decision.allowed is matches


def test_the_rule_names_the_statement():
    guard = policy(("Deny", {"Sid": "NoReading"}), name="guard")
    decision = evaluate(ALICE, ACTION, RESOURCE, Policies(identity=[allow(), guard]), {})
    assert decision.rule == "explicit deny: NoReading in guard"
    decision = evaluate(ALICE, ACTION, RESOURCE, Policies(), {})
    assert decision.rule == "no identity-based policy allows s3:GetObject"
