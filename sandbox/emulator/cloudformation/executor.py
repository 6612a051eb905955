"""Carrying out a change set: create, update and delete a stack's resources, and go back when one fails.

LocalStack's executor walks the template and acts on each resource; it stops at the first failure and
leaves what it made. Here a failed creation is undone, a failed update is taken back to what was there,
and a failed deletion keeps what could not be deleted.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
"""

from __future__ import annotations

import copy
import logging
import re
from dataclasses import dataclass
from typing import Any

from localstack import config
from localstack.aws.api.cloudformation import ChangeAction, ResourceStatus, StackStatus
from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
    EventOperationFromAction,
    TriggerRollback,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocProperties
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
from localstack.services.cloudformation.v2.entities import ChangeSet

from sandbox.emulator.cloudformation.deployment import Deployment
from sandbox.emulator.state import saver

LOG = logging.getLogger(__name__)

# What templates write for AWS's own addresses -> where they answer here.
EXECUTE_API = re.compile(
    r"https://([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.(?:amazonaws\.com|localhost\.localstack\.cloud(?::\d+)?)"
)
DONE = {ResourceStatus.CREATE_COMPLETE, ResourceStatus.UPDATE_COMPLETE}
KEPT = "Retain"


@dataclass
class _Act:
    """Something that was done and can be undone."""

    action: ChangeAction
    name: str
    type: str
    before: Any
    model: dict[str, Any]


