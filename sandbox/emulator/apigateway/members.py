"""What AWS checks of every request before it looks at the API: types, enumerations, patterns, and whether the
API is there at all, which each operation words in its own way.

https://docs.aws.amazon.com/apigateway/latest/api/API_PatchOperation.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from localstack.services.apigateway.helpers import get_moto_rest_api

from sandbox.emulator.execute_api import bodies

OPERATIONS = ("add", "remove", "move", "test", "replace", "copy")
# Only stages know `copy`: it promotes a canary.
COPYING = ("UpdateStage",)
STATUS_CODE = re.compile(r"[1-5]\d\d")
RESPONSES = re.compile(r"(Get|Put|Update|Delete)(Method|Integration)Response")

RESOURCE = "Invalid Resource identifier specified"
# What is said of an API that does not exist, by the part of it that the operation is about.
MISSING = (
    (re.compile(r".*(Method|Integration)(Response)?"), RESOURCE),
    (re.compile(r"(Get|Update|Delete)Resource"), RESOURCE),
    (re.compile(r"(Get|Update|Delete)Model"), "Invalid model name specified: {modelName}"),
    (
        re.compile(r"(Get|Update|Delete)RequestValidator"),
        "Invalid Request Validator identifier specified",
    ),
    (
        re.compile(r"(Get|Update)DocumentationPart"),
        "Invalid Documentation part identifier specified",
    ),
    (re.compile(r"(Get|Update|Delete)Authorizer"), "Invalid Authorizer identifier specified"),
    (re.compile(r"(Get|Update|Delete)Stage"), "Invalid Stage identifier specified"),
    (re.compile(r"(Get|Update|Delete)Deployment"), "Invalid Deployment identifier specified"),
)


def check(context: RequestContext, operation: str, request: Mapping[str, Any]) -> None:
    """Raise what AWS answers to a request that is wrong in itself, or about an API that is not there."""
    if not context.is_internal_call:
        bodies.check(context)
    problems = [] if context.is_internal_call else list(_absent(context, operation, request))
    for number, patch in enumerate(request.get("patchOperations") or (), 1):
        op = patch.get("op")
        if op is not None and op not in OPERATIONS:
            problems.append(
                f"Value '{op}' at '{_input(operation)}.patchOperations.{number}"
                ".member.op' failed to satisfy constraint: Member must satisfy enum value set: "
                f"[{', '.join(OPERATIONS)}]"
            )
    status = request.get("statusCode")
    if RESPONSES.fullmatch(operation) and status and not STATUS_CODE.fullmatch(status):
        problems.append(
            f"Value '{status}' at 'statusCode' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: [1-5]\d\d"
        )
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise CommonServiceException(
            "ValidationException",
            f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}",
        )
    _check_api(context, operation, request)
    for patch in request.get("patchOperations") or ():
        if not patch.get("path"):
            raise BadRequestException("Invalid patch path null")
        op = patch.get("op")
        if op not in ("add", "remove", "replace") and not (op == "copy" and operation in COPYING):
            raise BadRequestException(
                "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"
            )


def _input(operation: str) -> str:
    return f"{operation[0].lower()}{operation[1:]}Input"


def _absent(context: RequestContext, operation: str, request: Mapping[str, Any]) -> Iterable[str]:
    shape = context.operation.input_shape
    if shape is None or "payload" in shape.serialization:
        return
    for name in shape.required_members:
        if request.get(name) is None and not shape.members[name].serialization.get("location"):
            yield (
                f"Value null at '{_input(operation)}.{name}' failed to satisfy constraint: Member must "
                "not be null"
            )


def _check_api(context: RequestContext, operation: str, request: Mapping[str, Any]) -> None:
    identifier = request.get("restApiId")
    if not identifier or operation.endswith("BasePathMapping"):
        return
    try:
        get_moto_rest_api(context, identifier)
    except NotFoundException:
        if operation == "CreateAuthorizer":
            raise ConflictException(
                "Unable to complete operation due to concurrent modification. Please try again later."
            ) from None
        if operation == "CreateRequestValidator":
            raise BadRequestException("Invalid REST API identifier specified") from None
        for pattern, message in MISSING:
            if pattern.fullmatch(operation):
                raise NotFoundException(message.format_map(request)) from None
        raise
