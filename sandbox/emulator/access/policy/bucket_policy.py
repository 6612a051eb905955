"""What S3 refuses in a bucket policy, in S3's words.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from sandbox.emulator.access.actions.catalog import ServiceActions
from sandbox.emulator.access.policy import conditions, patterns

MAXIMUM_BYTES = 20 * 1024
VERSIONS = ("2012-10-17", "2008-10-17")
TOP_FIELDS = {"Version", "Id", "Statement"}
FIELDS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
PRINCIPAL_ARN = re.compile(
    r"arn:aws[\w-]*:(iam|sts)::\d{12}:"
    r"(root|(user|role|assumed-role|federated-user|saml-provider|oidc-provider)/.+)"
)
NOT_JSON = "Policies must be valid JSON and the first byte must be '{'"


class MalformedPolicy(ValueError):
    """The message is what S3 says."""


class PolicyTooLarge(MalformedPolicy):
    """Larger than 20 KB."""


def validate(
    text: str,
    bucket: str,
    s3: ServiceActions,
    principal_exists: Callable[[str, str], bool] | None = None,
) -> dict[str, Any]:
    """The decoded policy of `bucket`; raises MalformedPolicy with S3's reason.

    `principal_exists(kind, value)` says whether an AWS or CanonicalUser principal is known; S3 refuses a
    user or role that does not exist.
    """
    if len(text.encode()) > MAXIMUM_BYTES:
        raise PolicyTooLarge("The policy exceeds the maximum allowed document size.")
    if not text or text[0] != "{":
        raise MalformedPolicy(NOT_JSON)
    try:
        document = json.loads(text, object_pairs_hook=_no_duplicates)
    except MalformedPolicy:
        raise
    except (ValueError, RecursionError):
        raise MalformedPolicy("This policy contains invalid Json") from None
    for name in document:
        if name not in TOP_FIELDS:
            raise MalformedPolicy(f"Unknown field {name}")
    if "Version" in document and document["Version"] not in VERSIONS:
        raise MalformedPolicy("The policy must contain a valid version string")
    if "Statement" not in document:
        raise MalformedPolicy("Missing required field Statement")
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise MalformedPolicy("Invalid policy syntax.")
    if not statements:
        raise MalformedPolicy("Could not parse the policy: Statement is empty!")
    sids: set[str] = set()
    for statement in statements:
        _check_statement(statement, bucket, s3, principal_exists)
        sid = statement.get("Sid")
        if sid:
            if sid in sids:
                raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
            sids.add(sid)
    return document


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPolicy("Duplicate field in policy")
    return found


def _check_statement(statement: Any, bucket: str, s3: ServiceActions, exists) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicy("Invalid policy syntax.")
    for name in statement:
        if name not in FIELDS:
            raise MalformedPolicy(f"Unknown field {name}")
    if "Effect" not in statement:
        raise MalformedPolicy("Missing required field Effect")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Invalid effect: {statement['Effect']}")
    if not isinstance(statement.get("Sid", ""), str):
        raise MalformedPolicy("Invalid policy syntax.")
    for element, rival in (
        ("Principal", "NotPrincipal"),
        ("Action", "NotAction"),
        ("Resource", "NotResource"),
    ):
        if element in statement and rival in statement:
            raise MalformedPolicy(f"Policy statement cannot contain both {element} and {rival}")
        if element not in statement and rival not in statement:
            raise MalformedPolicy(f"Missing required field {element}")
    _check_principal(statement.get("Principal", statement.get("NotPrincipal")), exists)
    actions = _texts(statement.get("Action", statement.get("NotAction")), "Action")
    resources = _texts(statement.get("Resource", statement.get("NotResource")), "Resource")
    matching = _check_actions(actions, s3)
    kinds = _check_resources(resources, bucket)
    keys = _check_condition_block(statement.get("Condition"))
    if "NotAction" in statement:
        return
    applicable = []
    for pattern, names in matching:
        fitting = [name for name in names if _kinds_of(s3, name) & kinds]
        if not fitting and "NotResource" not in statement:
            raise MalformedPolicy("Action does not apply to any resource(s) in statement")
        if not fitting:
            fitting = names
        applicable.append((pattern, fitting))
    _check_condition_keys(keys, applicable, s3)


def _texts(value: Any, element: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise MalformedPolicy(f"Missing required field {element} cannot be empty!")
    if not all(isinstance(item, str) for item in values):
        raise MalformedPolicy("Invalid policy syntax.")
    return values


def _check_principal(value: Any, exists) -> None:
    if isinstance(value, str):
        if not value:
            raise MalformedPolicy("Missing required field Principal cannot be empty!")
        if value != "*":
            raise MalformedPolicy("Invalid policy syntax.")
        return
    if not value:
        raise MalformedPolicy("Missing required field Principal cannot be empty!")
    if not isinstance(value, dict):
        raise MalformedPolicy("Invalid policy syntax.")
    for kind, given in value.items():
        values = given if isinstance(given, list) else [given]
        if not values:
            raise MalformedPolicy("Missing required field Principal cannot be empty!")
        if kind not in PRINCIPAL_KINDS:
            raise MalformedPolicy("Invalid principal in policy")
        for item in values:
            if not isinstance(item, str) or not _principal_valid(kind, item, exists):
                raise MalformedPolicy("Invalid principal in policy")


def _principal_valid(kind: str, value: str, exists) -> bool:
    if kind == "AWS":
        if value == "*":
            return True
        if not (re.fullmatch(r"\d{12}", value) or PRINCIPAL_ARN.fullmatch(value)):
            return False
        return exists is None or exists(kind, value)
    if kind == "Service":
        return re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value) is not None
    if kind == "CanonicalUser":
        return bool(value) and (exists is None or exists(kind, value))
    return bool(value)


def _check_actions(actions: list[str], s3: ServiceActions) -> list[tuple[str, list[str]]]:
    found = []
    for action in actions:
        if action == "*":
            found.append((action, list(s3.actions)))
            continue
        prefix, separator, name = action.partition(":")
        names: list[str] = []
        if separator and prefix.lower() == "s3":
            names = [known for known in s3.actions if patterns.matches(name.lower(), known)]
        if not names:
            raise MalformedPolicy("Policy has invalid action")
        found.append((action, names))
    return found


def _check_resources(resources: list[str], bucket: str) -> set[str]:
    """The kinds of resource ("bucket", "object") that the ARNs can name."""
    kinds: set[str] = set()
    for resource in resources:
        if resource == "*":
            kinds |= {"bucket", "object"}
            continue
        found = re.fullmatch(r"arn:aws[\w-]*:s3:::(.+)", resource)
        if not found:
            raise MalformedPolicy("Policy has invalid resource")
        name, slash, key = found.group(1).partition("/")
        if not patterns.matches(name, bucket):
            raise MalformedPolicy("Policy has invalid resource")
        if slash:
            if not key:
                raise MalformedPolicy("Policy has invalid resource")
            kinds.add("object")
        else:
            kinds.add("bucket")
            if name.endswith("*"):
                kinds.add("object")
    return kinds


def _kinds_of(s3: ServiceActions, name: str) -> set[str]:
    return {kind for kind, _required in s3.actions[name].resources if kind in ("bucket", "object")}


def _check_condition_block(block: Any) -> list[str]:
    if block is None:
        return []
    if not isinstance(block, dict):
        raise MalformedPolicy("Invalid policy syntax.")
    keys = []
    for operator, lines in block.items():
        if conditions.split(operator) is None:
            raise MalformedPolicy(f"Invalid Condition type : {operator}")
        if not isinstance(lines, dict):
            raise MalformedPolicy("Invalid policy syntax.")
        for key, values in lines.items():
            if ":" not in key:
                raise MalformedPolicy("Policy has an invalid condition key")
            given = values if isinstance(values, list) else [values]
            if not given or not all(isinstance(item, str | int | float) for item in given):
                raise MalformedPolicy("Invalid policy syntax.")
            _check_values(operator, given)
            keys.append(key)
    return keys


def _check_values(operator: str, values: list[Any]) -> None:
    found = conditions.split(operator)
    name = found[1] if found else ""
    if name in ("ipaddress", "notipaddress"):
        for value in values:
            try:
                conditions._network(str(value))
            except ValueError:
                raise MalformedPolicy(f"Invalid IP address : {value}") from None
    if name == "bool" and any(str(value).lower() not in ("true", "false") for value in values):
        raise MalformedPolicy("Invalid boolean value in policy")


def _check_condition_keys(
    keys: list[str], applicable: list[tuple[str, list[str]]], s3: ServiceActions
) -> None:
    for key in keys:
        prefix, _, name = key.lower().partition(":")
        if prefix == "aws":
            continue
        stem = name.split("/", 1)[0]
        known = {
            known.lower().split("/", 1)[0]
            for action in s3.actions.values()
            for known in action.condition_keys
        }
        if prefix == "s3" and f"s3:{stem}" not in known:
            raise MalformedPolicy("Policy has an invalid condition key")
        if prefix != "s3":
            continue
        for _pattern, names in applicable:
            if not any(
                f"s3:{stem}"
                in {k.lower().split("/", 1)[0] for k in s3.actions[name].condition_keys}
                for name in names
            ):
                raise MalformedPolicy(
                    "Conditions do not apply to combination of actions and resources in statement"
                )
