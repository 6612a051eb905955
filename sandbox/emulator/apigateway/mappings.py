"""Which parameter mappings integrations and their responses take.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-data-mapping.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException

NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~:\[\]-]+"
METHOD_PARAMETER = re.compile(rf"method\.request\.(header|querystring|path)\.{NAME}")
METHOD_SOURCE = re.compile(
    rf"method\.request\.(?P<kind>multivalueheader|multivaluequerystring|header|querystring|path)"
    rf"\.(?P<name>{NAME})"
)
REQUEST_TARGET = re.compile(rf"integration\.request\.(header|querystring|path)\.{NAME}")
RESPONSE_PARAMETER = re.compile(rf"method\.response\.header\.{NAME}")
RESPONSE_SOURCE = re.compile(
    rf"integration\.response\.(?:(?:header|multivalueheader)\.{NAME}|body(?:\..+)?)"
)
CONTENT_TYPE = re.compile(r"[^\s/]+/[^\s/]+|\$default")


def refuse(errors: Iterable[str], *, first: str = "") -> None:
    """Raise BadRequestException in the words of API Gateway's validation of mappings."""
    found = list(errors)
    if found:
        raise BadRequestException(
            f"{first}Validation Result: warnings : [], errors : [{', '.join(found)}]"
        )


def _elsewhere(value: str) -> bool:
    """A source that stands in no request or response: a text, `$context`, a stage variable."""
    return (
        (len(value) >= 2 and value[0] == value[-1] == "'")
        or value.startswith("context.")
        or value.startswith("stageVariables.")
    )


def check_method_parameters(names: Iterable[str]) -> None:
    """The parameters that a method declares."""
    for name in names:
        if not METHOD_PARAMETER.fullmatch(name):
            raise BadRequestException(f"Invalid mapping expression specified: {name}")


def check_response_parameters(names: Iterable[str]) -> None:
    """The headers that a method response declares."""
    for name in names:
        if not RESPONSE_PARAMETER.fullmatch(name):
            raise BadRequestException(f"Invalid mapping expression specified: {name}")


def check_request(parameters: Mapping[str, str] | None, declared: Mapping[str, Any] | None) -> None:
    """An integration's request parameters; those of the method must be declared there."""
    errors = []
    for target, source in (parameters or {}).items():
        if not REQUEST_TARGET.fullmatch(target):
            errors.append(f"Invalid mapping expression specified: {target}")
            continue
        if _elsewhere(source) or re.fullmatch(r"method\.request\.body(\..+)?", source):
            continue
        found = METHOD_SOURCE.fullmatch(source)
        if found is None:
            errors.append(f"Invalid mapping expression specified: {source}")
            continue
        plain = f"method.request.{found['kind'].removeprefix('multivalue')}.{found['name']}"
        if plain not in (declared or {}):
            errors.append(f"Invalid mapping expression parameter specified: {source}")
    refuse(errors, first="Invalid mapping expression specified: ")


def check_response(
    parameters: Mapping[str, str] | None, declared: Mapping[str, Any] | None
) -> None:
    """An integration response's headers; each must be declared by the method response."""
    errors = []
    for target, source in (parameters or {}).items():
        if not RESPONSE_PARAMETER.fullmatch(target):
            errors.append(f"Invalid mapping expression specified: {target}")
        elif target not in (declared or {}):
            errors.append(f"Invalid mapping expression parameter specified: {target}")
        elif not _elsewhere(source) and not RESPONSE_SOURCE.fullmatch(source):
            errors.append(f"Invalid mapping expression specified: {source}")
    refuse(errors, first="Invalid mapping expression specified: ")


def check_templates(templates: Mapping[str, Any] | None) -> None:
    """The content types of mapping templates."""
    refuse(
        f"Invalid content type specified: {name}"
        for name in (templates or {})
        if not CONTENT_TYPE.fullmatch(name)
    )
