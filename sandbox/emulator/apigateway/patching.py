"""Patch operations that LocalStack and moto take without looking: which paths there are, and what they change.

https://docs.aws.amazon.com/apigateway/latest/api/API_PatchOperation.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException, NotFoundException

from sandbox.emulator.apigateway import mappings

REST_API = re.compile(
    r"/(name|description|policy|version|apiKeySource|minimumCompressionSize"
    r"|disableExecuteApiEndpoint|securityPolicy|endpointAccessMode"
    r"|binaryMediaTypes(/.*)?|endpointConfiguration/(types|vpcEndpointIds|ipAddressType)(/.*)?)"
)
SHORTEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS = 50, 29_000
VERBS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
# Path of an integration's plain setting -> attribute of moto's model.
INTEGRATION = {
    "/cacheNamespace": "cache_namespace",
    "/connectionType": "connection_type",
    "/contentHandling": "content_handling",
    "/credentials": "credentials",
    "/httpMethod": "http_method",
    "/passthroughBehavior": "passthrough_behaviour",
    "/timeoutInMillis": "timeout_in_millis",
    "/uri": "uri",
}
CHOICES = {
    "/contentHandling": ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT"),
    "/connectionType": ("INTERNET", "VPC_LINK"),
    "/passthroughBehavior": ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"),
    "/httpMethod": VERBS,
}
NULLABLE = ("/contentHandling", "/credentials", "/connectionType")


def check_timeout(value: Any) -> None:
    """Raise BadRequestException for a time that no integration may take."""
    if value is None:
        return
    if not str(value).isdigit() or not SHORTEST_TIMEOUT_MS <= int(value) <= LONGEST_TIMEOUT_MS:
        raise BadRequestException(
            f"Timeout should be between {SHORTEST_TIMEOUT_MS} ms and {LONGEST_TIMEOUT_MS} ms"
        )


def check_choice(path: str, value: str | None) -> None:
    """Raise BadRequestException for a value that a setting of an integration does not know."""
    choices = CHOICES.get(path)
    if choices and value is not None and value not in choices:
        name = path.lstrip("/")
        raise BadRequestException(
            f"Invalid {name[0].upper()}{name[1:]} specified. Valid options are {','.join(choices)}"
        )


def check_rest_api(api: Any, operations: Iterable[Mapping[str, Any]]) -> None:
    """Paths and values of UpdateRestApi."""
    for operation in operations:
        path, op = operation["path"], operation["op"]
        if not REST_API.fullmatch(path):
            raise BadRequestException(f"Invalid patch path {path}")
        if path in ("/name", "/apiKeySource", "/disableExecuteApiEndpoint") and op != "replace":
            raise BadRequestException(
                "Invalid patch operation specified. Must be one of: [replace]"
            )
        if path == "/name" and not operation.get("value"):
            raise BadRequestException("Name cannot be empty")
        if path == "/apiKeySource" and operation.get("value") not in ("HEADER", "AUTHORIZER"):
            raise BadRequestException(
                "Invalid ApiKeySource specified. Valid options are HEADER,AUTHORIZER"
            )
        if path.startswith("/binaryMediaTypes/") and op in ("remove", "replace"):
            kind = unescaped(path.rpartition("/")[2])
            if kind not in (api.binaryMediaTypes or ()):
                raise NotFoundException("Invalid Binary Media Type specified")


def integration(found: Any, method: Any, operations: Iterable[Mapping[str, Any]]) -> None:
    """Apply UpdateIntegration to moto's model; nothing is changed when one operation is refused."""
    changes: dict[str, Any] = {}
    templates = dict(found.request_templates or {})
    parameters = dict(found.request_parameters or {})
    keys = list(found.cache_key_parameters or ())
    tls = dict(found.tls_config or {})
    for operation in operations:
        path, op, value = operation["path"], operation["op"], operation.get("value")
        if path in INTEGRATION:
            if op != "replace" and not (op == "remove" and path in NULLABLE):
                raise BadRequestException(
                    "Invalid patch operation specified. Must be one of: [replace]"
                )
            value = None if op == "remove" else value
            if path == "/timeoutInMillis":
                check_timeout(value)
                changes["timeout_in_millis"] = int(value or LONGEST_TIMEOUT_MS)
                continue
            check_choice(path, value or None)
            changes[INTEGRATION[path]] = value or None
        elif path.startswith("/requestTemplates/"):
            _entry(templates, path, op, value, "Content-Type specified was not found")
        elif path.startswith("/requestParameters/"):
            _entry(parameters, path, op, value, "Invalid parameter name specified")
        elif path.startswith("/cacheKeyParameters/"):
            name = unescaped(path.removeprefix("/cacheKeyParameters/"))
            if op == "remove":
                keys = [key for key in keys if key != name]
            elif name not in keys:
                keys.append(name)
        elif path == "/tlsConfig/insecureSkipVerification":
            tls["insecureSkipVerification"] = str(value).lower() == "true"
        else:
            raise BadRequestException(f"Invalid patch path {path}")
    mappings.check_templates(templates)
    if parameters != (found.request_parameters or {}):
        mappings.check_request(parameters, method.request_parameters)
    for name, value in changes.items():
        setattr(found, name, value)
    found.request_templates = templates or None
    found.request_parameters = parameters or None
    found.cache_key_parameters = keys
    found.tls_config = tls or None


def integration_response(found: Any, method: Any, operations: Iterable[Mapping[str, Any]]) -> None:
    """Apply UpdateIntegrationResponse to moto's model; nothing is changed when one operation is refused."""
    templates = dict(found.response_templates or {})
    parameters = dict(found.response_parameters or {})
    pattern, handling = found.selection_pattern, found.content_handling
    for operation in operations:
        path, op, value = operation["path"], operation["op"], operation.get("value")
        if path.startswith("/responseTemplates/"):
            if op != "remove" and not isinstance(value, str):
                raise BadRequestException(
                    f"Invalid patch value  '{value}' specified for op '{op}'. Must be a string"
                )
            _entry(templates, path, op, value, "Content-Type specified was not found")
        elif path.startswith("/responseParameters/"):
            _entry(parameters, path, op, value, "Invalid parameter name specified")
        elif path == "/selectionPattern":
            pattern = None if op == "remove" else value
        elif path == "/contentHandling":
            check_choice(path, value or None)
            handling = None if op == "remove" else value or None
        else:
            raise BadRequestException(f"Invalid patch path {path}")
    mappings.check_templates(templates)
    if parameters != (found.response_parameters or {}):
        response = (method.method_responses or {}).get(found.status_code)
        declared = response.response_parameters if response is not None else None
        mappings.check_response(parameters, declared)
    found.response_templates = templates
    found.response_parameters = parameters or None
    found.selection_pattern, found.content_handling = pattern, handling


def _entry(entries: dict[str, Any], path: str, op: str, value: Any, missing: str) -> None:
    name = unescaped(path.split("/", 2)[2])
    if op == "remove":
        if name not in entries:
            raise NotFoundException(missing)
        del entries[name]
    elif op == "replace" and name not in entries:
        raise NotFoundException(missing)
    else:
        entries[name] = value


def unescaped(part: str) -> str:
    """A name out of a JSON pointer."""
    return part.replace("~1", "/").replace("~0", "~")
