"""What S3 accepts as a lifecycle configuration, and how it refuses the rest.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from localstack.aws.api.s3 import InvalidArgument, InvalidRequest, StorageClass
from localstack.services.s3.exceptions import MalformedXML

LEAST_DAYS = {StorageClass.STANDARD_IA: 30, StorageClass.ONEZONE_IA: 30}
LONGEST_ID = 255
MOST_RULES = 1000
ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)
TARGETS = {
    StorageClass.STANDARD_IA,
    StorageClass.ONEZONE_IA,
    StorageClass.INTELLIGENT_TIERING,
    StorageClass.GLACIER_IR,
    StorageClass.GLACIER,
    StorageClass.DEEP_ARCHIVE,
}


def complete(configuration: dict[str, Any] | None) -> dict[str, Any]:
    """Fill in what S3 fills in: missing rule ids, and `Filter` for the older `Prefix` of a rule.

    Raises MalformedXML for a configuration without rules.
    """
    rules = (configuration or {}).get("Rules")
    if not rules or len(rules) > MOST_RULES:
        raise MalformedXML()
    for rule in rules:
        if not rule.get("ID"):
            letters = string.ascii_letters + string.digits
            rule["ID"] = "".join(secrets.choice(letters) for _ in range(48))
        if "Filter" not in rule and "Prefix" in rule:
            rule["Filter"] = {"Prefix": rule.pop("Prefix") or ""}
    return configuration  # type: ignore[return-value]


def validate(configuration: dict[str, Any]) -> None:
    """Raise S3's InvalidArgument, InvalidRequest or MalformedXML for rules it would refuse."""
    seen: set[str] = set()
    for rule in configuration["Rules"]:
        if len(rule["ID"]) > LONGEST_ID:
            raise _argument("ID length should not exceed allowed limit of 255", "ID", rule["ID"])
        if rule["ID"] in seen:
            raise _argument(
                "Rule ID must be unique. Found same ID for more than one rule", "ID", rule["ID"]
            )
        seen.add(rule["ID"])
        if rule.get("Status") not in ("Enabled", "Disabled"):
            raise MalformedXML()
        if not any(rule.get(action) for action in ACTIONS):
            raise InvalidRequest("At least one action needs to be specified in a rule")
        _validate_expiration(rule)
        _validate_transitions(rule)


def _validate_expiration(rule: dict[str, Any]) -> None:
    expiration = rule.get("Expiration") or {}
    if "Days" in expiration and "Date" in expiration:
        raise MalformedXML()
    for action, field, days in (
        ("Expiration", "Days", expiration.get("Days")),
        (
            "NoncurrentVersionExpiration",
            "NoncurrentDays",
            (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays"),
        ),
    ):
        if days is not None and days < 1:
            raise _argument(
                f"'{field}' for {action} action must be a positive integer", field, days
            )


def _validate_transitions(rule: dict[str, Any]) -> None:
    prefix = (rule.get("Filter") or {}).get("Prefix", "")
    latest = 0
    for transition in rule.get("Transitions") or []:
        storage_class = transition.get("StorageClass")
        if storage_class not in TARGETS or ("Days" in transition) == ("Date" in transition):
            raise MalformedXML()
        days = transition.get("Days")
        if days is None:
            continue
        if days < 0:
            raise _argument("'Days' in Transition action must be nonnegative", "Days", days)
        least = LEAST_DAYS.get(storage_class, 0)
        if days < least:
            raise _argument(
                "'Days' in Transition action must be greater than or equal to "
                f"{least} for storageClass '{storage_class}'",
                "Days",
                days,
            )
        latest = max(latest, days)
    expires = (rule.get("Expiration") or {}).get("Days")
    if expires is not None and rule.get("Transitions") and expires <= latest:
        raise _argument(
            f"'Days' in the Expiration action for filter '(prefix={prefix})' must be greater than "
            f"'Days' in the Transition action",
            "Days",
            expires,
        )
    for transition in rule.get("NoncurrentVersionTransitions") or []:
        storage_class = transition.get("StorageClass")
        if storage_class not in TARGETS:
            raise MalformedXML()
        least = LEAST_DAYS.get(storage_class, 0)
        if transition.get("NoncurrentDays", 0) < least:
            raise _argument(
                "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or "
                f"equal to {least} for storageClass '{storage_class}'",
                "NoncurrentDays",
                transition.get("NoncurrentDays", 0),
            )


def _argument(message: str, name: str, value: object) -> InvalidArgument:
    return InvalidArgument(message, ArgumentName=name, ArgumentValue=str(value))
