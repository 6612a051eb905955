"""What LocalStack's import of OpenAPI documents leaves out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    DEFAULT_GATEWAY_RESPONSES,
    build_gateway_response,
)
from localstack.utils.json import parse_json_or_yaml

PREFIX = "x-amazon-apigateway-"
VERBS = {"get", "put", "post", "delete", "options", "head", "patch", f"{PREFIX}any-method"}


def read(data: bytes) -> dict[str, Any]:
    """The document; raises BadRequestException for what is none."""
    try:
        found = parse_json_or_yaml(data.decode("utf-8"))
    except Exception:
        found = None
    if not isinstance(found, dict):
        raise BadRequestException("Invalid OpenAPI input.")
    version = str(found.get("swagger") or found.get("openapi") or "")
    if not (version.startswith("2.") or version.startswith("3.")):
        raise BadRequestException("Invalid OpenAPI input.")
    if not _well_formed(found):
        raise BadRequestException("Invalid OpenAPI input.")
    info = found.get("info")
    if not isinstance(info, dict) or not info.get("title"):
        raise BadRequestException("Title is required and may not be empty.")
    return found


def _well_formed(document: Mapping[str, Any]) -> bool:
    """Whether the parts that an import walks through are objects."""
    paths = document.get("paths", {})
    if not isinstance(paths, dict) or not all(isinstance(item, dict) for item in paths.values()):
        return False
    operations = [
        operation
        for item in paths.values()
        for verb, operation in item.items()
        if str(verb).lower() in VERBS
    ]
    return all(
        isinstance(operation, dict)
        and isinstance(operation.get(f"{PREFIX}integration") or {}, dict)
        and isinstance(operation.get("responses") or {}, dict)
        and isinstance(operation.get("parameters") or [], list)
        for operation in operations
    ) and all(
        isinstance(document.get(name) or {}, dict)
        for name in ("definitions", "components", "securityDefinitions")
    )


def complete(document: Mapping[str, Any], moto_api: Any, container: Any, base_path: str) -> None:
    """Add credentials of integrations, IAM authorization and gateway responses to an imported API."""
    schemes = document.get("securityDefinitions") or (document.get("components") or {}).get(
        "securitySchemes", {}
    )
    signed = {
        name
        for name, scheme in schemes.items()
        if isinstance(scheme, Mapping)
        and str(scheme.get(f"{PREFIX}authtype", "")).lower() == "awssigv4"
    }
    by_path = {resource.get_path(): resource for resource in moto_api.resources.values()}
    for path, operations in (document.get("paths") or {}).items():
        resource = by_path.get((base_path + path).rstrip("/") or "/")
        if resource is None or not isinstance(operations, Mapping):
            continue
        for verb, operation in operations.items():
            if verb.lower() not in VERBS or not isinstance(operation, Mapping):
                continue
            name = "ANY" if verb.lower().startswith(PREFIX) else verb.upper()
            method = resource.resource_methods.get(name)
            if method is not None:
                _complete_method(method, operation, document, signed)
    for kind, given in (document.get(f"{PREFIX}gateway-responses") or {}).items():
        if kind not in DEFAULT_GATEWAY_RESPONSES or not isinstance(given, Mapping):
            continue
        status = given.get("statusCode")
        container.gateway_responses[kind] = build_gateway_response(
            response_type=kind,
            status_code=None if status is None else str(status),
            response_parameters=dict(given.get("responseParameters") or {}),
            response_templates=dict(given.get("responseTemplates") or {}),
            default_response=False,
        )


def _complete_method(
    method: Any, operation: Mapping[str, Any], document: Mapping[str, Any], signed: set[str]
) -> None:
    integration = operation.get(f"{PREFIX}integration") or {}
    if method.method_integration is not None and integration:
        if integration.get("credentials"):
            method.method_integration.credentials = integration["credentials"]
        if integration.get("cacheKeyParameters"):
            method.method_integration.cache_key_parameters = integration["cacheKeyParameters"]
    auth = operation.get(f"{PREFIX}auth") or {}
    wanted = operation.get("security", document.get("security")) or []
    by_scheme = any(set(item) & signed for item in wanted if isinstance(item, Mapping))
    if str(auth.get("type", "")).upper() == "AWS_IAM" or by_scheme:
        method.authorization_type = "AWS_IAM"
        method.authorizer_id = None
    elif str(auth.get("type", "")).upper() == "NONE":
        method.authorization_type = "NONE"
        method.authorizer_id = None
