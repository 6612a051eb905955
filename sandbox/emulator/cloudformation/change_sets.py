"""Change sets: what would change, looked at before it happens.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import json
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    ChangeSetStatus,
    CreateChangeSetOutput,
    DeleteChangeSetOutput,
    DescribeChangeSetOutput,
    ExecuteChangeSetOutput,
    ExecutionStatus,
    InvalidChangeSetStatusException,
    ListChangeSetsOutput,
    StackStatus,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store

from sandbox.emulator.access import principal
from sandbox.emulator.cloudformation import operations, plan, rights, validation, versions
from sandbox.emulator.cloudformation.models import ChangeSet, Stack, Version, now
from sandbox.emulator.cloudformation.queries import (
    change_set_of,
    find_change_set,
    find_stack,
    shown_parameters,
    stack_of,
    stacks_of,
)

UNCHANGED = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
PATIENCE_SECONDS = 10.0
TYPES = ("IMPORT", "UPDATE", "CREATE")


class ChangeSets:
    """Mixed into the provider."""

    @handler("CreateChangeSet", expand=False)
    def create_change_set(self, context: RequestContext, request: Any) -> CreateChangeSetOutput:
        """Ready (or failed) when the call returns; AWS takes some seconds."""
        name, kind = request["ChangeSetName"], request.get("ChangeSetType") or "UPDATE"
        validation.check_name(name, "changeSetName")
        if kind not in TYPES:
            raise ValidationError(
                f"1 validation error detected: Value '{kind}' at 'changeSetType' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{', '.join(TYPES)}]"
            )
        if kind == "IMPORT" or request.get("ResourcesToImport"):
            raise ValidationError("The sandbox cannot import existing resources into a stack.")
        stack = find_stack(context, request["StackName"])
        if kind == "CREATE" and stack is not None:
            if stack.status != StackStatus.REVIEW_IN_PROGRESS:
                raise ValidationError(
                    f"Stack [{stack.stack_name}] already exists and cannot be created again with the "
                    f"changeSet [{name}]."
                )
        elif kind == "UPDATE":
            if stack is None or stack.status == StackStatus.REVIEW_IN_PROGRESS:
                raise ValidationError(f"Stack [{request['StackName']}] does not exist")
            operations.check_updatable(stack)
        if stack is not None and find_change_set(context, name, stack.stack_id):
            raise AlreadyExistsException(f"ChangeSet [{name}] already exists")
        fresh = stack is None
        if stack is None:
            validation.check_name(request["StackName"], "stackName")
            stack = Stack(
                context.account_id,
                context.region,
                request["StackName"],
                StackStatus.REVIEW_IN_PROGRESS,
            )
        stack.principal = principal.of(context)
        change_set = _drawn_up(stack, name, kind, request)
        if fresh:
            stacks_of(context)[stack.stack_id] = stack
            stack.set_status(StackStatus.REVIEW_IN_PROGRESS, "User Initiated")
        store = get_cloudformation_store(context.account_id, context.region)
        store.change_sets[change_set.change_set_id] = change_set  # type: ignore[assignment]
        stack.change_set_ids.append(change_set.change_set_id)
        return CreateChangeSetOutput(StackId=stack.stack_id, Id=change_set.change_set_id)

    @handler("DescribeChangeSet")
    def describe_change_set(
        self,
        context: RequestContext,
        change_set_name: Any,
        stack_name: Any = None,
        next_token: Any = None,
        include_property_values: Any = None,
        **_: Any,
    ) -> DescribeChangeSetOutput:
        """With the changes; `IncludePropertyValues` adds each resource before and after."""
        change_set = change_set_of(context, change_set_name, stack_name)
        return DescribeChangeSetOutput(
            **_summary(change_set),  # type: ignore[typeddict-item]
            Parameters=shown_parameters(change_set.version.values),
            NotificationARNs=change_set.version.notification_arns,
            RollbackConfiguration={},
            Capabilities=change_set.version.capabilities,  # type: ignore[typeddict-item]
            Tags=change_set.version.tags,
            Changes=[
                {
                    "Type": "Resource",
                    "ResourceChange": _shown(change, bool(include_property_values)),
                }
                for change in change_set.changes
            ],
        )

    @handler("ExecuteChangeSet")
    def execute_change_set(
        self,
        context: RequestContext,
        change_set_name: Any,
        stack_name: Any = None,
        client_request_token: Any = None,
        disable_rollback: Any = None,
        retain_except_on_create: Any = None,
        **_: Any,
    ) -> ExecuteChangeSetOutput:
        """Bring the version about; other change sets of the stack are gone with it."""
        change_set = change_set_of(context, change_set_name, stack_name)
        stack = change_set.stack
        if change_set.execution_status != ExecutionStatus.AVAILABLE:
            raise InvalidChangeSetStatusException(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of "
                f"[{change_set.status}]"
            )
        creating = stack.status == StackStatus.REVIEW_IN_PROGRESS
        if not creating:
            operations.check_updatable(stack)
        store = get_cloudformation_store(context.account_id, context.region)
        for other in [one for one in stack.change_set_ids if one != change_set.change_set_id]:
            store.change_sets.pop(other, None)
            stack.change_set_ids.remove(other)
        change_set.execution_status = ExecutionStatus.EXECUTE_IN_PROGRESS
        stack.change_set_id = change_set.change_set_id
        stack.disable_rollback = bool(disable_rollback)
        stack.on_failure = change_set.on_stack_failure or "ROLLBACK"
        stack.principal = rights.principal_for(principal.of(context), change_set.version.role_arn)

        def ended() -> None:
            good = stack.status in (StackStatus.CREATE_COMPLETE, StackStatus.UPDATE_COMPLETE)
            change_set.execution_status = (
                ExecutionStatus.EXECUTE_COMPLETE if good else ExecutionStatus.EXECUTE_FAILED
            )

        start = operations.start_creation if creating else operations.start_update
        # `aws cloudformation deploy` looks at once and then after half a minute.
        start(stack, change_set.version, ended).wait(PATIENCE_SECONDS)
        return ExecuteChangeSetOutput()

    @handler("ListChangeSets")
    def list_change_sets(
        self, context: RequestContext, stack_name: Any, next_token: Any = None, **_: Any
    ) -> ListChangeSetsOutput:
        """All of a stack that were not executed over."""
        stack = stack_of(context, stack_name, f"Stack [{stack_name}] does not exist")
        store = get_cloudformation_store(context.account_id, context.region)
        return ListChangeSetsOutput(
            Summaries=[
                _summary(store.change_sets[one])  # type: ignore[arg-type,typeddict-item]
                for one in stack.change_set_ids
                if one in store.change_sets
            ]
        )

    @handler("DeleteChangeSet")
    def delete_change_set(
        self, context: RequestContext, change_set_name: Any, stack_name: Any = None, **_: Any
    ) -> DeleteChangeSetOutput:
        """One that was not executed; that it is gone is no error."""
        change_set = find_change_set(context, change_set_name, stack_name)
        if change_set is None:
            return DeleteChangeSetOutput()
        if change_set.execution_status == ExecutionStatus.EXECUTE_IN_PROGRESS:
            raise InvalidChangeSetStatusException(
                f"ChangeSet [{change_set.change_set_id}] cannot be deleted in its current status of "
                f"[{change_set.status}]"
            )
        store = get_cloudformation_store(context.account_id, context.region)
        store.change_sets.pop(change_set.change_set_id, None)
        if change_set.change_set_id in change_set.stack.change_set_ids:
            change_set.stack.change_set_ids.remove(change_set.change_set_id)
        return DeleteChangeSetOutput()


def _drawn_up(stack: Stack, name: str, kind: str, request: Any) -> ChangeSet:
    previous = stack.version if kind == "UPDATE" else None
    try:
        version = versions.of_request(request, stack, previous, reviewed=True)
    except versions.TransformFailure as failure:
        change_set = ChangeSet(stack, name, kind, Version(body=request.get("TemplateBody") or ""))
        _failed(change_set, str(failure))
        return change_set
    change_set = ChangeSet(stack, name, kind, version)
    change_set.description = request.get("Description")
    change_set.on_stack_failure = request.get("OnStackFailure")
    change_set.include_nested = bool(request.get("IncludeNestedStacks"))
    try:
        change_set.changes, differs = plan.changes(stack, version)
    except ValidationError as error:
        _failed(change_set, error.message)
        return change_set
    if not differs:
        _failed(change_set, UNCHANGED)
    return change_set


def _failed(change_set: ChangeSet, reason: str) -> None:
    change_set.status = ChangeSetStatus.FAILED
    change_set.execution_status = ExecutionStatus.UNAVAILABLE
    change_set.status_reason = reason
    change_set.creation_time = now()


def _summary(change_set: ChangeSet) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ChangeSetName": change_set.change_set_name,
        "ChangeSetId": change_set.change_set_id,
        "StackId": change_set.stack.stack_id,
        "StackName": change_set.stack.stack_name,
        "CreationTime": change_set.creation_time,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "IncludeNestedStacks": change_set.include_nested,
    }
    if change_set.status_reason:
        found["StatusReason"] = change_set.status_reason
    if change_set.description:
        found["Description"] = change_set.description
    return found


def _shown(change: dict[str, Any], with_values: bool) -> dict[str, Any]:
    found = {name: value for name, value in change.items() if not name.startswith("_")}
    if with_values:
        for member, key in (("BeforeContext", "_before"), ("AfterContext", "_after")):
            if key in change:
                found[member] = json.dumps({"Properties": change[key]}, default=str)
    return found
