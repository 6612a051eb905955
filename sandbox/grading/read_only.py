"""Keeping checks from changing what they look at: mutating AWS calls are refused before they leave.

An operation is told by its verb. A read that costs nothing but changes nothing either (Query, Head,
Simulate...) is allowed, a PartiQL statement when it is a SELECT.
"""

from __future__ import annotations

import re
from typing import Any

READS = re.compile(
    r"(Get|List|Describe|Head|Query|Scan|BatchGet|TransactGet|Select|Lookup|Filter|Search|Simulate"
    r"|Decode|Detect|Estimate|Preview|Test(?!InvokeMethod)|Validate|Verify|View|Check|Count|Discover"
    r"|Admin(Get|List))(?=[A-Z]|$)"
)
# Issue credentials or tokens, leave the world as it is.
ALSO_READS = {"AssumeRole", "AssumeRoleWithWebIdentity", "InitiateAuth", "AdminInitiateAuth"}
PARTIQL = {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}


class WriteRefused(Exception):
    """A check that does not say `acts=True` tried to change something."""


def is_read(operation: str, parameters: dict[str, Any]) -> bool:
    """Whether an AWS operation of this name only reads."""
    if operation in ALSO_READS or READS.match(operation):
        return True
    if operation in PARTIQL:
        return all(
            text.lstrip().upper().startswith("SELECT") for text in _statements(parameters) or [""]
        )
    return False


def protect(client: Any) -> None:
    """Make a boto3 client refuse what changes something, presigned URLs included."""

    def refuse(params: dict[str, Any], model: Any, **_: Any) -> None:
        if not is_read(model.name, params):
            raise WriteRefused(
                f"{model.name} changes something; a check that must do so says acts=True."
            )

    client.meta.events.register("before-parameter-build", refuse)


def _statements(parameters: dict[str, Any]) -> list[str]:
    if "Statement" in parameters:
        return [str(parameters["Statement"])]
    batches = parameters.get("Statements") or parameters.get("TransactStatements") or []
    return [str(one.get("Statement", "")) for one in batches]
