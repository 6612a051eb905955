"""Resources, methods, integrations and their responses: what they may be, and how they change.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings.html
"""

from __future__ import annotations

import re
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from localstack.services.apigateway.helpers import get_moto_rest_api, get_rest_api_container
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from localstack.services.moto import call_moto

from sandbox.emulator.apigateway import mappings, patching

PATH_PART = re.compile(r"[A-Za-z0-9._:%~$@!*+,;=()&'-]+|\{[A-Za-z0-9._:-]+\+?\}")
AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
NO_VPC_LINKS = (
    "VPC links lead to load balancers inside a VPC, which this sandbox cannot reach from an API."
)
NO_RESOURCE = "Invalid Resource identifier specified"
NO_METHOD = "Invalid Method identifier specified"
NO_INTEGRATION = "Invalid Integration identifier specified"
NO_RESPONSE = "Invalid Response status code specified"


def method_of(
    context: RequestContext, api: str, resource: str, verb: str, missing: str = NO_METHOD
) -> Any:
    """moto's method; NotFoundException, with `missing` for a resource that has no such method."""
    found = get_moto_rest_api(context, api).resources.get(resource)
    if found is None:
        raise NotFoundException(NO_RESOURCE)
    method = found.resource_methods.get(verb)
    if method is None:
        raise NotFoundException(missing)
    return method


