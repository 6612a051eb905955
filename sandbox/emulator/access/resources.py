"""What the services know about a resource: its own policy, its tags, its owner.

Read from the live state, and only when a policy or a cross-account caller makes it matter.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.document import Policy


def _store(module: str, name: str, account: str, region: str) -> Any:
    """A service's store when the service was ever loaded; None keeps an unused service unloaded."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return None
    return getattr(loaded, name)[account][region]


def resource_policies(arn: str) -> tuple[list[Policy], bool]:
    """The resource's own policies, and whether they must allow (keys of KMS)."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return [], False
    reader = _POLICIES.get(parts[2])
    text = reader(parts[3], parts[4], parts[5]) if reader and parts[4] else None
    if not text:
        return [], False
    if not isinstance(text, str):
        text = json.dumps(text)
    return [document.parse(text, f"policy of {arn}")], False


def _queue_policy(region: str, account: str, name: str) -> str | None:
    store = _store("localstack.services.sqs.models", "sqs_stores", account, region)
    queue = store.queues.get(name) if store else None
    return queue.attributes.get("Policy") if queue else None


def _topic_policy(region: str, account: str, name: str) -> str | None:
    # LocalStack leaves the topics themselves to moto.
    backend = _store("moto.sns.models", "sns_backends", account, region)
    topic = backend.topics.get(f"arn:aws:sns:{region}:{account}:{name}") if backend else None
    return topic.policy if topic else None


def _function_policy(region: str, account: str, name: str) -> dict[str, Any] | None:
    store = _store(
        "localstack.services.lambda_.invocation.models", "lambda_stores", account, region
    )
    if store is None:
        return None
    kind, _, rest = name.partition(":")
    first, _, qualifier = rest.partition(":")
    if kind == "layer":
        layer = store.layers.get(first)
        version = layer.layer_versions.get(qualifier) if layer else None
        return _layer_policy(version) if version is not None and version.policy else None
    function = store.functions.get(first) if kind == "function" else None
    found = function.permissions.get(qualifier or "$LATEST") if function else None
    return dataclasses.asdict(found.policy) if found else None


def _layer_policy(version: Any) -> dict[str, Any]:
    statements = [
        {
            "Sid": statement.sid,
            "Effect": "Allow",
            "Principal": statement.principal
            if statement.principal == "*"
            else {"AWS": f"arn:aws:iam::{statement.principal}:root"},
            "Action": statement.action,
            "Resource": version.layer_version_arn,
        }
        for statement in version.policy.statements.values()
    ]
    return {"Version": "2012-10-17", "Id": "default", "Statement": statements}


_POLICIES: dict[str, Callable[[str, str, str], Any]] = {
    "sqs": _queue_policy,
    "sns": _topic_policy,
    "lambda": _function_policy,
}


def resource_tags(arn: str, account: str) -> dict[str, str]:
    """The tags of a resource by its ARN; empty for resources that this module cannot read."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {}
    service, owner, name = parts[2], parts[4] or account, parts[5]
    if service == "s3":
        from sandbox.emulator.access import buckets

        return buckets.tags(arn)
    if service == "iam":
        return _iam_tags(owner, name)
    if service == "dynamodb":
        return table_tags_of(arn.split("/index/")[0]) if table_tags_of else {}
    return {}


def _iam_tags(account: str, name: str) -> dict[str, str]:
    from sandbox.emulator.access import credentials

    kind, _, rest = name.partition("/")
    backend = credentials.iam_backend(account)
    simple = rest.rsplit("/", 1)[-1]
    if kind == "user" and simple in backend.users:
        return {tag["Key"]: tag["Value"] for tag in backend.users[simple].tags or ()}
    if kind == "role":
        for role in backend.roles.values():
            if role.name == simple:
                tags = role.tags
                if isinstance(tags, dict):
                    tags = tags.values()
                return {tag["Key"]: tag["Value"] for tag in tags or ()}
    return {}


# Set by DynamoDB: ARN of a table -> its tags; ARN of a table or index -> name of its partition key.
table_tags_of: Callable[[str], dict[str, str]] | None = None
partition_key_of: Callable[[str], str | None] | None = None


def partition_key(arn: str) -> str | None:
    """The name of a table's or index's partition key; None when nobody can say."""
    return partition_key_of(arn) if partition_key_of else None
