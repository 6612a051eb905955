"""AWS CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
Stack sets are LocalStack's, over our stacks.
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    ContinueUpdateRollbackOutput,
    CreateStackOutput,
    GetStackPolicyOutput,
    RollbackStackOutput,
    StackStatus,
    UpdateStackOutput,
    UpdateTerminationProtectionOutput,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import cloudformation_stores
from localstack.services.cloudformation.v2.provider import CloudformationProviderV2
from localstack.services.edge import ROUTER

from sandbox.emulator.access import principal
from sandbox.emulator.cloudformation import operations, plan, rights, validation, versions
from sandbox.emulator.cloudformation.change_sets import ChangeSets
from sandbox.emulator.cloudformation.evaluation import importers
from sandbox.emulator.cloudformation.models import Stack
from sandbox.emulator.cloudformation.queries import Queries, find_stack, stack_of, stacks_of
from sandbox.emulator.cloudformation.refused import Refused
from sandbox.emulator.cloudformation.resources import custom

INTERRUPTED = "The sandbox was stopped before the operation ended."


class SandboxCloudFormationProvider(Queries, ChangeSets, Refused, CloudformationProviderV2):
    """`cloudformation:sandbox`."""

    def on_before_start(self) -> None:
        """LocalStack's hook."""
        custom.register_routes(ROUTER)

    def on_sandbox_restored(self) -> None:
        """Stacks that were at work when the sandbox ended say so."""
        for _, _, store in cloudformation_stores.iter_stores():
            for stack_id, stack in list(store.stacks_v2.items()):
                if not isinstance(stack, Stack):  # of an older version of the sandbox
                    del store.stacks_v2[stack_id]
                    continue
                if stack.status in operations.BROKEN:
                    stack.set_status(operations.BROKEN[stack.status], INTERRUPTED)

    @handler("CreateStack", expand=False)
    def create_stack(self, context: RequestContext, request: Any) -> CreateStackOutput:
        """Returns when the template is accepted; the rest happens afterwards."""
        name = request["StackName"]
        validation.check_name(name, "stackName")
        found = find_stack(context, name)
        if found is not None:
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        if request.get("OnFailure") and request.get("DisableRollback") is not None:
            raise ValidationError("Either DisableRollback or OnFailure can be specified, not both.")
        stack = Stack(context.account_id, context.region, name, StackStatus.CREATE_IN_PROGRESS)
        stack.disable_rollback = bool(request.get("DisableRollback"))
        stack.on_failure = request.get("OnFailure") or "ROLLBACK"
        stack.protected = bool(request.get("EnableTerminationProtection"))
        stack.timeout_minutes = request.get("TimeoutInMinutes")
        stack.stack_policy = request.get("StackPolicyBody")
        stack.principal = principal.of(context)
        try:
            version = versions.of_request(request, stack)
        except versions.TransformFailure as failure:
            stacks_of(context)[stack.stack_id] = stack
            stack.set_status(StackStatus.CREATE_IN_PROGRESS, "User Initiated")
            stack.set_status(
                StackStatus.ROLLBACK_IN_PROGRESS,
                f"{str(failure).rstrip('.')}. Rollback requested by user.",
            )
            stack.set_status(StackStatus.ROLLBACK_COMPLETE)
            return CreateStackOutput(StackId=stack.stack_id)
        stack.principal = rights.principal_for(stack.principal, version.role_arn)
        stacks_of(context)[stack.stack_id] = stack
        operations.start_creation(stack, version)
        return CreateStackOutput(StackId=stack.stack_id)

    @handler("UpdateStack", expand=False)
    def update_stack(self, context: RequestContext, request: Any) -> UpdateStackOutput:
        """Refused where nothing would change."""
        name = request["StackName"]
        stack = stack_of(context, name, f"Stack [{name}] does not exist")
        if not stack.active or stack.status == StackStatus.REVIEW_IN_PROGRESS:
            raise ValidationError(f"Stack [{name}] does not exist")
        operations.check_updatable(stack)
        stack.principal = caller = principal.of(context)
        try:
            version = versions.of_request(request, stack, stack.version)
        except versions.TransformFailure as failure:
            raise ValidationError(str(failure)) from None
        _changes, differs = plan.changes(stack, version)
        if not differs and stack.status not in (
            StackStatus.CREATE_FAILED,
            StackStatus.UPDATE_FAILED,
        ):
            raise ValidationError("No updates are to be performed.")
        stack.disable_rollback = bool(request.get("DisableRollback"))
        stack.principal = rights.principal_for(caller, version.role_arn)
        operations.start_update(stack, version)
        return UpdateStackOutput(StackId=stack.stack_id)

    @handler("DeleteStack", expand=False)
    def delete_stack(self, context: RequestContext, request: Any) -> None:  # type: ignore[override]
        """Delete all resources but those to be retained; a stack that is not there is no error."""
        stack = find_stack(context, request["StackName"])
        if stack is None or not stack.active:
            return
        if stack.protected:
            raise ValidationError(
                f"Stack [{stack.stack_name}] cannot be deleted while TerminationProtection is enabled"
            )
        retained = list(request.get("RetainResources") or ())
        if retained and stack.status != StackStatus.DELETE_FAILED:
            raise ValidationError(
                f"Invalid operation on stack [{stack.stack_id}]. To delete a stack while retaining "
                "resources, the stack must be in the DELETE_FAILED state."
            )
        if stack.status == StackStatus.DELETE_IN_PROGRESS:
            return
        if stack.busy and stack.status != StackStatus.CREATE_IN_PROGRESS:
            raise ValidationError(
                f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}"
            )
        for export in stack.resolved_exports:
            users = importers(stack, export)
            if users:
                stack.set_status(
                    stack.status,
                    f"Delete canceled. Cannot delete export {export} as it is in use by "
                    f"{', '.join(users)}.",
                )
                return
        if request.get("RoleARN"):
            stack.version.role_arn = request["RoleARN"]
        stack.principal = rights.principal_for(principal.of(context), stack.version.role_arn)
        forced = request.get("DeletionMode") == "FORCE_DELETE_STACK"
        operations.start_deletion(stack, retained, forced)

    @handler("ContinueUpdateRollback", expand=False)
    def continue_update_rollback(
        self, context: RequestContext, request: Any
    ) -> ContinueUpdateRollbackOutput:
        """Once more what a rollback could not do, without `ResourcesToSkip`."""
        stack = stack_of(context, request["StackName"])
        if stack.status != StackStatus.UPDATE_ROLLBACK_FAILED:
            raise ValidationError(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not continue rollback."
            )
        stack.principal = rights.principal_for(principal.of(context), stack.version.role_arn)
        operations.start_rollback(stack, list(request.get("ResourcesToSkip") or ()))
        return ContinueUpdateRollbackOutput()

    @handler("RollbackStack", expand=False)
    def rollback_stack(self, context: RequestContext, request: Any) -> RollbackStackOutput:
        """Back from CREATE_FAILED or UPDATE_FAILED, where rollback was switched off."""
        stack = stack_of(context, request["StackName"])
        stack.principal = rights.principal_for(principal.of(context), stack.version.role_arn)
        if stack.status == StackStatus.CREATE_FAILED:
            operations.start_rollback_of_creation(stack)
        elif stack.status == StackStatus.UPDATE_FAILED:
            operations.start_rollback(stack, [])
        else:
            raise ValidationError(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back."
            )
        return RollbackStackOutput(StackId=stack.stack_id)

    @handler("CancelUpdateStack")
    def cancel_update_stack(self, context: RequestContext, stack_name: Any, **_: Any) -> None:
        """Operations here are not cancelled once they run."""
        stack = stack_of(context, stack_name)
        if stack.status != StackStatus.UPDATE_IN_PROGRESS:
            raise ValidationError("CancelUpdateStack cannot be called from current stack status")
        raise ValidationError("The sandbox cannot cancel an update that has begun.")

    @handler("UpdateTerminationProtection")
    def update_termination_protection(
        self,
        context: RequestContext,
        enable_termination_protection: Any,
        stack_name: Any,
        **_: Any,
    ) -> UpdateTerminationProtectionOutput:
        """A protected stack is not deleted."""
        stack = stack_of(context, stack_name, f"Stack [{stack_name}] does not exist")
        stack.protected = bool(enable_termination_protection)
        return UpdateTerminationProtectionOutput(StackId=stack.stack_id)

    @handler("GetStackPolicy")
    def get_stack_policy(
        self, context: RequestContext, stack_name: Any, **_: Any
    ) -> GetStackPolicyOutput:
        """As it was set; updates do not ask it."""
        stack = stack_of(context, stack_name)
        return (
            GetStackPolicyOutput(StackPolicyBody=stack.stack_policy)
            if stack.stack_policy
            else GetStackPolicyOutput()
        )

    @handler("SetStackPolicy")
    def set_stack_policy(self, context: RequestContext, stack_name: Any, **_: Any) -> None:
        """Refused: nothing would obey it."""
        stack_of(context, stack_name)
        raise ValidationError("The sandbox does not support stack policies.")
