"""Amazon API Gateway, REST APIs: LocalStack's provider with our chain of handlers.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
    PutRestApiRequest,
    TestInvokeAuthorizerResponse,
    TestInvokeMethodResponse,
)
from localstack.services.apigateway.helpers import get_moto_rest_api, get_rest_api_container
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.execute_api.helpers import freeze_rest_api
from localstack.services.apigateway.patches import apply_patches
from localstack.services.moto import MotoFallbackDispatcher
from localstack.state import StateVisitor
from moto.apigateway.models import apigateway_backends

from sandbox.emulator.apigateway import test_invoke
from sandbox.emulator.apigateway.authorizers import functions, inputs
from sandbox.emulator.apigateway.document_operations import DocumentOperations
from sandbox.emulator.apigateway.export import Exporter
from sandbox.emulator.apigateway.inputs import check_policy, check_stage_name, refuse_private
from sandbox.emulator.apigateway.models import usage_stores
from sandbox.emulator.apigateway.usage_operations import UsageOperations

PATH_PART = re.compile(r"[A-Za-z0-9._:%~$@!*+,;=()&'-]+|\{[A-Za-z0-9._:-]+\+?\}")
NO_VPC_LINKS = (
    "VPC links lead to load balancers inside a VPC, which this sandbox cannot reach from an API."
)
NO_DOMAIN_NAMES = (
    "Custom domain names need a certificate and a name server, which this sandbox does not have. "
    "Call the API by its own address."
)
SHORTEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS = 50, 29_000


class SandboxApigatewayProvider(DocumentOperations, UsageOperations):
    """`apigateway:sandbox`."""

    def on_after_init(self) -> None:
        """LocalStack's patches of moto; calls of APIs come through the gateway, not through its routes."""
        apply_patches()

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Everything that is saved with the world."""
        visitor.visit(apigateway_backends)
        visitor.visit(apigateway_stores)
        visitor.visit(usage_stores)

    # --- APIs ------------------------------------------------------------------------------------

    @handler("CreateRestApi", expand=False)
    def create_rest_api(self, context: RequestContext, request: Any) -> Any:
        """A new API; private ones and broken resource policies are refused."""
        refuse_private((request.get("endpointConfiguration") or {}).get("types"))
        check_policy(request.get("policy"))
        if not request.get("cloneFrom"):
            return super().create_rest_api(context, request)
        original = _now(context, request["cloneFrom"])
        made = super().create_rest_api(context, {**request, "cloneFrom": None})
        exporter = Exporter(original, request["cloneFrom"], "", 2, {"apigateway"})
        document = exporter.document(request["name"], request.get("version") or "1", None)
        body = json.dumps(document).encode()
        self.put_rest_api(context, PutRestApiRequest(restApiId=made["id"], body=io.BytesIO(body)))
        return made

    def create_domain_name(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """Refused: a name needs a certificate and a name server that point here."""
        raise BadRequestException(NO_DOMAIN_NAMES)

    def update_rest_api(
        self,
        context: RequestContext,
        rest_api_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change an API; what it may not become is refused."""
        for operation in patch_operations or ():
            if operation.get("path", "").startswith("/endpointConfiguration/types"):
                refuse_private([operation.get("value")])
            if operation.get("path") == "/policy":
                check_policy(operation.get("value"))
        return super().update_rest_api(context, rest_api_id, patch_operations, **kwargs)

    @handler("DeleteRestApi")
    def delete_rest_api(self, context: RequestContext, rest_api_id: str, **kwargs: Any) -> None:
        """Remove an API, its deployments, and what authorizers said about it."""
        get_moto_rest_api(context, rest_api_id)
        super().delete_rest_api(context, rest_api_id, **kwargs)
        functions.results.flush((rest_api_id.lower(),))

    # --- resources and methods -------------------------------------------------------------------

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
        if authorization_type not in ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"):
            raise BadRequestException(
                "Invalid authorization type specified. Valid options are "
                "NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS"
            )
        return super().put_method(
            context, rest_api_id, resource_id, http_method, authorization_type, *args, **kwargs
        )

    # --- deployments and stages ------------------------------------------------------------------

    def create_deployment(
        self,
        context: RequestContext,
        rest_api_id: str,
        stage_name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """A snapshot of the API; one without methods, or with a method that calls nothing, is refused."""
        moto_api = get_moto_rest_api(context, rest_api_id)
        check_stage_name(stage_name)
        methods = [
            method
            for resource in moto_api.resources.values()
            for method in resource.resource_methods.values()
        ]
        if not methods:
            raise BadRequestException("The REST API doesn't contain any methods")
        if any(method.method_integration is None for method in methods):
            raise BadRequestException("No integration defined for method")
        return super().create_deployment(context, rest_api_id, stage_name, *args, **kwargs)

    @handler("CreateStage", expand=False)
    def create_stage(self, context: RequestContext, request: Any) -> Any:
        """A new name for a deployment."""
        moto_api = get_moto_rest_api(context, request["restApiId"])
        check_stage_name(request["stageName"])
        if request["deploymentId"] not in moto_api.deployments:
            raise BadRequestException("Deployment id does not exist")
        if request["stageName"] in moto_api.stages:
            raise ConflictException("Stage already exists")
        return super().create_stage(context, request)

    def delete_stage(
        self, context: RequestContext, rest_api_id: str, stage_name: str, **kwargs: Any
    ) -> None:
        """Remove a stage."""
        if stage_name not in get_moto_rest_api(context, rest_api_id).stages:
            raise NotFoundException("Invalid stage identifier specified")
        super().delete_stage(context, rest_api_id, stage_name, **kwargs)
        functions.results.flush((rest_api_id.lower(), stage_name))

    def flush_stage_authorizers_cache(
        self, context: RequestContext, rest_api_id: str, stage_name: str, **kwargs: Any
    ) -> None:
        """Forget what authorizers said to callers of a stage."""
        if stage_name not in get_moto_rest_api(context, rest_api_id).stages:
            raise NotFoundException("Invalid Stage identifier specified")
        functions.results.flush((rest_api_id.lower(), stage_name))

    def flush_stage_cache(
        self, context: RequestContext, rest_api_id: str, stage_name: str, **kwargs: Any
    ) -> None:
        """There is no cache of answers, so that nothing has to be forgotten."""
        if stage_name not in get_moto_rest_api(context, rest_api_id).stages:
            raise NotFoundException("Invalid Stage identifier specified")

    # --- integrations ----------------------------------------------------------------------------

    def put_integration(self, context: RequestContext, request: Any, **kwargs: Any) -> Any:
        """What a method calls."""
        if request.get("connectionType") == "VPC_LINK":
            raise BadRequestException(NO_VPC_LINKS)
        timeout = request.get("timeoutInMillis")
        if timeout is not None and not SHORTEST_TIMEOUT_MS <= int(timeout) <= LONGEST_TIMEOUT_MS:
            raise BadRequestException(
                f"Timeout should be between {SHORTEST_TIMEOUT_MS} ms and {LONGEST_TIMEOUT_MS} ms"
            )
        return super().put_integration(context, request, **kwargs)

    def create_vpc_link(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """Refused: nothing leads into a VPC from here."""
        raise BadRequestException(NO_VPC_LINKS)

    # --- authorizers -----------------------------------------------------------------------------

    @handler("CreateAuthorizer", expand=False)
    def create_authorizer(self, context: RequestContext, request: Any) -> Any:
        """A new authorizer."""
        get_moto_rest_api(context, request["restApiId"])
        container = get_rest_api_container(context, rest_api_id=request["restApiId"])
        inputs.check(request, container.authorizers.values())
        return super().create_authorizer(context, request)

    def update_authorizer(
        self,
        context: RequestContext,
        rest_api_id: str,
        authorizer_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change an authorizer; pools are added and removed by their ARN."""
        container = get_rest_api_container(context, rest_api_id=rest_api_id)
        known = container.authorizers.get(authorizer_id)
        if known is None:
            raise NotFoundException("Invalid Authorizer identifier specified")
        changed = inputs.patched(known, patch_operations or [])
        others = [a for identity, a in container.authorizers.items() if identity != authorizer_id]
        inputs.check(changed, others)
        container.authorizers[authorizer_id] = changed
        return self.get_authorizer(context, rest_api_id, authorizer_id)

    def delete_authorizer(
        self, context: RequestContext, rest_api_id: str, authorizer_id: str, **kwargs: Any
    ) -> None:
        """Remove an authorizer that no method uses."""
        moto_api = get_moto_rest_api(context, rest_api_id)
        container = get_rest_api_container(context, rest_api_id=rest_api_id)
        if authorizer_id not in container.authorizers:
            raise NotFoundException("Invalid Authorizer identifier specified")
        for resource in moto_api.resources.values():
            for name, method in resource.resource_methods.items():
                if getattr(method, "authorizer_id", None) == authorizer_id:
                    raise ConflictException(
                        f"Cannot delete authorizer '{container.authorizers[authorizer_id]['name']}', "
                        f"is referenced in method: {resource.get_path()}/{name}"
                    )
        super().delete_authorizer(context, rest_api_id, authorizer_id, **kwargs)

    def get_authorizer(
        self, context: RequestContext, rest_api_id: str, authorizer_id: str, **kwargs: Any
    ) -> Any:
        """One authorizer."""
        container = get_rest_api_container(context, rest_api_id=rest_api_id)
        if authorizer_id not in container.authorizers:
            raise NotFoundException("Invalid Authorizer identifier specified")
        return super().get_authorizer(context, rest_api_id, authorizer_id, **kwargs)

    # --- calls from the console ------------------------------------------------------------------

    def test_invoke_method(self, context: RequestContext, request: Any) -> TestInvokeMethodResponse:
        """Call a method of the API as it stands now."""
        moto_api = get_moto_rest_api(context, request["restApiId"])
        resource = moto_api.resources.get(request["resourceId"])
        if resource is None:
            raise NotFoundException("Invalid Resource identifier specified")
        methods = resource.resource_methods
        if request["httpMethod"] not in methods and "ANY" not in methods:
            raise NotFoundException("Invalid Method identifier specified")
        return test_invoke.method(request, _now(context, request["restApiId"]))

    @handler("TestInvokeAuthorizer", expand=False)
    def test_invoke_authorizer(
        self, context: RequestContext, request: Any
    ) -> TestInvokeAuthorizerResponse:
        """Ask an authorizer of the API as it stands now."""
        deployment = _now(context, request["restApiId"])
        found = deployment.rest_api.authorizers.get(request["authorizerId"])
        if found is None:
            raise NotFoundException("Invalid Authorizer identifier specified")
        return test_invoke.authorizer(request, deployment, found)


def dispatcher(provider: Any) -> Any:
    """Operations by name; those about an API that does not exist are refused alike."""
    table = MotoFallbackDispatcher(provider)

    def checked(operation: Any) -> Any:
        def serve(context: RequestContext, request: Any) -> Any:
            identifier = (request or {}).get("restApiId")
            if identifier:
                get_moto_rest_api(context, identifier)
            return operation(context, request)

        return serve

    return {name: checked(operation) for name, operation in table.items()}


def _now(context: RequestContext, api_id: str) -> Any:
    """A snapshot of the API as it stands now."""
    return freeze_rest_api(
        account_id=context.account_id,
        region=context.region,
        moto_rest_api=get_moto_rest_api(context, api_id),
        localstack_rest_api=get_rest_api_container(context, rest_api_id=api_id),
    )
