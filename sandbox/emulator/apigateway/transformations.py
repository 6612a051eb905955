"""Mapping of requests and answers: LocalStack's handlers with the rules that they leave out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-data-transformations.html
"""

from __future__ import annotations

import re
from typing import Any

from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    ApiConfigurationError,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.integration_request import (
    IntegrationRequestHandler,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.integration_response import (
    IntegrationResponseHandler,
)
from localstack.services.apigateway.next_gen.execute_api.parameters_mapping import ParametersMapper

from sandbox.emulator.apigateway.mapping_templates import MappingTemplate


class Mapper(ParametersMapper):
    """Parameter mapping; names may have full stops, and what is not there maps to nothing."""

    def map_integration_request(
        self,
        request_parameters: dict[str, str],
        invocation_request: Any,
        context_variables: Any,
        stage_variables: dict[str, str] | None,
    ) -> Any:
        """The headers, path variables and query of the integration request."""
        dotted = {
            target: source
            for target, source in request_parameters.items()
            if target.count(".") > 3 or (source.startswith("method.request.") and _dotted(source))
        }
        plain = {name: value for name, value in request_parameters.items() if name not in dotted}
        mapped = super().map_integration_request(
            plain, invocation_request, context_variables, stage_variables or {}
        )
        for target, source in dotted.items():
            place, _, name = target.removeprefix("integration.request.").partition(".")
            if source.startswith("method.request."):
                value = self._retrieve_parameter_from_invocation_request(
                    source.removeprefix("method.request."),
                    invocation_request,
                    _headers(invocation_request),
                )
            else:
                value = self._retrieve_parameter_from_variables_and_static(
                    source, context_variables, stage_variables or {}
                )
            if value and place in mapped:
                mapped[place][name] = value
        return mapped

    def map_integration_response(
        self,
        response_parameters: dict[str, str],
        integration_response: Any,
        context_variables: Any,
        stage_variables: dict[str, str] | None,
    ) -> Any:
        """The headers of the method response."""
        return super().map_integration_response(
            response_parameters, integration_response, context_variables, stage_variables or {}
        )

    def _retrieve_parameter_from_invocation_request(
        self, expr: str, invocation_request: Any, case_sensitive_headers: dict[str, list[str]]
    ) -> Any:
        kind, _, name = expr.partition(".")
        if kind == "body":
            return super()._retrieve_parameter_from_invocation_request(
                expr, invocation_request, case_sensitive_headers
            )
        if kind == "path":
            return (invocation_request["path_parameters"] or {}).get(name)
        if kind in ("querystring", "multivaluequerystring"):
            values = invocation_request["multi_value_query_string_parameters"].get(name)
            if not values:
                return None
            return values[-1] if kind == "querystring" or len(values) == 1 else values
        values = case_sensitive_headers.get(name)
        if not values:
            return None
        return values[-1] if kind == "header" else ",".join(values)

    def _retrieve_parameter_from_integration_response(
        self, expr: str, integration_response: Any, case_sensitive_headers: dict[str, list[str]]
    ) -> Any:
        kind, _, name = expr.partition(".")
        if kind == "body":
            return super()._retrieve_parameter_from_integration_response(
                expr, integration_response, case_sensitive_headers
            )
        values = case_sensitive_headers.get(name)
        if not values and name.lower().startswith("x-amz"):
            # Names are strict, but services of the sandbox need not write theirs as AWS's do.
            lower = {known.lower(): given for known, given in case_sensitive_headers.items()}
            values = lower.get(name.lower())
        if not values:
            return None
        return values[-1] if kind == "header" else ",".join(values)


def _dotted(source: str) -> bool:
    return source.count(".") > 3 and not source.startswith("method.request.body")


def _headers(request: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request["headers"]:
        found.setdefault(name, []).append(value)
    return found


class RequestTransformation(IntegrationRequestHandler):
    """From the method request to the integration request."""

    def __init__(self) -> None:
        super().__init__()
        self._param_mapper = Mapper()
        self._vtl_template = MappingTemplate()

    @staticmethod
    def get_request_template(integration: Any, request: Any) -> str:
        """The template for the request's content type; parameters such as a charset do not count."""
        templates = integration.get("requestTemplates") or {}
        kind = request["headers"].get("Content-Type") or ""
        plain = kind.partition(";")[0].strip()
        if kind not in templates and plain in templates:
            return templates[plain] or ""
        return IntegrationRequestHandler.get_request_template(integration, request)


class ResponseTransformation(IntegrationResponseHandler):
    """From the integration's answer to the method response."""

    def __init__(self) -> None:
        super().__init__()
        self._param_mapper = Mapper()
        self._vtl_template = MappingTemplate()

    @staticmethod
    def select_integration_response(selection_value: str, integration_responses: Any) -> Any:
        """The response whose pattern fits all of the status or error message, else the default one."""
        responses = list((integration_responses or {}).values())
        for response in responses:
            pattern = response.get("selectionPattern")
            if pattern and _fits(pattern, selection_value):
                return response
        for response in responses:
            if not response.get("selectionPattern"):
                return response
        raise ApiConfigurationError("Internal server error")


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False