def _filled(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape without what has no value."""
    return {
        name: value
        for name, value in shape.items()
        if value not in (None, {}) and not (name == "integrationResponses" and not value)
    }


class MethodOperations(ApigatewayNextGenProvider):
    """CreateResource, PutMethod, PutIntegration and their like."""

    # --- resources -------------------------------------------------------------------------------

    def create_resource(
        self,
        context: RequestContext,
        rest_api_id: str,
        parent_id: str,
        path_part: str,
        **kwargs: Any,
    ) -> Any:
        """A new part of a path; each name is used once below a parent."""
        moto_api = get_moto_rest_api(context, rest_api_id)
        if not PATH_PART.fullmatch(path_part):
            raise BadRequestException(
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and "
                "curly braces at the beginning and the end."
            )
        for resource in moto_api.resources.values():
            if resource.parent_id == parent_id and resource.path_part == path_part:
                raise ConflictException(
                    f"Another resource with the same parent already has this name: {path_part}"
                )
        return super().create_resource(context, rest_api_id, parent_id, path_part, **kwargs)

    def get_resource(
        self, context: RequestContext, rest_api_id: str, resource_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        """One resource; its methods with `embed=methods`."""
        if resource_id not in get_moto_rest_api(context, rest_api_id).resources:
            raise NotFoundException(NO_RESOURCE)
        return call_moto(context)

    def delete_resource(
        self, context: RequestContext, rest_api_id: str, resource_id: str, **kwargs: Any
    ) -> None:
        """Remove a resource with all below it; the root stays."""
        resource = get_moto_rest_api(context, rest_api_id).resources.get(resource_id)
        if resource is None:
            raise NotFoundException(NO_RESOURCE)
        if not resource.parent_id:
            raise BadRequestException("Root resource cannot be deleted.")
        super().delete_resource(context, rest_api_id, resource_id, **kwargs)

    def update_resource(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Rename or move a resource; the root stays where it is."""
        resources = get_moto_rest_api(context, rest_api_id).resources
        resource = resources.get(resource_id)
        for operation in patch_operations or ():
            path = operation["path"]
            if path == "/parentId":
                above = resources.get(operation.get("value"))
                while above is not None:
                    if above.id == resource_id:
                        raise BadRequestException("Resources cannot be cyclical.")
                    above = resources.get(above.parent_id)
            if (
                resource is not None
                and not resource.parent_id
                and path in ("/pathPart", "/parentId")
            ):
                raise BadRequestException(f"Root resource cannot update its {path[1:]}.")
            if path == "/pathPart" and not PATH_PART.fullmatch(operation.get("value") or ""):
                if operation["op"] != "replace":
                    continue
                raise BadRequestException(
                    "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable "
                    "and curly braces at the beginning and the end."
                )
        found = super().update_resource(
            context, rest_api_id, resource_id, patch_operations or [], **kwargs
        )
        # Upstream notes a renamed resource twice below its parent, and cannot remove it then.
        children = get_rest_api_container(context, rest_api_id=rest_api_id).resource_children
        for parent, known in children.items():
            children[parent] = list(dict.fromkeys(known))
        return found

    # --- methods ---------------------------------------------------------------------------------

    def put_method(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        authorization_type: str,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """A new method of a resource."""
        resource = get_moto_rest_api(context, rest_api_id).resources.get(resource_id)
        known = resource.resource_methods if resource is not None else {}
        # CloudFormation puts a method again when its properties change.
        if http_method in known and not context.is_internal_call:
            raise ConflictException("Method already exists for this resource")
        _check_authorization_type(authorization_type)
        mappings.check_method_parameters(kwargs.get("request_parameters") or ())
        return super().put_method(
            context, rest_api_id, resource_id, http_method, authorization_type, *args, **kwargs
        )

    def update_method(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change a method."""
        method_of(context, rest_api_id, resource_id, http_method)
        for operation in patch_operations or ():
            path = operation["path"]
            if path == "/authorizationType" and operation["op"] == "replace":
                _check_authorization_type(operation.get("value") or "")
            if path.startswith("/requestParameters/") and operation["op"] == "add":
                mappings.check_method_parameters([path.split("/", 2)[2]])
        return super().update_method(
            context, rest_api_id, resource_id, http_method, patch_operations or [], **kwargs
        )

    @handler("PutMethodResponse", expand=False)
    def put_method_response(self, context: RequestContext, request: Any) -> Any:
        """Declare an answer of a method: its status, headers and models."""
        method = method_of(
            context, request["restApiId"], request["resourceId"], request["httpMethod"]
        )
        status = request["statusCode"]
        if not context.is_internal_call:
            if method.get_response(status) is not None:
                raise ConflictException("Response already exists for this resource")
            mappings.check_response_parameters(request.get("responseParameters") or ())
            container = get_rest_api_container(context, rest_api_id=request["restApiId"])
            for model in (request.get("responseModels") or {}).values():
                if model not in container.models:
                    raise BadRequestException(f"Invalid model identifier specified: {model}")
        parameters = request.get("responseParameters")
        if parameters:
            parameters = {name: str(value).lower() == "true" for name, value in parameters.items()}
        made = method.create_response(status, request.get("responseModels"), parameters)
        return {name: value for name, value in made.to_json().items() if value is not None}

    def get_method_response(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """One declared answer."""
        found = super().get_method_response(context, *args, **kwargs)
        return {name: value for name, value in found.items() if value is not None}

    @handler("UpdateMethodResponse")
    def update_method_response(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change a declared answer."""
        container = get_rest_api_container(context, rest_api_id=rest_api_id)
        for operation in patch_operations or ():
            path, value = operation["path"], operation.get("value")
            if operation["op"] == "remove":
                continue
            if path.startswith("/responseParameters/") and operation["op"] == "add":
                mappings.check_response_parameters([path.split("/", 2)[2]])
            if path.startswith("/responseModels/") and value not in container.models:
                raise BadRequestException(f"Invalid model identifier specified: {value}")
        return super().update_method_response(
            context,
            rest_api_id,
            resource_id,
            http_method,
            status_code,
            patch_operations or [],
            **kwargs,
        )

    def delete_method_response(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        **kwargs: Any,
    ) -> None:
        """Take a declared answer back."""
        method = method_of(context, rest_api_id, resource_id, http_method)
        if method.delete_response(status_code) is None:
            raise NotFoundException(NO_RESPONSE)

    # --- integrations ----------------------------------------------------------------------------

    def put_integration(self, context: RequestContext, request: Any, **kwargs: Any) -> Any:
        """What a method calls."""
        if request.get("connectionType") == "VPC_LINK":
            raise BadRequestException(NO_VPC_LINKS)
        patching.check_timeout(request.get("timeoutInMillis"))
        for name in ("connectionType", "contentHandling", "passthroughBehavior"):
            patching.check_choice(f"/{name}", request.get(name) or None)
        patching.check_choice("/httpMethod", request.get("integrationHttpMethod") or None)
        mappings.check_templates(request.get("requestTemplates"))
        parameters = request.get("requestParameters")
        if parameters and not context.is_internal_call:
            method = method_of(
                context, request["restApiId"], request["resourceId"], request["httpMethod"]
            )
            mappings.check_request(parameters, method.request_parameters)
        return super().put_integration(context, request, **kwargs)

    def get_integration(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        **kwargs: Any,
    ) -> Any:
        """What a method calls."""
        method = method_of(context, rest_api_id, resource_id, http_method)
        if method.method_integration is None:
            raise NotFoundException(NO_INTEGRATION)
        return super().get_integration(context, rest_api_id, resource_id, http_method, **kwargs)

    def update_integration(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change what a method calls."""
        method = method_of(context, rest_api_id, resource_id, http_method, NO_INTEGRATION)
        found = method.method_integration
        if found is None:
            raise NotFoundException(NO_INTEGRATION)
        for operation in patch_operations or ():
            if operation["path"] == "/connectionType" and operation.get("value") == "VPC_LINK":
                raise BadRequestException(NO_VPC_LINKS)
        patching.integration(found, method, patch_operations or ())
        return _filled(found.to_json())

    def delete_integration(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        **kwargs: Any,
    ) -> None:
        """A method that calls nothing."""
        method = method_of(context, rest_api_id, resource_id, http_method, NO_INTEGRATION)
        if method.method_integration is None:
            raise NotFoundException(NO_INTEGRATION)
        method.method_integration = None

    @handler("PutIntegrationResponse", expand=False)
    def put_integration_response(self, context: RequestContext, request: Any) -> Any:
        """How an answer of the integration becomes one of the method."""
        method = method_of(
            context, request["restApiId"], request["resourceId"], request["httpMethod"]
        )
        if method.method_integration is None:
            raise NotFoundException(NO_INTEGRATION)
        if not context.is_internal_call:
            mappings.check_templates(request.get("responseTemplates"))
            patching.check_choice("/contentHandling", request.get("contentHandling") or None)
            declared = method.get_response(request["statusCode"])
            if declared is None:
                raise NotFoundException("No method response exists for method.")
            mappings.check_response(request.get("responseParameters"), declared.response_parameters)
        return super().put_integration_response(context, request)

    def update_integration_response(
        self,
        context: RequestContext,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change how an answer is taken."""
        method = method_of(context, rest_api_id, resource_id, http_method)
        if method.method_integration is None:
            raise NotFoundException(NO_INTEGRATION)
        found = (method.method_integration.integration_responses or {}).get(status_code)
        if found is None:
            raise NotFoundException("Invalid Integration Response identifier specified")
        patching.integration_response(found, method, patch_operations or ())
        shown = _filled(found.to_json())
        if found.selection_pattern is not None:
            shown["selectionPattern"] = found.selection_pattern
        return shown


def _check_authorization_type(kind: str) -> None:
    if kind not in AUTHORIZATION_TYPES:
        raise BadRequestException(
            "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,"
            "COGNITO_USER_POOLS"
        )
