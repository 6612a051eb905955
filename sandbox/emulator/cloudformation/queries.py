"""The operations that only look: stacks, their resources, events, templates, exports.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    ChangeSetNotFoundException,
    DescribeStackEventsOutput,
    DescribeStackResourceOutput,
    DescribeStackResourcesOutput,
    DescribeStacksOutput,
    Export,
    GetTemplateOutput,
    GetTemplateSummaryOutput,
    ListExportsOutput,
    ListImportsOutput,
    ListStackResourcesOutput,
    ListStacksOutput,
    StackStatus,
    TemplateStage,
    ValidateTemplateOutput,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store

from sandbox.emulator.access import acting, principal
from sandbox.emulator.cloudformation import transforms, validation, versions
from sandbox.emulator.cloudformation.evaluation import importers
from sandbox.emulator.cloudformation.models import ChangeSet, Stack

NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}
RESOURCE_NOT_CHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}


def stacks_of(context: RequestContext) -> dict[str, Stack]:
    """Stacks of the caller's account and region, by id, oldest first."""
    return get_cloudformation_store(context.account_id, context.region).stacks_v2  # type: ignore[return-value]


def find_stack(context: RequestContext, name: str | None) -> Stack | None:
    """By id (deleted ones too) or by the name of an active stack."""
    stacks = stacks_of(context)
    if not name:
        return None
    if name.startswith("arn:"):
        return stacks.get(name)
    return next((s for s in list(stacks.values()) if s.stack_name == name and s.active), None)


def stack_of(context: RequestContext, name: str | None, message: str | None = None) -> Stack:
    """As `find_stack`; raises ValidationError where there is none."""
    found = find_stack(context, name)
    if found is None:
        raise ValidationError(message or f"Stack with id {name} does not exist")
    return found


def find_change_set(context: RequestContext, name: str, stack_name: str | None) -> ChangeSet | None:
    """By id, or by its name and the stack's."""
    store = get_cloudformation_store(context.account_id, context.region)
    if name.startswith("arn:"):
        return store.change_sets.get(name)  # type: ignore[return-value]
    if not stack_name:
        raise ValidationError(
            "StackName must be specified if ChangeSetName is not specified as an ARN."
        )
    stack = find_stack(context, stack_name)
    if stack is None:
        raise ValidationError(f"Stack [{stack_name}] does not exist")
    for change_set_id in stack.change_set_ids:
        found = store.change_sets.get(change_set_id)
        if found is not None and found.change_set_name == name:
            return found  # type: ignore[return-value]
    return None


def change_set_of(context: RequestContext, name: str, stack_name: str | None) -> ChangeSet:
    """As `find_change_set`; raises ChangeSetNotFound where there is none."""
    found = find_change_set(context, name, stack_name)
    if found is None:
        raise ChangeSetNotFoundException(f"ChangeSet [{name}] does not exist")
    return found


def shown_parameters(values: dict[str, Any]) -> list[dict[str, str]]:
    """Parameters as descriptions list them."""
    return [{"ParameterKey": key, **value.shown()} for key, value in values.items()]


