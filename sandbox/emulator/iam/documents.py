"""Policy documents that IAM and STS accept, and AWS's words for the others.

moto's validators know the grammar; here stands what they let pass.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from localstack.aws.api import CommonServiceException

from sandbox.emulator.access import principals_known
from sandbox.emulator.access.refusals import named

LARGEST_PACKED = 2048
ASSUME_ACTIONS = {
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
}


def malformed(message: str) -> CommonServiceException:
    """MalformedPolicyDocument with AWS's reason."""
    return named("MalformedPolicyDocument", message, 400)


def _statements(text: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError, TypeError):
        raise malformed("Syntax errors in policy.") from None
    if not isinstance(document, dict):
        raise malformed("Syntax errors in policy.")
    found = document.get("Statement")
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise malformed("Syntax errors in policy.")
    return found


def check_identity(text: str) -> None:
    """Raise MalformedPolicyDocument for what an identity or session policy may not say."""
    from moto.iam.exceptions import MalformedPolicyDocument
    from moto.iam.policy_validation import IAMPolicyDocumentValidator

    for statement in _statements(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise malformed("Policy document should not specify a principal.")
    try:
        IAMPolicyDocumentValidator(text).validate()
    except MalformedPolicyDocument as problem:
        raise malformed(problem.message) from None


def check_trust(text: str) -> None:
    """Raise MalformedPolicyDocument for what a role's trust policy may not say."""
    statements = _statements(text)
    if not statements:
        raise malformed("Syntax errors in policy.")
    for statement in statements:
        if "Resource" in statement or "NotResource" in statement:
            raise malformed("Has prohibited field Resource")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise malformed("Missing required field Principal")
        if not statement.get("Principal", statement.get("NotPrincipal")):
            raise malformed("Missing required field Principal cannot be empty!")
        if "Action" not in statement and "NotAction" not in statement:
            raise malformed("Missing required field Action")
        for action in _many(statement.get("Action", ())):
            if str(action).lower() not in ASSUME_ACTIONS and action not in ("sts:*", "*"):
                raise malformed("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principals(statement.get("Principal", statement.get("NotPrincipal")))


def _check_principals(value: Any) -> None:
    if isinstance(value, str):
        if value != "*":
            raise malformed(f'Invalid principal in policy: "STAR":"{value}"')
        return
    if not isinstance(value, dict):
        raise malformed("Syntax errors in policy.")
    for kind, given in value.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise malformed(f'Invalid principal in policy: "{kind}":"{given}"')
        for item in _many(given):
            bad = not isinstance(item, str) or not item
            if not bad and kind == "AWS" and item != "*":
                bad = not (item.isdigit() and len(item) == 12) and not (
                    item.startswith("arn:") and principals_known.exists("AWS", item)
                )
            if not bad and kind == "Service":
                bad = not item.endswith((".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"))
            if bad:
                raise malformed(f'Invalid principal in policy: "{kind.upper()}":"{item}"')


def _many(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def packed_percent(policies: list[tuple[str, str]] | None) -> int:
    """How much of the space for session policies they take, in percent."""
    size = sum(len(text) for text, name in policies or () if not name.startswith("arn:"))
    return min(100, max(1, round(100 * size / LARGEST_PACKED))) if policies else 0
