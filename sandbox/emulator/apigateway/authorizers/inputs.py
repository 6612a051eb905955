"""Which authorizers CreateAuthorizer takes.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException

TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
LONGEST_TTL_SECONDS = 3600
PATCHABLE = {
    "name",
    "type",
    "authType",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
}


def check(request: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> None:
    """Raise BadRequestException for an authorizer that could not work."""
    kind = request.get("type")
    if kind not in TYPES:
        raise BadRequestException(f"Invalid authorizer type specified: {kind}")
    if any(found.get("name") == request.get("name") for found in known):
        raise BadRequestException("Authorizer name must be unique within an API")
    ttl = request.get("authorizerResultTtlInSeconds")
    if ttl is not None and not 0 <= int(ttl) <= LONGEST_TTL_SECONDS:
        raise BadRequestException("Authorizer result TTL must be between 0 and 3600 seconds")
    if kind == "COGNITO_USER_POOLS":
        arns = request.get("providerARNs") or []
        if not arns:
            raise BadRequestException("COGNITO_USER_POOLS authorizers need a provider ARN")
        for arn in arns:
            parts = arn.split(":")
            if len(parts) != 6 or parts[2] != "cognito-idp" or not parts[5].startswith("userpool/"):
                raise BadRequestException(f"Invalid Cognito User Pool ARN: {arn}")
        return
    if not request.get("authorizerUri"):
        raise BadRequestException(f"{kind} authorizers need an authorizer URI")
    if ":lambda:path/" not in request["authorizerUri"]:
        raise BadRequestException("Authorizer URI should be an ARN for API Gateway invocation.")
    if kind == "TOKEN" and not request.get("identitySource"):
        raise BadRequestException("Identity source required for TOKEN authorizers")
    if kind == "REQUEST" and not request.get("identitySource") and ttl != 0:
        raise BadRequestException(
            "Identity source required for REQUEST authorizers when caching is enabled"
        )


def patched(
    authorizer: Mapping[str, Any], operations: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """A copy of an authorizer with UpdateAuthorizer's operations applied."""
    made = {**authorizer, "providerARNs": list(authorizer.get("providerARNs") or ())}
    for operation in operations:
        name = operation.get("path", "").lstrip("/")
        verb, value = operation.get("op"), operation.get("value")
        if name == "providerARNs" and verb in ("add", "remove"):
            arns = made["providerARNs"]
            if verb == "add" and value not in arns:
                arns.append(value)
            elif verb == "remove" and value in arns:
                arns.remove(value)
        elif name not in PATCHABLE or verb not in ("replace", "add", "remove"):
            raise BadRequestException(f"Invalid patch path  {operation.get('path')}")
        elif verb == "remove":
            made.pop(name, None)
        elif name == "authorizerResultTtlInSeconds":
            if not str(value).isdigit():
                raise BadRequestException(
                    "Authorizer result TTL must be between 0 and 3600 seconds"
                )
            made[name] = int(value or 0)
        else:
            made[name] = value
    if not made["providerARNs"]:
        del made["providerARNs"]
    return made
