"""Amazon API Gateway, REST APIs: LocalStack's provider with our chain of handlers.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import io
import json
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

from sandbox.emulator.apigateway import members, pages, patching, test_invoke, usage_plans
from sandbox.emulator.apigateway.account_operations import AccountOperations
from sandbox.emulator.apigateway.authorizers import functions, inputs
from sandbox.emulator.apigateway.collection_operations import CollectionOperations
from sandbox.emulator.apigateway.document_operations import DocumentOperations
from sandbox.emulator.apigateway.domain_operations import DomainOperations
from sandbox.emulator.apigateway.export import Exporter
from sandbox.emulator.apigateway.inputs import check_policy, check_stage_name
from sandbox.emulator.apigateway.method_operations import NO_VPC_LINKS, MethodOperations
from sandbox.emulator.apigateway.models import usage_stores
from sandbox.emulator.apigateway.usage_operations import UsageOperations
from sandbox.emulator.execute_api import domains
from sandbox.emulator.execute_api.domains import domain_stores


class SandboxApigatewayProvider(
    DocumentOperations,
    UsageOperations,
    MethodOperations,
    DomainOperations,
    AccountOperations,
    CollectionOperations,
):
    """`apigateway:sandbox`."""

    def on_after_init(self) -> None:
        """LocalStack's patches of moto; calls of APIs come through the gateway, not through its routes."""
        apply_patches()
        usage_plans.patch_moto()

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Everything that is saved with the world."""
        visitor.visit(apigateway_backends)
        visitor.visit(apigateway_stores)
        visitor.visit(usage_stores)
        visitor.visit(domain_stores)

    # --- APIs ------------------------------------------------------------------------------------

    @handler("CreateRestApi", expand=False)
    def create_rest_api(self, context: RequestContext, request: Any) -> Any:
        """A new API; a broken resource policy is refused."""
        check_policy(request.get("policy"))
        if not request.get("name"):
            raise BadRequestException("Name cannot be empty")
        if not request.get("cloneFrom"):
            return super().create_rest_api(context, request)
        original = _now(context, request["cloneFrom"])
        made = super().create_rest_api(context, {**request, "cloneFrom": None})
        exporter = Exporter(original, request["cloneFrom"], "", 2, {"apigateway"})
        document = exporter.document(request["name"], request.get("version") or "1", None)
        body = json.dumps(document).encode()
        self.put_rest_api(context, PutRestApiRequest(restApiId=made["id"], body=io.BytesIO(body)))
        return made

    def update_rest_api(
        self,
        context: RequestContext,
        rest_api_id: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change an API; what it may not become is refused."""
        for operation in patch_operations or ():
            if operation.get("path") == "/policy":
                check_policy(operation.get("value"))
        patching.check_rest_api(get_moto_rest_api(context, rest_api_id), patch_operations or ())
        return super().update_rest_api(context, rest_api_id, patch_operations or [], **kwargs)

    @handler("DeleteRestApi")
    def delete_rest_api(self, context: RequestContext, rest_api_id: str, **kwargs: Any) -> None:
        """Remove an API, its deployments, and what authorizers said about it."""
        get_moto_rest_api(context, rest_api_id)
        if domains.leading_to(rest_api_id):
            raise BadRequestException(
                "Please remove all base path mappings related to the API in your domains and try "
                "deleting the API again."
            )
        super().delete_rest_api(context, rest_api_id, **kwargs)
        functions.results.flush((rest_api_id.lower(),))

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
        if "PRIVATE" in (moto_api.endpoint_configuration or {}).get("types", ()) and (
            not moto_api.policy
        ):
            raise BadRequestException(
                "Private REST API doesn't have a resource policy attached to it"
            )
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

    # --- VPC links -------------------------------------------------------------------------------

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
    """Operations by name, behind the checks that all of them share; lists come in pages."""
    table = MotoFallbackDispatcher(provider)

    def checked(name: str, operation: Any) -> Any:
        def serve(context: RequestContext, request: Any) -> Any:
            given = dict(request or {})
            if name.startswith("Update"):
                found = given.get("patchOperations") or ()
                given["patchOperations"] = [operation for operation in found if operation]
                request = given
            members.check(context, name, given)
            limits = {key: given.get(key) for key in ("limit", "position")}
            if name.startswith("Get"):
                # Whoever serves a list gives all of it.
                request = {key: value for key, value in given.items() if key not in limits}
            answer = operation(context, request)
            return pages.page(name, limits, answer, everything=context.is_internal_call)

        return serve

    return {name: checked(name, operation) for name, operation in table.items()}


def _now(context: RequestContext, api_id: str) -> Any:
    """A snapshot of the API as it stands now."""
    return freeze_rest_api(
        account_id=context.account_id,
        region=context.region,
        moto_rest_api=get_moto_rest_api(context, api_id),
        localstack_rest_api=get_rest_api_container(context, rest_api_id=api_id),
    )
