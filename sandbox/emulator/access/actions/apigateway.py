"""API Gateway's actions are HTTP methods, and its resources are paths of its own API.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sandbox.emulator.access.actions.requirement import Requirement

_PLACEHOLDER = re.compile(r"\{([^}+]+)\+?\}")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/.+")
# Parameters that hand a role to API Gateway.
ROLES = (
    "credentials",
    "authorizerCredentials",
    "CredentialsArn",
    "AuthorizerCredentialsArn",
)


def requirements(
    service: str, operation: str, request: Mapping[str, Any], region: str
) -> list[Requirement]:
    """`apigateway:GET` on `arn:aws:apigateway:REGION::/restapis/ID` and its like."""
    method, uri, names = _route(service, operation)
    path = _PLACEHOLDER.sub(
        lambda found: quote(str(request.get(names.get(found[1], found[1]), "")), safe=""), uri
    )
    # HTTP APIs are told from REST APIs by their collection (`/apis`), not by a version.
    path = path.removeprefix("/v2").rstrip("/") or "/"
    found = [Requirement(f"apigateway:{method}", f"arn:aws:apigateway:{region}::{path}")]
    if method != "GET":
        for name in ROLES:
            value = request.get(name)
            role = _ROLE.fullmatch(value) if isinstance(value, str) else None
            if role and isinstance(value, str):
                passed = {"iam:passedtoservice": "apigateway.amazonaws.com"}
                found.append(Requirement("iam:PassRole", value, role[1], context=passed))
    return found


@lru_cache(maxsize=512)
def _route(service: str, operation: str) -> tuple[str, str, dict[str, str]]:
    """Method and path of an operation, and which member fills each of its placeholders."""
    from localstack.aws.spec import load_service

    model = load_service(service).operation_model(operation)
    names: dict[str, str] = {}
    if model.input_shape is not None:
        for member, shape in model.input_shape.members.items():
            if shape.serialization.get("location") == "uri":
                names[shape.serialization.get("name", member)] = member
    return model.http["method"], model.http["requestUri"].partition("?")[0], names
