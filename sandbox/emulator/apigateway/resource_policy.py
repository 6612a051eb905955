"""The resource policy of an API: who may call it, whatever its methods say.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.document import Policy

SHORT = "execute-api:/"


def of(deployment: Any, api_id: str) -> Policy | None:
    """The policy of a deployment; None when the API has none."""
    text = deployment.rest_api.rest_api.get("policy")
    if not text:
        return None
    prefix = f"arn:aws:execute-api:{deployment.region}:{deployment.account_id}:{api_id}/"
    return _parse(text, prefix)


def written(deployment: Any) -> dict[str, Any] | None:
    """The policy's document; None when the API has none."""
    text = deployment.rest_api.rest_api.get("policy")
    return read(text) if text else None


def read(text: str) -> dict[str, Any] | None:
    """The document of a policy's text; None when it is none."""
    # moto keeps the document as the inside of a JSON string.
    for attempt in (text, f'"{text}"'):
        try:
            found = json.loads(attempt)
        except ValueError:
            continue
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except ValueError:
                continue
        if isinstance(found, dict):
            return found
    return None


@lru_cache(maxsize=256)
def _parse(text: str, prefix: str) -> Policy:
    found = read(text)
    if found is None:
        return Policy("the API's resource policy", ())
    return document.from_dict(_expanded(found, prefix), "the API's resource policy")


def _expanded(policy: dict[str, Any], prefix: str) -> dict[str, Any]:
    """`execute-api:/stage/GET/path` written out."""
    statements = policy.get("Statement") or []
    if isinstance(statements, dict):
        statements = [statements]
    made = []
    for statement in statements:
        statement = dict(statement)
        for element in ("Resource", "NotResource"):
            if element in statement:
                value = statement[element]
                values = value if isinstance(value, list) else [value]
                statement[element] = [
                    prefix + item[len(SHORT) :]
                    if isinstance(item, str) and item.startswith(SHORT)
                    else item
                    for item in values
                ]
        made.append(statement)
    return {**policy, "Statement": made}
