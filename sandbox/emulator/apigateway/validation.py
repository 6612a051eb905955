"""Request validators: required parameters and the model of the body.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import json
from typing import Any

from localstack.http import Response
from localstack.services.apigateway.helpers import ModelResolver
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    BadRequestBodyError,
    BadRequestParametersError,
)


class ValidationHandler:
    """Refuses requests that the method's validator does not take."""

    def __call__(self, chain: Any, context: Any, response: Response) -> None:
        method = context.resource_method
        identifier = (method.get("requestValidatorId") or "").strip()
        if not identifier:
            return
        validator = context.deployment.rest_api.validators.get(identifier)
        if validator is None:
            return
        request = context.invocation_request
        if validator.get("validateRequestParameters"):
            missing = _missing(method, request)
            if missing:
                raise BadRequestParametersError(
                    f"Missing required request parameters: [{', '.join(missing)}]"
                )
        if validator.get("validateRequestBody"):
            problem = _problem(method, context.deployment.rest_api, request)
            if problem is not None:
                context.validation_error = problem
                raise BadRequestBodyError("Invalid request body")


def _missing(method: Any, request: Any) -> list[str]:
    missing = []
    headers = {name for name, value in request["headers"] if value}
    for parameter, required in sorted((method.get("requestParameters") or {}).items()):
        if not required or str(required).lower() == "false":
            continue
        kind, _, name = parameter.removeprefix("method.request.").partition(".")
        if kind == "header":
            present = name in headers or name.lower() in {header.lower() for header in headers}
        elif kind == "path":
            present = bool((request.get("path_parameters") or {}).get(name))
        elif kind == "querystring":
            present = bool((request.get("query_string_parameters") or {}).get(name))
        else:
            present = True
        if not present:
            missing.append(name)
    return missing


def _problem(method: Any, rest_api: Any, request: Any) -> str | None:
    """What is wrong with the body, None when nothing is."""
    models = method.get("requestModels") or {}
    kind = (request["headers"].get("Content-Type") or "application/json").split(";")[0].strip()
    name = models.get(kind, models.get("$default"))
    if name is None:
        # Content types without a model are not looked at.
        return None
    schema = ModelResolver(rest_api_container=rest_api, model_name=name).get_resolved_model()
    if not schema:
        return "the model cannot be resolved"
    import jsonschema

    try:
        body = json.loads(request.get("body") or b"{}")
    except ValueError:
        return "Invalid JSON"
    try:
        kind_of_validator = jsonschema.validators.validator_for(
            schema, default=jsonschema.Draft4Validator
        )
        problems = sorted(
            kind_of_validator(schema).iter_errors(body), key=lambda error: list(error.path)
        )
    except Exception as error:
        return str(error)
    return f"[{', '.join(_worded(problems))}]".replace('"', '\\"') if problems else None


def _worded(problems: list[Any]) -> list[str]:
    """The problems as AWS's validator words them; what an object lacks is told at once."""
    found: list[str] = []
    lacking: set[tuple] = set()
    for problem in problems:
        place = tuple(problem.absolute_path)
        if problem.validator == "required":
            if place in lacking:
                continue
            lacking.add(place)
        found.append(_sentence(problem))
    return found


def _sentence(problem: Any) -> str:
    value, wanted, instance = (
        problem.validator_value,
        _text(problem.validator_value),
        problem.instance,
    )
    match problem.validator:
        case "required":
            missing = sorted(name for name in value if name not in instance)
            return f"object has missing required properties ({_text(missing)})"
        case "type":
            allowed = sorted(value if isinstance(value, list) else [value])
            if allowed == ["number"]:
                allowed = ["integer", "number"]
            return (
                f"instance type ({_kind(instance)}) does not match any allowed primitive type "
                f"(allowed: {_text(allowed)})"
            )
        case "enum":
            return (
                f"instance value ({_text(instance)}) not found in enum (possible values: {wanted})"
            )
        case "minimum":
            return (
                "numeric instance is lower than the required minimum "
                f"(minimum: {wanted}, found: {_text(instance)})"
            )
        case "maximum":
            return (
                "numeric instance is greater than the required maximum "
                f"(maximum: {wanted}, found: {_text(instance)})"
            )
        case "minLength":
            return (
                f"string {_text(instance)} is too short "
                f"(length: {len(instance)}, required minimum: {wanted})"
            )
        case "maxLength":
            return (
                f"string {_text(instance)} is too long "
                f"(length: {len(instance)}, maximum allowed: {wanted})"
            )
        case "pattern":
            return f"ECMA 262 regex {wanted} does not match input string {_text(instance)}"
        case "additionalProperties":
            known = problem.schema.get("properties") or {}
            extra = sorted(name for name in instance if name not in known)
            return (
                "object instance has properties which are not allowed by the schema: "
                f"{_text(extra)}"
            )
        case "minItems":
            return (
                f"array is too short: must have at least {wanted} elements but instance has "
                f"{len(instance)} elements"
            )
        case "maxItems":
            return (
                f"array is too long: must have at most {wanted} elements but instance has "
                f"{len(instance)} elements"
            )
        case "uniqueItems":
            return "array must not contain duplicate elements"
    return str(problem.message)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
    (type(None), "null"),
)


def _kind(value: Any) -> str:
    return next(name for kind, name in KINDS if isinstance(value, kind))
