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
    return f"[{', '.join(problem.message for problem in problems)}]" if problems else None