class SandboxExecutor(ChangeSetModelExecutor):
    """The executor of one change set, one stack creation, update or deletion."""

    def __init__(self, change_set: ChangeSet) -> None:
        super().__init__(change_set)
        stack = change_set.stack
        self.resource_provider_executor = Deployment(
            stack_name=stack.stack_name, stack_id=stack.stack_id
        )
        self._previous = dict(stack.resolved_resources)
        self._done: list[_Act] = []
        self._failed: list[str] = []
        self._policies: dict[str, tuple[str, str]] = {}

    def execute(self) -> ChangeSetModelExecutorResult:
        """Do all of it; the stack's status says how it ended when this returns."""
        stack = self._change_set.stack
        deleting = stack.status == StackStatus.DELETE_IN_PROGRESS
        creating = stack.status == StackStatus.CREATE_IN_PROGRESS
        if creating:
            # Known to the stack while they are made: a sandbox that is stopped meanwhile can delete them.
            stack.resolved_resources = self.resources
        failure = None
        try:
            self.process()
        except TriggerRollback as trigger:
            failure = trigger.reason or "A resource failed."
        except Exception as error:
            LOG.debug("the template cannot be carried out", exc_info=True)
            failure = str(error)
        try:
            if failure is not None and not deleting:
                return self._go_back(creating, failure)
            if not deleting and self._deferred_actions:
                stack.set_stack_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
            for deferred in reversed(self._deferred_actions):
                deferred.action()
            if deleting:
                self._end_deletion(failure)
            else:
                stack.processed_template = self._change_set.processed_template
            return ChangeSetModelExecutorResult(self.resources, self.outputs)
        finally:
            saver.mark("cloudformation")

    def _end_deletion(self, failure: str | None) -> None:
        stack = self._change_set.stack
        stack.resolved_resources = {
            name: found for name, found in self._previous.items() if name in self._failed
        }
        if self._failed or failure:
            names = ", ".join(self._failed)
            stack.settle(
                StackStatus.DELETE_FAILED,
                f"The following resource(s) failed to delete: [{names}]. " if names else failure,
            )

    def _go_back(self, creating: bool, failure: str) -> ChangeSetModelExecutorResult:
        stack, change_set = self._change_set.stack, self._change_set
        request = stack.request_payload
        verb = "create" if creating else "create or update"
        reason = (
            f"The following resource(s) failed to {verb}: [{', '.join(self._failed)}]. "
            if self._failed
            else f"{failure} "
        )
        wish = request.get("OnFailure") or change_set_wish(change_set)
        if request.get("DisableRollback") or wish == "DO_NOTHING":
            done = {
                name: r for name, r in self.resources.items() if r.get("ResourceStatus") in DONE
            }
            kept = done if creating else {**self._previous, **done}
            stack.settle(
                StackStatus.CREATE_FAILED if creating else StackStatus.UPDATE_FAILED, reason
            )
            return self._result(kept, failure)
        deletes = creating and wish == "DELETE"
        begin, end = (
            (StackStatus.DELETE_IN_PROGRESS, StackStatus.DELETE_COMPLETE)
            if deletes
            else (StackStatus.ROLLBACK_IN_PROGRESS, StackStatus.ROLLBACK_COMPLETE)
            if creating
            else (
                StackStatus.UPDATE_ROLLBACK_IN_PROGRESS,
                StackStatus.UPDATE_ROLLBACK_COMPLETE,
            )
        )
        stack.set_stack_status(begin, reason + ("Rollback requested by user." if creating else ""))
        self._failed.clear()
        for act in reversed(self._done):
            self._undo(act, creating)
        left = {name: r for name, r in self.resources.items() if name in self._failed}
        if self._failed:
            end = StackStatus.ROLLBACK_FAILED if creating else StackStatus.UPDATE_ROLLBACK_FAILED
        result = self._result({**({} if creating else self._previous), **left}, failure)
        stack.settle(end, self._undone_reason())
        return result

    def _undone_reason(self) -> str | None:
        if not self._failed:
            return None
        return f"The following resource(s) failed to delete: [{', '.join(self._failed)}]. "

    def _result(self, kept: dict[str, Any], failure: str) -> ChangeSetModelExecutorResult:
        """What upstream writes into the stack afterwards: what is there, and for an update the old rest."""
        stack, change_set = self._change_set.stack, self._change_set
        if stack.template is not None:
            change_set.template = stack.template
            change_set.template_body = stack.template_body
            change_set.resolved_parameters = stack.resolved_parameters
        stack.resolved_resources = kept
        return ChangeSetModelExecutorResult(kept, list(stack.resolved_outputs), failure)

    def _undo(self, act: _Act, creating: bool) -> None:
        if act.action == ChangeAction.Add:
            if self._policies.get(act.name, ("", ""))[0] == KEPT:
                return
            self._remove(act.name, act.type, PreprocProperties(act.model))
            return
        self._event(ChangeAction.Modify, act.name, OperationStatus.IN_PROGRESS, act.type)
        event = self._execute_resource_action(
            action=ChangeAction.Modify,
            logical_resource_id=act.name,
            resource_type=act.type,
            before_properties=PreprocProperties(act.model),
            after_properties=act.before,
        )
        self._event(ChangeAction.Modify, act.name, event.status, act.type, event.message)

    def _remove(self, name: str, kind: str, properties: PreprocProperties) -> None:
        self._event(ChangeAction.Remove, name, OperationStatus.IN_PROGRESS, kind)
        event = self._execute_resource_action(
            action=ChangeAction.Remove,
            logical_resource_id=name,
            resource_type=kind,
            before_properties=properties,
            after_properties=None,
            part_of_replacement=True,
        )
        self._event(ChangeAction.Remove, name, event.status, kind, event.message)

    # What upstream calls.

    def visit_node_resource(self, node_resource: Any) -> Any:
        """Remembers what the template says of the resource's end."""
        self._policies[node_resource.name] = tuple(
            "" if is_nothing(policy) else str(getattr(policy, "value", ""))
            for policy in (node_resource.deletion_policy, node_resource.update_replace_policy)
        )  # type: ignore[assignment]
        return super().visit_node_resource(node_resource)

    def _execute_resource_change(self, name: str, before: Any, after: Any) -> None:
        gone = is_nothing(after) or after is None
        if gone and not is_nothing(before):
            retained = self._change_set.stack.request_payload.get("_retained") or ()
            if name not in self._previous:
                return  # it was never made, so whatever has its name is somebody else's
            if self._policies[name][0].startswith(KEPT) or name in retained:
                self._skip(name, before.resource_type)
                return
        super()._execute_resource_change(name, before, after)

    def _skip(self, name: str, kind: str) -> None:
        stack = self._change_set.stack

        def skipped() -> None:
            stack.set_resource_status(
                logical_resource_id=name,
                physical_resource_id=self._get_physical_id(name, False),
                resource_type=kind,
                status=ResourceStatus.DELETE_SKIPPED,
            )

        self._defer_action(f"skip-{name}", skipped)

    def _execute_resource_action(self, *args: Any, **details: Any) -> ProgressEvent:
        action, name = details["action"], details["logical_resource_id"]
        before = details.get("before_properties")
        if details.get("part_of_replacement") and self._policies.get(name, ("", ""))[1] == KEPT:
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        found = self._previous.get(name)
        event = super()._execute_resource_action(*args, **details)
        if event.status is OperationStatus.SUCCESS and action != ChangeAction.Remove:
            self._done.append(
                _Act(
                    ChangeAction.Add if before is None else ChangeAction.Modify,
                    name,
                    details["resource_type"],
                    copy.deepcopy(before) if found else None,
                    copy.deepcopy(event.resource_model or {}),
                )
            )
        return event

    def _process_event(
        self,
        *,
        action: ChangeAction,
        logical_resource_id: str,
        event_status: OperationStatus,
        resource_type: str,
        special_action: str | None = None,
        reason: str | None = None,
    ) -> None:
        self._event(action, logical_resource_id, event_status, resource_type, reason)

    def _event(
        self,
        action: ChangeAction,
        name: str,
        status: OperationStatus,
        kind: str,
        reason: str | None = None,
    ) -> None:
        """One line of the stack's events; only a failure has a reason."""
        ending = "COMPLETE" if status is OperationStatus.SUCCESS else status.name
        if status is OperationStatus.FAILED:
            self._failed.append(name)
        stack = self._change_set.stack
        if action == ChangeAction.Remove:
            stack.resource_states.setdefault(name, {})
        stack.set_resource_status(
            logical_resource_id=name,
            physical_resource_id=self._get_physical_id(name, False)
            or self._previous.get(name, {}).get("PhysicalResourceId"),
            resource_type=kind,
            status=ResourceStatus(f"{EventOperationFromAction[str(action)]}_{ending}"),
            resource_status_reason=reason if status is OperationStatus.FAILED else None,
        )

    def _deployed_property_value_of(
        self, resource_logical_id: str, property_name: str, resolved_resources: dict
    ) -> Any:
        """Attributes as text, whatever type they have in the resource's model."""
        resolved = resolved_resources.get(resource_logical_id)
        value = (resolved or {}).get("Properties", {}).get(property_name)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return str(value)
        found = super()._deployed_property_value_of(
            resource_logical_id, property_name, resolved_resources
        )
        if found is None:
            kind = (resolved_resources.get(resource_logical_id) or {}).get("Type", "the resource")
            raise RuntimeError(
                f"Requested attribute {property_name} does not exist in schema for {kind}"
            )
        return found

    def _resolve_pseudo_parameter(self, pseudo_parameter_name: str) -> Any:
        if pseudo_parameter_name == "AWS::URLSuffix":
            return "amazonaws.com"
        if pseudo_parameter_name == "AWS::NotificationARNs":
            return list(self._change_set.stack.request_payload.get("NotificationARNs") or ())
        return super()._resolve_pseudo_parameter(pseudo_parameter_name)

    @staticmethod
    def _perform_static_replacements(value: str) -> str:
        return local_addresses(value)


def change_set_wish(change_set: ChangeSet) -> str | None:
    """`OnStackFailure` of a change set: DO_NOTHING, ROLLBACK or DELETE."""
    return getattr(change_set, "on_stack_failure", None)


def local_addresses(value: str) -> str:
    """AWS's host names of APIs in a property or an output, as they answer on this machine."""
    if "execute-api" not in value or ":lambda:" in value:
        return value
    port = config.GATEWAY_LISTEN[0].port
    return EXECUTE_API.sub(rf"http://\1.execute-api.\2.localhost:{port}", value)