class Queries:
    """Mixed into the provider."""

    @handler("DescribeStacks")
    def describe_stacks(
        self, context: RequestContext, stack_name: Any = None, next_token: Any = None, **_: Any
    ) -> DescribeStacksOutput:
        """One stack (a deleted one by its id), or all that are there."""
        if stack_name:
            found = [stack_of(context, stack_name)]
        else:
            found = [stack for stack in reversed(list(stacks_of(context).values())) if stack.active]
        return DescribeStacksOutput(Stacks=[described(stack) for stack in found])

    @handler("ListStacks")
    def list_stacks(
        self,
        context: RequestContext,
        next_token: Any = None,
        stack_status_filter: Any = None,
        **_: Any,
    ) -> ListStacksOutput:
        """Also those that were deleted."""
        found = []
        for stack in reversed(list(stacks_of(context).values())):
            if stack_status_filter and stack.status not in stack_status_filter:
                continue
            whole = described(stack)
            kept: dict[str, Any] = {
                name: whole[name]
                for name in (
                    "StackId",
                    "StackName",
                    "CreationTime",
                    "LastUpdatedTime",
                    "DeletionTime",
                    "StackStatus",
                    "StackStatusReason",
                    "ParentId",
                    "RootId",
                    "DriftInformation",
                )
                if name in whole
            }
            if description := whole.get("Description"):
                kept["TemplateDescription"] = description
            found.append(kept)
        return ListStacksOutput(StackSummaries=found)  # type: ignore[typeddict-item]

    @handler("DescribeStackEvents")
    def describe_stack_events(
        self, context: RequestContext, stack_name: Any = None, next_token: Any = None, **_: Any
    ) -> DescribeStackEventsOutput:
        """Newest first."""
        if not stack_name:
            raise ValidationError(
                "1 validation error detected: Value null at 'stackName' failed to satisfy "
                "constraint: Member must not be null"
            )
        stack = stack_of(context, stack_name, f"Stack [{stack_name}] does not exist")
        return DescribeStackEventsOutput(StackEvents=list(stack.events))

    @handler("DescribeStackResource")
    def describe_stack_resource(
        self, context: RequestContext, stack_name: Any, logical_resource_id: Any, **_: Any
    ) -> DescribeStackResourceOutput:
        """One resource, with its metadata."""
        stack = stack_of(context, stack_name, f"Stack '{stack_name}' does not exist")
        state = stack.states.get(logical_resource_id)
        if state is None:
            raise ValidationError(
                f"Resource {logical_resource_id} does not exist for stack {stack_name}"
            )
        detail = {
            "StackName": stack.stack_name,
            "StackId": stack.stack_id,
            **{name: value for name, value in state.items() if name != "Timestamp"},
            "LastUpdatedTimestamp": state["Timestamp"],
            "DriftInformation": RESOURCE_NOT_CHECKED,
        }
        made = stack.resources.get(logical_resource_id)
        if made is not None and made.metadata:
            detail["Metadata"] = versions.as_json(made.metadata)
        return DescribeStackResourceOutput(StackResourceDetail=detail)  # type: ignore[typeddict-item]

    @handler("DescribeStackResources")
    def describe_stack_resources(
        self,
        context: RequestContext,
        stack_name: Any = None,
        logical_resource_id: Any = None,
        physical_resource_id: Any = None,
        **_: Any,
    ) -> DescribeStackResourcesOutput:
        """By stack, or the stack of a physical id."""
        if physical_resource_id and stack_name:
            raise ValidationError("Cannot specify both StackName and PhysicalResourceId")
        if physical_resource_id:
            stack = next(
                (
                    one
                    for one in list(stacks_of(context).values())
                    if one.active
                    and any(
                        state["PhysicalResourceId"] == physical_resource_id
                        for state in one.states.values()
                    )
                ),
                None,
            )
            if stack is None:
                raise ValidationError(f"Stack for {physical_resource_id} does not exist")
        else:
            stack = stack_of(context, stack_name)
        found = [
            {
                "StackName": stack.stack_name,
                "StackId": stack.stack_id,
                **copy.deepcopy(state),
                "DriftInformation": RESOURCE_NOT_CHECKED,
            }
            for name, state in sorted(stack.states.items())
            if logical_resource_id in (None, name)
        ]
        if logical_resource_id and not found:
            raise ValidationError(
                f"Resource {logical_resource_id} does not exist for stack {stack_name}"
            )
        return DescribeStackResourcesOutput(StackResources=found)  # type: ignore[typeddict-item]

    @handler("ListStackResources")
    def list_stack_resources(
        self, context: RequestContext, stack_name: Any, next_token: Any = None, **_: Any
    ) -> ListStackResourcesOutput:
        """In short."""
        stack = stack_of(context, stack_name)
        return ListStackResourcesOutput(
            StackResourceSummaries=[
                {
                    **{name: value for name, value in state.items() if name != "Timestamp"},
                    "LastUpdatedTimestamp": state["Timestamp"],
                    "DriftInformation": RESOURCE_NOT_CHECKED,
                }
                for _name, state in sorted(stack.states.items())
            ]  # type: ignore[typeddict-item]
        )

    @handler("GetTemplate")
    def get_template(
        self,
        context: RequestContext,
        stack_name: Any = None,
        change_set_name: Any = None,
        template_stage: Any = None,
        **_: Any,
    ) -> GetTemplateOutput:
        """As it was submitted, or after its transforms."""
        if change_set_name:
            version = change_set_of(context, change_set_name, stack_name).version
        else:
            version = stack_of(context, stack_name).version
        processed = template_stage == TemplateStage.Processed
        body = version.body
        if processed and transforms.needs_expansion(version.template):
            body = versions.as_json(version.processed)
        return GetTemplateOutput(
            TemplateBody=body, StagesAvailable=[TemplateStage.Original, TemplateStage.Processed]
        )

    @handler("GetTemplateSummary", expand=False)
    def get_template_summary(
        self, context: RequestContext, request: Any
    ) -> GetTemplateSummaryOutput:
        """Parameters, types and capabilities of a template or of a stack's."""
        if request.get("StackName"):
            stack = stack_of(context, request["StackName"])
            if stack.status == StackStatus.REVIEW_IN_PROGRESS:
                raise ValidationError(
                    "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."
                )
            template = stack.version.template
        else:
            template = versions.read(_required_body(request, context))
        kinds: dict[str, list[str]] = defaultdict(list)
        for name, resource in template["Resources"].items():
            if isinstance(resource, dict) and isinstance(resource.get("Type"), str):
                kinds[resource["Type"]].append(name)
        found = GetTemplateSummaryOutput(
            Parameters=versions.declared_parameters(template),  # type: ignore[typeddict-item]
            ResourceTypes=list(kinds),
            ResourceIdentifierSummaries=[
                {"ResourceType": kind, "LogicalResourceIds": names} for kind, names in kinds.items()
            ],
            Version=str(template.get("AWSTemplateFormatVersion", "2010-09-09")),
        )
        if "Description" in template:
            found["Description"] = template["Description"]
        if template.get("Metadata"):
            found["Metadata"] = versions.as_json(template["Metadata"])
        if declared := [str(one["Name"]) for one in transforms.named(template)]:
            found["DeclaredTransforms"] = declared
        found.update(_capabilities(template))  # type: ignore[typeddict-item]
        return found

    @handler("ValidateTemplate", expand=False)
    def validate_template(self, context: RequestContext, request: Any) -> ValidateTemplateOutput:
        """Only the form is checked; raises ValidationError."""
        template = versions.read(_required_body(request, context))
        shown = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
        found = ValidateTemplateOutput(
            Parameters=[
                {name: one[name] for name in shown if name in one}  # type: ignore[typeddict-item]
                for one in versions.declared_parameters(template)
            ]
        )
        if "Description" in template:
            found["Description"] = template["Description"]
        if declared := [str(one["Name"]) for one in transforms.named(template)]:
            found["DeclaredTransforms"] = declared
        found.update(_capabilities(template))  # type: ignore[typeddict-item]
        return found

    @handler("ListExports")
    def list_exports(
        self, context: RequestContext, next_token: Any = None, **_: Any
    ) -> ListExportsOutput:
        """Of all stacks of the region."""
        return ListExportsOutput(
            Exports=[
                Export(ExportingStackId=stack.stack_id, Name=name, Value=value)
                for stack in list(stacks_of(context).values())
                if stack.active
                for name, value in stack.resolved_exports.items()
            ]
        )

    @handler("ListImports")
    def list_imports(
        self, context: RequestContext, export_name: Any, next_token: Any = None, **_: Any
    ) -> ListImportsOutput:
        """Names of the stacks that use an export."""
        owner = next(
            (
                stack
                for stack in list(stacks_of(context).values())
                if stack.active and export_name in stack.resolved_exports
            ),
            None,
        )
        if owner is None:
            raise ValidationError(f"Export '{export_name}' does not exist.")
        found = importers(owner, export_name)
        if not found:
            raise ValidationError(f"Export '{export_name}' is not imported by any stack.")
        return ListImportsOutput(Imports=found)


