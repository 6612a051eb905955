"""HTTP APIs as OpenAPI 3 documents, in and out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.emulator.apigatewayv2 import deploying, inputs
from sandbox.emulator.apigatewayv2.models import Api, Resource, Snapshot
from sandbox.emulator.apigatewayv2.refusals import bad_request

PREFIX = "x-amazon-apigateway-"
ANY = f"{PREFIX}any-method"
VERBS = ("get", "put", "post", "delete", "options", "head", "patch", ANY)
# Name in the document -> name in the API.
INTEGRATION = {
    "type": "IntegrationType",
    "uri": "IntegrationUri",
    "httpMethod": "IntegrationMethod",
    "payloadFormatVersion": "PayloadFormatVersion",
    "connectionType": "ConnectionType",
    "connectionId": "ConnectionId",
    "credentials": "CredentialsArn",
    "requestParameters": "RequestParameters",
    "responseParameters": "ResponseParameters",
    "timeoutInMillis": "TimeoutInMillis",
    "subtype": "IntegrationSubtype",
    "integrationSubtype": "IntegrationSubtype",
    "description": "Description",
}
CORS = {
    "allowOrigins": "AllowOrigins",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
    "exposeHeaders": "ExposeHeaders",
    "allowCredentials": "AllowCredentials",
    "maxAge": "MaxAge",
}


def read(text: Any) -> dict[str, Any]:
    """The document; raises BadRequestException for what is none."""
    from localstack.utils.json import parse_json_or_yaml

    try:
        found = parse_json_or_yaml(text or "")
    except Exception:
        found = None
    if not isinstance(found, dict) or not str(found.get("openapi", "")).startswith("3."):
        raise bad_request("Unable to parse the OpenAPI document: only OpenAPI 3.0 is supported")
    info = found.get("info")
    if not isinstance(info, dict) or not info.get("title"):
        raise bad_request("Title is required and may not be empty.")
    if not isinstance(found.get("paths", {}), dict):
        raise bad_request("Unable to parse the OpenAPI document: paths must be an object")
    return found


def load(api: Api, document: Mapping[str, Any], basepath: str) -> None:
    """Fill an empty API from a document."""
    info = document["info"]
    if info.get("description"):
        api.details["Description"] = info["description"]
    if info.get("version"):
        api.details["Version"] = str(info["version"])
    given = document.get(f"{PREFIX}cors")
    if isinstance(given, Mapping):
        api.details["CorsConfiguration"] = {
            CORS[name]: value for name, value in given.items() if name in CORS
        }
        inputs.check_api({"CorsConfiguration": api.details["CorsConfiguration"]})
    api.details["ImportInfo"] = []
    authorizers = _load_authorizers(api, document)
    prefix = _base_path(document, basepath)
    components = document.get("components") or {}
    shared = components.get(f"{PREFIX}integrations") or {}
    for path, operations in (document.get("paths") or {}).items():
        if not isinstance(operations, Mapping):
            continue
        for verb in VERBS:
            operation = operations.get(verb)
            if isinstance(operation, Mapping):
                key = "$default" if path == "/$default" else _key(verb, prefix + path)
                _load_route(api, key, operation, document, authorizers, shared)


def _key(verb: str, path: str) -> str:
    return f"{'ANY' if verb == ANY else verb.upper()} {path}"


def _base_path(document: Mapping[str, Any], mode: str) -> str:
    if mode not in ("prepend", "split"):
        return ""
    for server in document.get("servers") or ():
        path = re.sub(r"^[a-z]+://[^/]*", "", server.get("url", ""))
        variables = server.get("variables") or {}
        for name, variable in variables.items():
            path = path.replace(f"{{{name}}}", str(variable.get("default", "")).strip("/"))
        path = "/" + path.strip("/") if path.strip("/") else ""
        if mode == "split" and path:
            path = "/" + path.strip("/").partition("/")[2] if "/" in path.strip("/") else ""
        return path
    return ""


def _load_authorizers(api: Api, document: Mapping[str, Any]) -> dict[str, Resource]:
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    found: dict[str, Resource] = {}
    for name, scheme in schemes.items():
        given = scheme.get(f"{PREFIX}authorizer") if isinstance(scheme, Mapping) else None
        if not isinstance(given, Mapping):
            continue
        source = given.get("identitySource")
        sources = (
            [part.strip() for part in source.split(",")] if isinstance(source, str) else source
        )
        kind = str(given.get("type", "")).upper()
        authorizer: Resource = {"Name": name, "AuthorizerType": kind}
        if kind == "JWT":
            settings = given.get("jwtConfiguration") or {}
            authorizer["IdentitySource"] = sources or ["$request.header.Authorization"]
            audience = settings.get("audience") or []
            authorizer["JwtConfiguration"] = {
                "Issuer": settings.get("issuer", ""),
                "Audience": audience if isinstance(audience, list) else [audience],
            }
        else:
            authorizer["IdentitySource"] = sources or []
            for field, target in (
                ("authorizerUri", "AuthorizerUri"),
                ("authorizerPayloadFormatVersion", "AuthorizerPayloadFormatVersion"),
                ("authorizerResultTtlInSeconds", "AuthorizerResultTtlInSeconds"),
                ("authorizerCredentials", "AuthorizerCredentialsArn"),
                ("enableSimpleResponses", "EnableSimpleResponses"),
            ):
                if given.get(field) is not None:
                    authorizer[target] = given[field]
        inputs.check_authorizer(api, authorizer)
        authorizer["AuthorizerId"] = deploying.identifier(6)
        api.authorizers[authorizer["AuthorizerId"]] = authorizer
        found[name] = authorizer
    return found


def _load_route(
    api: Api,
    key: str,
    operation: Mapping[str, Any],
    document: Mapping[str, Any],
    authorizers: Mapping[str, Resource],
    shared: Mapping[str, Any],
) -> None:
    route: Resource = {
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": deploying.identifier(),
        "RouteKey": key,
    }
    if operation.get("operationId"):
        route["OperationName"] = operation["operationId"]
    given = operation.get(f"{PREFIX}integration")
    if isinstance(given, Mapping) and "$ref" in given:
        given = shared.get(str(given["$ref"]).rsplit("/", 1)[-1])
    if isinstance(given, Mapping):
        integration = {INTEGRATION[n]: v for n, v in given.items() if n in INTEGRATION}
        integration["IntegrationType"] = str(integration.get("IntegrationType", "")).upper()
        integration.setdefault("ConnectionType", "INTERNET")
        integration.setdefault("PayloadFormatVersion", "1.0")
        integration.setdefault("TimeoutInMillis", 30_000)
        if integration["IntegrationType"] == "AWS_PROXY":
            integration.setdefault("IntegrationMethod", "POST")
        if isinstance(integration.get("ResponseParameters"), Mapping):
            integration["ResponseParameters"] = {
                str(status): value for status, value in integration["ResponseParameters"].items()
            }
        inputs.check_integration(api, integration)
        integration["IntegrationId"] = deploying.identifier()
        api.integrations[integration["IntegrationId"]] = integration
        route["Target"] = f"integrations/{integration['IntegrationId']}"
    auth = operation.get(f"{PREFIX}auth") or {}
    if str(auth.get("type", "")).upper() == "AWS_IAM":
        route["AuthorizationType"] = "AWS_IAM"
    for item in operation.get("security", document.get("security")) or ():
        for name, scopes in item.items() if isinstance(item, Mapping) else ():
            if name in authorizers:
                authorizer = authorizers[name]
                jwt = authorizer["AuthorizerType"] == "JWT"
                route["AuthorizationType"] = "JWT" if jwt else "CUSTOM"
                route["AuthorizerId"] = authorizer["AuthorizerId"]
                if scopes:
                    route["AuthorizationScopes"] = list(scopes)
    inputs.check_route(api, route)
    api.routes[route["RouteId"]] = route


def dump(api: Api, snapshot: Snapshot, stage: Resource | None, extensions: bool) -> dict[str, Any]:
    """The document of an API."""
    info = {
        "title": api.details["Name"],
        "version": api.details.get("Version")
        or f"{api.details['CreatedDate']:%Y-%m-%d %H:%M:%SUTC}",
    }
    if api.details.get("Description"):
        info["description"] = api.details["Description"]
    host = f"https://{api.id}.execute-api.{api.region}.amazonaws.com/{{basePath}}"
    base = "" if stage is None or stage["StageName"] == "$default" else stage["StageName"]
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": info,
        "servers": [{"url": host, "variables": {"basePath": {"default": base}}}],
        "paths": {},
    }
    for route in sorted(snapshot.routes, key=lambda found: found["RouteKey"]):
        method, _, path = route["RouteKey"].partition(" ")
        if not path:
            method, path = "ANY", f"/{route['RouteKey']}"
        verb = ANY if method == "ANY" else method.lower()
        document["paths"].setdefault(path, {})[verb] = _dump_route(
            route, path, snapshot, extensions
        )
    schemes = {
        found["Name"]: _dump_authorizer(found, extensions)
        for found in snapshot.authorizers.values()
    }
    if schemes:
        document["components"] = {"securitySchemes": schemes}
    if extensions:
        if snapshot.cors:
            names = {target: name for name, target in CORS.items()}
            document[f"{PREFIX}cors"] = {
                names[name]: value for name, value in snapshot.cors.items() if name in names
            }
        document[f"{PREFIX}importexport-version"] = "1.0"
    return json.loads(json.dumps(document, default=str))


def _dump_route(route: Resource, path: str, snapshot: Snapshot, extensions: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if route.get("OperationName"):
        made["operationId"] = route["OperationName"]
    names = [name.rstrip("+") for name in re.findall(r"\{([^}]+)\}", path)]
    if names:
        made["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    made["responses"] = {"default": {"description": f"Default response for {route['RouteKey']}"}}
    authorizer = snapshot.authorizers.get(route.get("AuthorizerId") or "")
    if authorizer:
        made["security"] = [{authorizer["Name"]: list(route.get("AuthorizationScopes") or [])}]
    if not extensions:
        return made
    if route.get("AuthorizationType") == "AWS_IAM":
        made[f"{PREFIX}auth"] = {"type": "AWS_IAM"}
    integration = snapshot.integrations.get(
        (route.get("Target") or "").removeprefix("integrations/")
    )
    if integration:
        fields = {target: name for name, target in INTEGRATION.items() if name != "subtype"}
        made[f"{PREFIX}integration"] = {
            fields[name]: value.lower() if name == "IntegrationType" else value
            for name, value in integration.items()
            if name in fields and value not in (None, {}, "")
        }
    return made


def _dump_authorizer(authorizer: Resource, extensions: bool) -> dict[str, Any]:
    jwt = authorizer["AuthorizerType"] == "JWT"
    made: dict[str, Any]
    if jwt:
        made = {"type": "oauth2", "flows": {}}
    else:
        made = {"type": "apiKey", "name": "Authorization", "in": "header"}
    if not extensions:
        return made
    sources = ",".join(authorizer.get("IdentitySource") or [])
    given: dict[str, Any] = {"type": authorizer["AuthorizerType"].lower()}
    if sources:
        given["identitySource"] = sources
    if jwt:
        settings = authorizer["JwtConfiguration"]
        given["jwtConfiguration"] = {
            "issuer": settings["Issuer"],
            "audience": settings["Audience"],
        }
    else:
        for field, source in (
            ("authorizerUri", "AuthorizerUri"),
            ("authorizerPayloadFormatVersion", "AuthorizerPayloadFormatVersion"),
            ("authorizerResultTtlInSeconds", "AuthorizerResultTtlInSeconds"),
            ("authorizerCredentials", "AuthorizerCredentialsArn"),
            ("enableSimpleResponses", "EnableSimpleResponses"),
        ):
            if authorizer.get(source) is not None:
                given[field] = authorizer[source]
    made[f"{PREFIX}authorizer"] = given
    return made
