"""AWS CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    CreateChangeSetInput,
    CreateChangeSetOutput,
    CreateStackInput,
    CreateStackOutput,
    StackStatus,
    UpdateStackInput,
    UpdateStackOutput,
)
from localstack.services.cloudformation import api_utils
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.stores import (
    cloudformation_stores,
    get_cloudformation_store,
)
from localstack.services.cloudformation.v2.provider import (
    CloudformationProviderV2,
    find_change_set_v2,
    find_stack_v2,
)
from localstack.services.edge import ROUTER

from sandbox.emulator.cloudformation import patches, validation
from sandbox.emulator.cloudformation.resources import custom

INTERRUPTED = "The sandbox was stopped before the operation ended."
# What becomes of an operation that was interrupted.
INTERRUPTED_AS = {
    StackStatus.CREATE_IN_PROGRESS: StackStatus.CREATE_FAILED,
    StackStatus.ROLLBACK_IN_PROGRESS: StackStatus.ROLLBACK_FAILED,
    StackStatus.DELETE_IN_PROGRESS: StackStatus.DELETE_FAILED,
    StackStatus.UPDATE_IN_PROGRESS: StackStatus.UPDATE_FAILED,
    StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: StackStatus.UPDATE_COMPLETE,
    StackStatus.UPDATE_ROLLBACK_IN_PROGRESS: StackStatus.UPDATE_ROLLBACK_FAILED,
}


class SandboxCloudFormationProvider(CloudformationProviderV2):
    """`cloudformation:sandbox`."""

    def on_before_start(self) -> None:
        """LocalStack's hook."""
        super().on_before_start()
        patches.install()
        custom.register_routes(ROUTER)

    def on_sandbox_restored(self) -> None:
        """Stacks that were at work when the sandbox ended say so."""
        for _, _, store in cloudformation_stores.iter_stores():
            for stack in store.stacks_v2.values():
                if stack.status in INTERRUPTED_AS:
                    stack.settle(INTERRUPTED_AS[stack.status], INTERRUPTED)

    @handler("CreateStack", expand=False)
    def create_stack(self, context: RequestContext, request: CreateStackInput) -> CreateStackOutput:
        """Refuses unknown types and unannounced IAM; the rest is upstream's."""
        _check(request)
        return super().create_stack(context, request)

    @handler("UpdateStack", expand=False)
    def update_stack(self, context: RequestContext, request: UpdateStackInput) -> UpdateStackOutput:
        """See `create_stack`."""
        _check(request)
        return super().update_stack(context, request)

    @handler("CreateChangeSet", expand=False)
    def create_change_set(
        self, context: RequestContext, request: CreateChangeSetInput
    ) -> CreateChangeSetOutput:
        """See `create_stack`."""
        _check(request)
        made = super().create_change_set(context, request)
        store = get_cloudformation_store(context.account_id, context.region)
        change_set = find_change_set_v2(store, made["Id"])
        if change_set is not None:
            change_set.on_stack_failure = request.get("OnStackFailure")  # type: ignore[attr-defined]
        return made

    @handler("DeleteStack", expand=False)
    def delete_stack(self, context: RequestContext, request: dict[str, Any]) -> None:
        """Delete all resources but those to be retained; a protected stack is refused."""
        store = get_cloudformation_store(context.account_id, context.region)
        stack = find_stack_v2(store, request["StackName"])
        if stack is not None and stack.enable_termination_protection:
            raise validation.ValidationError(
                f"Stack [{stack.stack_name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack is not None:
            stack.request_payload = {
                **stack.request_payload,
                "_retained": list(request.get("RetainResources") or ()),
            }
        super().delete_stack(context, stack_name=request["StackName"])


def _check(request: Any) -> None:
    if not request.get("TemplateBody") and not request.get("TemplateURL"):
        return  # the previous template, or upstream's refusal
    template = template_preparer.parse_template(api_utils.extract_template_body(request))
    if isinstance(template, dict):
        validation.check_types(template)
        validation.check_capabilities(template, request.get("Capabilities"))