def _required_body(request: Any, context: RequestContext) -> str:
    body = versions.body_of(
        request, acting.key_for(principal.of(context), context.account_id), context.region
    )
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    return body


def _capabilities(template: dict[str, Any]) -> dict[str, Any]:
    needed = validation.needed_capability(template)
    found = [needed] if needed else []
    if transforms.needs_expansion(template):
        found.append("CAPABILITY_AUTO_EXPAND")
    if not found:
        return {}
    kinds = sorted(
        {
            str(resource.get("Type"))
            for resource in template["Resources"].values()
            if isinstance(resource, dict) and resource.get("Type") in validation.IAM_NAMES
        }
    )
    reason = f"The following resource(s) require capabilities: [{', '.join(kinds)}]"
    return {"Capabilities": found, **({"CapabilitiesReason": reason} if kinds else {})}


def described(stack: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks has it."""
    version = stack.version
    found: dict[str, Any] = {
        "StackId": stack.stack_id,
        "StackName": stack.stack_name,
        "CreationTime": stack.creation_time,
        "StackStatus": stack.status,
        "DisableRollback": stack.disable_rollback,
        "DriftInformation": NOT_CHECKED,
        "EnableTerminationProtection": stack.protected,
        "RollbackConfiguration": {},
        "NotificationARNs": version.notification_arns,
        "Tags": version.tags,
    }
    optional = {
        "Description": version.template.get("Description"),
        "StackStatusReason": stack.status_reason,
        "LastUpdatedTime": stack.last_updated,
        "DeletionTime": stack.deletion_time,
        "ChangeSetId": stack.change_set_id,
        "Capabilities": version.capabilities,
        "Parameters": shown_parameters(version.values),
        "Outputs": copy.deepcopy(stack.outputs),
        "RoleARN": version.role_arn,
        "TimeoutInMinutes": stack.timeout_minutes,
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
    }
    found.update({name: value for name, value in optional.items() if value})
    return found
