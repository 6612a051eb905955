"""What the control plane of REST APIs does not take."""

from __future__ import annotations

import json
import re

from localstack.aws.api.apigateway import BadRequestException

STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def check_policy(text: str | None) -> None:
    """Raise BadRequestException for a resource policy that names nobody."""
    if not text:
        return
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    statements = found.get("Statement") if isinstance(found, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(
        isinstance(one, dict) and ("Principal" in one or "NotPrincipal" in one)
        for one in statements
    ):
        raise BadRequestException(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are "
            "valid."
        )


def check_stage_name(name: str | None) -> None:
    """Raise BadRequestException for a name that no stage can have."""
    if name and not STAGE_NAME.fullmatch(name):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_-")
