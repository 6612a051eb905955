"""REST APIs as OpenAPI documents, in and out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

from __future__ import annotations

import io
import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import BadRequestException, ExportResponse, NotFoundException
from localstack.services.apigateway.helpers import get_moto_rest_api, get_rest_api_container
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from moto.apigateway.models import apigateway_backends

from sandbox.emulator import clock
from sandbox.emulator.apigateway import openapi
from sandbox.emulator.apigateway.contents import Contents
from sandbox.emulator.apigateway.export import Exporter


class DocumentOperations(ApigatewayNextGenProvider):
    """ImportRestApi, PutRestApi and GetExport."""

    def import_rest_api(
        self,
        context: RequestContext,
        body: Any = None,
        fail_on_warnings: bool | None = None,
        parameters: Any = None,
        **kwargs: Any,
    ) -> Any:
        """A new API from an OpenAPI document; a document that fails leaves nothing behind."""
        data = _bytes(body)
        openapi.read(data)
        before = set(apigateway_backends[context.account_id][context.region].apis)
        try:
            return super().import_rest_api(
                context, io.BytesIO(data), fail_on_warnings, parameters, **kwargs
            )
        except Exception as error:
            for made in set(apigateway_backends[context.account_id][context.region].apis) - before:
                self.delete_rest_api(context, made)
            raise _import_error(error) from error

    @handler("PutRestApi", expand=False)
    def put_rest_api(self, context: RequestContext, request: Any) -> Any:
        """Replace an API by a document, or merge it in; a document that fails changes nothing."""
        data = _bytes(request.get("body"))
        document = openapi.read(data)
        mode = request.get("mode") or "merge"
        if mode not in ("merge", "overwrite"):
            raise BadRequestException("Invalid mode specified. Must be one of [merge, overwrite]")
        moto_api = get_moto_rest_api(context, request["restApiId"])
        container = get_rest_api_container(context, rest_api_id=request["restApiId"])
        before = Contents(moto_api, container)
        container.authorizers.clear()
        container.validators.clear()
        container.gateway_responses.clear()
        request["body"] = io.BytesIO(data)
        base_path = (request.get("parameters") or {}).get("basepath") or context.request.args.get(
            "basepath", "ignore"
        )
        try:
            found = super().put_rest_api(context, request)
            openapi.complete(document, moto_api, container, _base_path(document, base_path))
        except Exception as error:
            before.put_back()
            raise _import_error(error) from error
        if mode == "merge":
            before.merge()
        return found

    def get_export(
        self,
        context: RequestContext,
        rest_api_id: str,
        stage_name: str,
        export_type: str,
        parameters: Any = None,
        accepts: str | None = None,
        **kwargs: Any,
    ) -> ExportResponse:
        """A stage as a Swagger or OpenAPI document."""
        moto_api = get_moto_rest_api(context, rest_api_id)
        if export_type not in ("swagger", "oas30"):
            raise BadRequestException(f"No API exporter for type '{export_type}'")
        stage = moto_api.stages.get(stage_name)
        if stage is None:
            raise NotFoundException("Invalid Stage identifier specified")
        accepts = accepts or "application/json"
        if accepts not in ("application/json", "application/yaml"):
            raise BadRequestException("Invalid Accepts header")
        store = apigateway_stores[context.account_id][context.region]
        deployment = store.internal_deployments.get(rest_api_id.lower(), {})[stage.deployment_id]
        extensions = context.request.args.get("extensions") or (parameters or {}).get("extensions")
        exporter = Exporter(
            deployment,
            rest_api_id,
            stage_name,
            2 if export_type == "swagger" else 3,
            {part.strip() for part in (extensions or "").split(",") if part.strip()},
        )
        version = moto_api.version or clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        document = exporter.document(moto_api.name, version, moto_api.description)
        if accepts == "application/json":
            text = json.dumps(document, indent=2)
        else:
            import yaml

            text = yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False)
        ending = accepts.rpartition("/")[2]
        return ExportResponse(
            body=text.encode(),
            contentType="application/octet-stream",
            contentDisposition=f'attachment; filename="{export_type}_{version}.{ending}"',
        )


def _bytes(body: Any) -> bytes:
    return body.read() if hasattr(body, "read") else body or b""


def _base_path(document: dict[str, Any], mode: str) -> str:
    if mode != "prepend":
        return ""
    return str(document.get("basePath") or "").rstrip("/")


def _import_error(error: Exception) -> Exception:
    from localstack.aws.api import CommonServiceException, ServiceException

    if isinstance(error, CommonServiceException | ServiceException):
        return error
    return BadRequestException(f"Unable to import the document: {error}")
