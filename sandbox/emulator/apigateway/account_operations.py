"""The small operations around APIs: deployments as they stand, keys of plans, documentation, tags, SDK types.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from localstack.services.apigateway.helpers import get_moto_rest_api, get_rest_api_container
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from localstack.services.moto import call_moto, call_moto_with_request
from localstack.utils.strings import short_uid
from moto.apigateway.models import apigateway_backends

from sandbox.emulator.apigateway import usage_plans

SDK_TYPES = (
    ("android", "Android", "groupId artifactId artifactVersion invokerPackage"),
    ("java", "Java SDK", "service.name java.package-name java.build-system"),
    ("javascript", "JavaScript", ""),
    ("objectivec", "iOS (Objective-C)", "classPrefix"),
    ("ruby", "Ruby", "service.name"),
    ("swift", "iOS (Swift)", "classPrefix"),
)


def _sdk_type(identity: str, name: str, properties: str) -> dict[str, Any]:
    return {
        "id": identity,
        "friendlyName": name,
        "description": f"{name} SDK for API Gateway",
        "configurationProperties": [
            {"name": one, "friendlyName": one, "description": one, "required": True}
            for one in properties.split()
        ],
    }


class AccountOperations(ApigatewayNextGenProvider):
    """Operations that are about no single resource or method."""

    # --- deployments -----------------------------------------------------------------------------

    def get_deployment(
        self, context: RequestContext, rest_api_id: str, deployment_id: str, *a: Any, **kw: Any
    ) -> Any:
        """One deployment."""
        _check_deployment(context, rest_api_id, deployment_id)
        return call_moto(context)

    def update_deployment(
        self,
        context: RequestContext,
        rest_api_id: str,
        deployment_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Describe a deployment anew; nothing else of it changes."""
        _check_deployment(context, rest_api_id, deployment_id)
        for operation in patch_operations or ():
            if operation["path"] != "/description":
                raise BadRequestException(f"Invalid patch path {operation['path']}")
            if operation["op"] != "replace":
                raise BadRequestException(
                    "Invalid patch operation specified. Must be one of: [replace]"
                )
        return super().update_deployment(
            context, rest_api_id, deployment_id, patch_operations or [], **kwargs
        )

    def get_stages(
        self,
        context: RequestContext,
        rest_api_id: str,
        deployment_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """The stages of an API, or those of one deployment."""
        found = super().get_stages(context, rest_api_id, deployment_id, **kwargs)
        if deployment_id:
            found["item"] = [
                stage for stage in found["item"] if stage.get("deploymentId") == deployment_id
            ]
        return found

    # --- API keys ------------------------------------------------------------------------------------

    @handler("CreateApiKey", expand=False)
    def create_api_key(self, context: RequestContext, request: Any) -> Any:
        """A new key; members that the operation does not know are not looked at."""
        made = call_moto_with_request(context, request)
        keys = made.get("stageKeys") or []
        made["stageKeys"] = [f"{key.get('restApiId')}/{key.get('stageName')}" for key in keys]
        return made

    def get_api_keys(
        self,
        context: RequestContext,
        position: str | None = None,
        limit: int | None = None,
        name_query: str | None = None,
        customer_id: str | None = None,
        include_values: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """The keys, newest first; their values only with `includeValues`."""
        keys = apigateway_backends[context.account_id][context.region].keys.values()
        items = [key.to_json() for key in reversed(list(keys))]
        items = [
            {name: value for name, value in item.items() if include_values or name != "value"}
            for item in items
            if (not name_query or str(item.get("name") or "").startswith(name_query))
            and (not customer_id or item.get("customerId") == customer_id)
        ]
        return {"items": items}

    @handler("ImportApiKeys", expand=False)
    def import_api_keys(self, context: RequestContext, request: Any) -> Any:
        """Keys out of a file of comma-separated values with a line of names."""
        if request.get("format") != "csv":
            raise BadRequestException("Invalid API key format. Valid options are csv")
        body = request.get("body")
        data = body.read() if hasattr(body, "read") else body or b""
        backend = apigateway_backends[context.account_id][context.region]
        identities, warnings = [], []
        for number, row in enumerate(_rows(data), 1):
            value = row.get("key") or ""
            if len(value) < 20 or any(key.value == value for key in backend.keys.values()):
                warnings.append(f"Row {number}: the key is missing, too short or already there")
                continue
            made = backend.create_api_key(
                {
                    "name": row.get("name") or value,
                    "value": value,
                    "description": row.get("description") or "",
                    "enabled": (row.get("enabled") or "").lower() == "true",
                }
            )
            identities.append(made.id)
            for plan in filter(None, (row.get("usageplanids") or "").split(",")):
                if plan in backend.usage_plans:
                    backend.create_usage_plan_key(plan, {"keyId": made.id, "keyType": "API_KEY"})
        if warnings and request.get("failOnWarnings"):
            for identity in identities:
                del backend.keys[identity]
            raise BadRequestException("; ".join(warnings))
        return {"ids": identities, "warnings": warnings}

    # --- usage plans -----------------------------------------------------------------------------

    def delete_usage_plan(self, context: RequestContext, usage_plan_id: str, **kwargs: Any) -> None:
        """Remove a plan with its keys' memberships."""
        usage_plans.find(context, usage_plan_id)
        backend = apigateway_backends[context.account_id][context.region]
        del backend.usage_plans[usage_plan_id]
        backend.usage_plan_keys.pop(usage_plan_id, None)

    @handler("CreateUsagePlanKey", expand=False)
    def create_usage_plan_key(self, context: RequestContext, request: Any) -> Any:
        """Put a key into a plan."""
        usage_plans.find(context, request["usagePlanId"])
        backend = apigateway_backends[context.account_id][context.region]
        if request["keyType"] != "API_KEY":
            raise BadRequestException("Invalid key type specified. Must be one of: [API_KEY]")
        if request["keyId"] not in backend.keys:
            raise NotFoundException("Invalid API Key identifier specified")
        if request["keyId"] in backend.usage_plan_keys.get(request["usagePlanId"], {}):
            raise ConflictException("This Key is already in the usage plan")
        return call_moto(context)

    def delete_usage_plan_key(
        self, context: RequestContext, usage_plan_id: str, key_id: str, **kwargs: Any
    ) -> None:
        """Take a key out of a plan."""
        usage_plans.find(context, usage_plan_id)
        keys = apigateway_backends[context.account_id][context.region].usage_plan_keys
        if keys.get(usage_plan_id, {}).pop(key_id, None) is None:
            raise NotFoundException("Invalid API Key identifier specified")

    # --- documentation ---------------------------------------------------------------------------

    def import_documentation_parts(
        self,
        context: RequestContext,
        rest_api_id: str,
        body: Any = None,
        mode: str | None = None,
        fail_on_warnings: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Take the parts of a document: beside those that there are, or in their place."""
        data = body.read() if hasattr(body, "read") else body or b""
        parts = _documented(data)
        known = get_rest_api_container(context, rest_api_id=rest_api_id).documentation_parts
        if mode == "overwrite":
            known.clear()
        identities = []
        for part in parts:
            location = part.get("location") or {}
            properties = part.get("properties") or {}
            if not isinstance(properties, str):
                properties = json.dumps(properties)
            identity = next(
                (i for i, one in known.items() if (one.get("location") or {}) == location), None
            )
            identity = identity or short_uid()[:6]
            known[identity] = {"id": identity, "location": location, "properties": properties}
            identities.append(identity)
        return {"ids": identities}

    # --- tags ------------------------------------------------------------------------------------

    def get_model_template(
        self, context: RequestContext, rest_api_id: str, model_name: str, **kwargs: Any
    ) -> Any:
        """A mapping template that has the shape of a model."""
        models = get_rest_api_container(context, rest_api_id=rest_api_id).models
        if model_name not in models:
            raise NotFoundException(f"Invalid model name specified: {model_name}")
        try:
            schema = json.loads(models[model_name].get("schema") or "{}")
        except ValueError:
            schema = {}
        return {"value": f"#set($inputRoot = $input.path('$'))\n{_sample(schema)}"}

    # --- SDKs ------------------------------------------------------------------------------------

    def get_sdk_types(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """The kinds of SDK that AWS makes."""
        return {"items": [_sdk_type(*one) for one in SDK_TYPES]}

    @handler("GetSdkType", expand=False)
    def get_sdk_type(self, context: RequestContext, request: Any) -> Any:
        """One kind of SDK."""
        for one in SDK_TYPES:
            if one[0] == request["id"]:
                return _sdk_type(*one)
        raise NotFoundException("Invalid SDK type specified")

    @handler("GetSdk", expand=False)
    def get_sdk(self, context: RequestContext, request: Any) -> Any:
        """Refused: nothing here writes programs."""
        if request["stageName"] not in get_moto_rest_api(context, request["restApiId"]).stages:
            raise NotFoundException("Invalid Stage identifier specified")
        raise BadRequestException("This sandbox does not generate SDKs; export the API instead.")

    # --- private names ---------------------------------------------------------------------------

    @handler("CreateDomainNameAccessAssociation", expand=False)
    def create_domain_name_access_association(self, context: RequestContext, request: Any) -> Any:
        """Refused: private names are for interface endpoints inside a VPC."""
        raise BadRequestException("This sandbox has no private custom domain names.")

    @handler("GetDomainNameAccessAssociations", expand=False)
    def get_domain_name_access_associations(self, context: RequestContext, request: Any) -> Any:
        """None."""
        return {"items": []}

    @handler("DeleteDomainNameAccessAssociation", expand=False)
    def delete_domain_name_access_association(self, context: RequestContext, request: Any) -> None:
        """There is none."""
        raise NotFoundException("Invalid domain name access association identifier specified")

    @handler("RejectDomainNameAccessAssociation", expand=False)
    def reject_domain_name_access_association(self, context: RequestContext, request: Any) -> None:
        """There is none."""
        raise NotFoundException("Invalid domain name access association identifier specified")

    def tag_resource(
        self, context: RequestContext, resource_arn: str, tags: Any = None, **kwargs: Any
    ) -> None:
        """Add tags to what the ARN names; APIs show them."""
        super().tag_resource(context, resource_arn, tags or {}, **kwargs)
        _show_tags(context, resource_arn)

    def untag_resource(
        self, context: RequestContext, resource_arn: str, tag_keys: Any = None, **kwargs: Any
    ) -> None:
        """Remove tags."""
        super().untag_resource(context, resource_arn, tag_keys or [], **kwargs)
        _show_tags(context, resource_arn)


def _check_deployment(context: RequestContext, api_id: str, deployment_id: str) -> None:
    if deployment_id not in get_moto_rest_api(context, api_id).deployments:
        raise NotFoundException("Invalid Deployment identifier specified")


def _rows(data: bytes) -> list[dict[str, str]]:
    import csv
    import io

    try:
        found = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), restkey="more"))
    except (ValueError, csv.Error):
        found = []
    rows = [
        {str(name).strip().lower(): str(value or "").strip() for name, value in row.items()}
        for row in found
    ]
    if not rows or not all("key" in row for row in rows):
        raise BadRequestException("The API key file must have a line of names, with key among them")
    return rows


def _documented(data: bytes) -> list[dict[str, Any]]:
    import yaml

    try:
        found = yaml.safe_load(data.decode())
        documentation = found.get("x-amazon-apigateway-documentation") or {}
        parts = documentation.get("documentationParts") or []
        if not found.get("swagger") and not found.get("openapi"):
            raise ValueError
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError
    except (ValueError, AttributeError, TypeError, yaml.YAMLError):
        raise BadRequestException("Unable to build importer with provided input.") from None
    return parts


def _show_tags(context: RequestContext, arn: str) -> None:
    parts = arn.rpartition("::/")[2].split("/")
    tags = dict(apigateway_stores[context.account_id][context.region].TAGS.get(arn) or {})
    if len(parts) >= 2 and parts[0] == "restapis":
        api = apigateway_backends[context.account_id][context.region].apis.get(parts[1])
        if api is not None and len(parts) == 2:
            api.tags = tags
        elif api is not None and len(parts) == 4 and parts[3] in api.stages:
            api.stages[parts[3]].tags = tags


def _sample(schema: Any, depth: int = 0) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "object" and depth < 8:
        properties = schema.get("properties") or {}
        inner = ",\n".join(
            f'{"  " * (depth + 1)}"{name}" : {_sample(value, depth + 1)}'
            for name, value in properties.items()
        )
        return f"{{\n{inner}\n{'  ' * depth}}}" if inner else "{ }"
    if kind == "array" and depth < 8:
        return f"[\n{'  ' * (depth + 1)}{_sample(schema.get('items'), depth + 1)}\n{'  ' * depth}]"
    return {"integer": "42", "number": "3.14", "boolean": "true"}.get(str(kind), '"foo"')
