"""When a bucket policy counts as public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import ipaddress

from sandbox.emulator.access.policy import conditions
from sandbox.emulator.access.policy.document import Condition, Policy, Statement

# Keys whose fixed values make a statement non-public. `aws:userid` and the ARNs as documented.
FIXING_KEYS = {
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
}
POSITIVE = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
}
BROADEST_PREFIX = {4: 8, 6: 32}


def is_public(policy: Policy) -> bool:
    """Whether the policy grants access to everybody: AWS's definition of a public policy."""
    return any(statement_is_public(statement) for statement in policy.statements)


def statement_is_public(statement: Statement) -> bool:
    """Whether one Allow statement has a wildcard principal that no condition narrows."""
    if statement.effect != "Allow":
        return False
    wide = statement.not_principals is not None or any(
        value == "*" or "*" in value and kind in ("AWS", "*")
        for kind, value in statement.principals or ()
    )
    return wide and not any(_narrows(condition) for condition in statement.conditions)


def _narrows(condition: Condition) -> bool:
    found = conditions.split(condition.operator)
    if found is None or found[0] == "forallvalues" or found[2]:
        return False
    key = condition.key.lower()
    if found[1] not in POSITIVE or key not in FIXING_KEYS:
        return False
    return all(_fixed(key, value) for value in condition.values)


def _fixed(key: str, value: str) -> bool:
    if "${" in value:
        return False
    if key in ("aws:sourceip", "aws:vpcsourceip"):
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return False
        return network.prefixlen >= BROADEST_PREFIX[network.version]
    if value.startswith("arn:"):
        parts = value.split(":", 5)
        # An ARN is fixed when it says in which account the caller or source is.
        return len(parts) > 4 and "*" not in parts[4] and "?" not in parts[4] and bool(parts[4])
    if key in ("aws:sourcearn", "aws:principalarn"):
        return False
    return "*" not in value and "?" not in value
