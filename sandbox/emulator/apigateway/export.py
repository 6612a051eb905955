"""GetExport: a deployed stage as an OpenAPI document.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.emulator.apigateway import resource_policy

INTEGRATION_FIELDS = (
    "uri",
    "credentials",
    "httpMethod",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "timeoutInMillis",
    "contentHandling",
    "connectionType",
    "connectionId",
    "cacheNamespace",
    "cacheKeyParameters",
)
STANDARD = {"timeoutInMillis": 29000, "connectionType": "INTERNET"}
LOCATIONS = {"querystring": "query", "header": "header", "path": "path"}


class Exporter:
    """Writes one document; `version` is 2 (Swagger) or 3 (OpenAPI 3.0.1)."""

    def __init__(
        self, deployment: Any, api_id: str, stage: str, version: int, extensions: set[str]
    ) -> None:
        self.api = deployment.rest_api
        self.deployment = deployment
        self.api_id = api_id
        self.stage = stage
        self.three = version == 3
        self.everything = "apigateway" in extensions
        self.integrations = self.everything or "integrations" in extensions
        self.authorizers = self.everything or "authorizers" in extensions

    def document(self, title: str, version: str, description: str | None) -> dict[str, Any]:
        """The whole document."""
        info = {"title": title, "version": version}
        if description:
            info["description"] = description
        host = f"{self.api_id}.execute-api.{self.deployment.region}.amazonaws.com"
        document: dict[str, Any]
        if self.three:
            server = {
                "url": f"https://{host}/{{basePath}}",
                "variables": {"basePath": {"default": f"/{self.stage}"}},
            }
            document = {"openapi": "3.0.1", "info": info, "servers": [server]}
        else:
            document = {
                "swagger": "2.0",
                "info": info,
                "host": host,
                "basePath": f"/{self.stage}",
                "schemes": ["https"],
            }
        document["paths"] = self._paths()
        schemes, models = self._security_schemes(), self._models()
        if self.three:
            components: dict[str, Any] = {}
            if models:
                components["schemas"] = models
            if schemes:
                components["securitySchemes"] = schemes
            document["components"] = components
        else:
            if schemes:
                document["securityDefinitions"] = schemes
            if models:
                document["definitions"] = models
        if self.everything:
            document |= self._extensions()
        return document

    # --- paths -----------------------------------------------------------------------------------

    def _paths(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for resource in sorted(self.api.resources.values(), key=lambda found: found["path"]):
            methods = resource.get("resourceMethods") or {}
            if methods:
                paths[resource["path"]] = {
                    "x-amazon-apigateway-any-method"
                    if name == "ANY"
                    else name.lower(): self._method(method)
                    for name, method in methods.items()
                }
        return paths

    def _method(self, method: Mapping[str, Any]) -> dict[str, Any]:
        integration = method.get("methodIntegration") or {}
        made: dict[str, Any] = {}
        if method.get("operationName"):
            made["operationId"] = method["operationName"]
        models = method.get("requestModels") or {}
        responses = method.get("methodResponses") or {}
        if not self.three:
            consumes = sorted(set(models) | set(integration.get("requestTemplates") or {}))
            produces = sorted(
                {
                    kind
                    for found in responses.values()
                    for kind in (found.get("responseModels") or {})
                }
            )
            if consumes:
                made["consumes"] = consumes
            if produces:
                made["produces"] = produces
        parameters = self._parameters(method, models)
        if parameters:
            made["parameters"] = parameters
        if self.three and models:
            made["requestBody"] = {
                "content": {
                    kind: {"schema": {"$ref": self._reference(name)}}
                    for kind, name in models.items()
                },
                "required": True,
            }
        made["responses"] = {code: self._response(code, found) for code, found in responses.items()}
        security = self._security(method)
        if security:
            made["security"] = security
        validator = self.api.validators.get(method.get("requestValidatorId") or "")
        if validator and self.everything:
            made["x-amazon-apigateway-request-validator"] = validator["name"]
        if self.integrations and integration:
            made["x-amazon-apigateway-integration"] = self._integration(integration)
        return made

    def _parameters(
        self, method: Mapping[str, Any], models: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        made = []
        for name, required in (method.get("requestParameters") or {}).items():
            kind, _, simple = name.removeprefix("method.request.").partition(".")
            parameter: dict[str, Any] = {"name": simple, "in": LOCATIONS.get(kind, kind)}
            needed = required if isinstance(required, bool) else str(required).lower() == "true"
            if needed or not self.three:
                parameter["required"] = needed
            parameter |= {"schema": {"type": "string"}} if self.three else {"type": "string"}
            made.append(parameter)
        if not self.three:
            made += [
                {
                    "in": "body",
                    "name": name,
                    "required": True,
                    "schema": {"$ref": self._reference(name)},
                }
                for name in models.values()
            ]
        return made

    def _response(self, code: str, found: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {"description": f"{code} response"}
        headers = {
            name.removeprefix("method.response.header."): (
                {"schema": {"type": "string"}} if self.three else {"type": "string"}
            )
            for name in found.get("responseParameters") or {}
        }
        if headers:
            made["headers"] = headers
        models = found.get("responseModels") or {}
        if self.three:
            made["content"] = {
                kind: {"schema": {"$ref": self._reference(name)}} for kind, name in models.items()
            }
        elif models:
            made["schema"] = {"$ref": self._reference(next(iter(models.values())))}
        return made

    def _reference(self, name: str) -> str:
        return f"#/components/schemas/{name}" if self.three else f"#/definitions/{name}"

    def _integration(self, integration: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name in INTEGRATION_FIELDS:
            value = integration.get(name)
            if value in (None, "", {}, []) or STANDARD.get(name) == value:
                continue
            made[name] = value.lower() if name == "passthroughBehavior" else value
        # Where answers are cached is the resource's own business.
        made.pop("cacheNamespace", None)
        if integration.get("type") == "MOCK":
            made.pop("httpMethod", None)
        responses = {
            found.get("selectionPattern") or "default": {
                name: found[name]
                for name in (
                    "statusCode",
                    "responseParameters",
                    "responseTemplates",
                    "contentHandling",
                )
                if found.get(name)
            }
            for found in (integration.get("integrationResponses") or {}).values()
        }
        if responses:
            made["responses"] = responses
        made["type"] = str(integration.get("type", "")).lower()
        return made

    # --- security --------------------------------------------------------------------------------

    def _security(self, method: Mapping[str, Any]) -> list[dict[str, list[str]]]:
        made: list[dict[str, list[str]]] = []
        authorizer = self.api.authorizers.get(method.get("authorizerId") or "")
        if authorizer:
            made.append({authorizer["name"]: list(method.get("authorizationScopes") or [])})
        elif method.get("authorizationType") == "AWS_IAM":
            made.append({"sigv4": []})
        if method.get("apiKeyRequired"):
            made.append({"api_key": []})
        return made

    def _methods(self) -> list[Mapping[str, Any]]:
        return [
            method
            for resource in self.api.resources.values()
            for method in (resource.get("resourceMethods") or {}).values()
        ]

    def _security_schemes(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for authorizer in self.api.authorizers.values():
            source = authorizer.get("identitySource") or "method.request.header.Authorization"
            single = "," not in source and ".header." in source
            kind = authorizer["type"]
            scheme: dict[str, Any] = {
                "type": "apiKey",
                "name": source.rpartition(".header.")[2] if single else "Unused",
                "in": "header",
                "x-amazon-apigateway-authtype": (
                    "cognito_user_pools" if kind == "COGNITO_USER_POOLS" else "custom"
                ),
            }
            if self.authorizers:
                scheme["x-amazon-apigateway-authorizer"] = _authorizer(authorizer)
            made[authorizer["name"]] = scheme
        methods = self._methods()
        if any(method.get("authorizationType") == "AWS_IAM" for method in methods):
            made["sigv4"] = {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
        if any(method.get("apiKeyRequired") for method in methods):
            made["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
        return made

    def _models(self) -> dict[str, Any]:
        made = {}
        for name, model in self.api.models.items():
            try:
                schema = json.loads(model.get("schema") or "{}")
            except ValueError:
                continue
            made[name] = self._resolved(schema)
        return made

    def _resolved(self, schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                name: self._reference(value.rsplit("/", 1)[-1])
                if name == "$ref" and isinstance(value, str)
                else self._resolved(value)
                for name, value in schema.items()
                if name != "$schema"
            }
        if isinstance(schema, list):
            return [self._resolved(item) for item in schema]
        return schema

    def _extensions(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.api.validators:
            made["x-amazon-apigateway-request-validators"] = {
                found["name"]: {
                    "validateRequestBody": bool(found.get("validateRequestBody")),
                    "validateRequestParameters": bool(found.get("validateRequestParameters")),
                }
                for found in self.api.validators.values()
            }
        if self.api.gateway_responses:
            made["x-amazon-apigateway-gateway-responses"] = {
                kind: {
                    name: value
                    for name, value in (
                        ("statusCode", found.get("statusCode")),
                        ("responseParameters", found.get("responseParameters")),
                        ("responseTemplates", found.get("responseTemplates")),
                    )
                    if value
                }
                for kind, found in self.api.gateway_responses.items()
            }
        rest_api = self.api.rest_api
        if rest_api.get("binaryMediaTypes"):
            made["x-amazon-apigateway-binary-media-types"] = rest_api["binaryMediaTypes"]
        if rest_api.get("minimumCompressionSize") is not None:
            made["x-amazon-apigateway-minimum-compression-size"] = rest_api[
                "minimumCompressionSize"
            ]
        if rest_api.get("apiKeySource") == "AUTHORIZER":
            made["x-amazon-apigateway-api-key-source"] = "AUTHORIZER"
        policy = resource_policy.written(self.deployment)
        if policy:
            made["x-amazon-apigateway-policy"] = policy
        return made


def _authorizer(authorizer: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": authorizer["type"].lower()}
    for name in (
        "providerARNs",
        "authorizerUri",
        "authorizerCredentials",
        "authorizerResultTtlInSeconds",
        "identitySource",
        "identityValidationExpression",
    ):
        if authorizer.get(name) not in (None, "", []):
            made[name] = authorizer[name]
    if authorizer["type"] == "COGNITO_USER_POOLS":
        made.pop("authorizerResultTtlInSeconds", None)
        made.pop("identitySource", None)
    elif authorizer["type"] == "TOKEN":
        made.pop("identitySource", None)
    return made
