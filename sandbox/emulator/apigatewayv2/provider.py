"""Amazon API Gateway V2: the control plane of HTTP and WebSocket APIs.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.skeleton import create_dispatch_table
from localstack.state import StateVisitor

from sandbox.emulator.apigatewayv2 import inputs
from sandbox.emulator.apigatewayv2.api_operations import ApiOperations
from sandbox.emulator.apigatewayv2.domain_operations import DomainOperations
from sandbox.emulator.apigatewayv2.lookups import tags_of
from sandbox.emulator.apigatewayv2.models import http_api_stores
from sandbox.emulator.apigatewayv2.part_operations import PartOperations
from sandbox.emulator.apigatewayv2.refusals import bad_request, not_found
from sandbox.emulator.apigatewayv2.stage_operations import StageOperations
from sandbox.emulator.execute_api import bodies


class SandboxApigatewayV2Provider(ApiOperations, StageOperations, PartOperations, DomainOperations):
    """`apigatewayv2:sandbox`."""

    service = "apigatewayv2"
    version = "2018-11-29"

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Everything that is saved with the world."""
        visitor.visit(http_api_stores)

    # --- tags ------------------------------------------------------------------------------------

    @handler("GetTags", expand=False)
    def get_tags(self, context: RequestContext, request: Any) -> Any:
        """The tags of an API or a stage."""
        return {"Tags": tags_of(request["ResourceArn"])}

    @handler("TagResource", expand=False)
    def tag_resource(self, context: RequestContext, request: Any) -> Any:
        """Add tags."""
        tags_of(request["ResourceArn"]).update(request.get("Tags") or {})
        return {}

    @handler("UntagResource", expand=False)
    def untag_resource(self, context: RequestContext, request: Any) -> None:
        """Remove tags."""
        tags = tags_of(request["ResourceArn"])
        for key in request.get("TagKeys") or ():
            tags.pop(key, None)

    # --- what needs more than this machine -------------------------------------------------------

    @handler("CreateVpcLink", expand=False)
    def create_vpc_link(self, context: RequestContext, request: Any) -> Any:
        """Refused: nothing leads into a VPC from here."""
        raise bad_request(inputs.NO_VPC_LINKS)

    @handler("GetVpcLinks", expand=False)
    def get_vpc_links(self, context: RequestContext, request: Any) -> Any:
        """None."""
        return {"Items": []}

    @handler("GetVpcLink", expand=False)
    def get_vpc_link(self, context: RequestContext, request: Any) -> Any:
        """There is none."""
        raise not_found("Vpc Link")

    @handler("UpdateVpcLink", expand=False)
    def update_vpc_link(self, context: RequestContext, request: Any) -> Any:
        """There is none."""
        raise not_found("Vpc Link")

    @handler("DeleteVpcLink", expand=False)
    def delete_vpc_link(self, context: RequestContext, request: Any) -> None:
        """There is none."""
        raise not_found("Vpc Link")


def dispatcher(provider: Any) -> Any:
    """Operations by name, behind the check of their members' types."""

    def checked(operation: Any) -> Any:
        def serve(context: RequestContext, request: Any) -> Any:
            if not context.is_internal_call:
                bodies.check(context)
            return operation(context, request)

        return serve

    return {name: checked(operation) for name, operation in create_dispatch_table(provider).items()}
