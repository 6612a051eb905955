"""Carrying out an operation on a stack: create, update or delete its resources, and go back when one fails.

What exists of a stack is written into it at once, resource by resource, so that a sandbox that was stopped
meanwhile knows what to remove.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
"""

from __future__ import annotations

import copy
import json
import logging
import re
from typing import Any

from localstack import config
from localstack.aws.api.cloudformation import ResourceStatus, StackStatus
from localstack.constants import INTERNAL_AWS_SECRET_ACCESS_KEY
from localstack.services.cloudformation.engine.v2.resolving import (
    REGEX_DYNAMIC_REF,
    DynamicReference,
    perform_dynamic_reference_lookup,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent

from sandbox.emulator.cloudformation import plan, rights, schemas
from sandbox.emulator.cloudformation import template as reading
from sandbox.emulator.cloudformation.deployment import Deployment, message_of
from sandbox.emulator.cloudformation.evaluation import evaluation_of, exports, importers
from sandbox.emulator.cloudformation.functions import same, text_of
from sandbox.emulator.cloudformation.models import Act, Made, Stack, Version, now
from sandbox.emulator.cloudformation.resources.declared import Resource
from sandbox.emulator.state import saver

LOG = logging.getLogger(__name__)

# What templates write for AWS's own addresses -> where they answer here.
EXECUTE_API = re.compile(
    r"https://([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.(?:amazonaws\.com|localhost\.localstack\.cloud(?::\d+)?)"
)
NESTED = "AWS::CloudFormation::Stack"
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Failure(Exception):
    """A resource failed, or the template could not be carried out; the text is the stack's reason."""


class Operation:
    """One operation on one stack, in the thread that calls its methods."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._deployment = Deployment(stack_name=stack.stack_name, stack_id=stack.stack_id)
        self._failed: list[str] = []
        self._version = stack.version

    # Operations. Each returns when the stack has ended in a state.

    def create(self, version: Version) -> None:
        """CREATE_IN_PROGRESS to its end."""
        stack = self._stack
        stack.version, self._version = version, version
        stack.acts, stack.stable = [], None
        try:
            self._bring_about(version)
        except Failure as failure:
            self._after_failed_creation(str(failure))
        else:
            stack.acts = []
            stack.set_status(StackStatus.CREATE_COMPLETE)
        saver.mark("cloudformation")

    def update(self, version: Version) -> None:
        """UPDATE_IN_PROGRESS to its end."""
        stack = self._stack
        stack.acts, stack.stable = [], stack.version
        self._version = version
        try:
            self._bring_about(version)
        except Failure as failure:
            if stack.disable_rollback:
                stack.version = version
                stack.set_status(StackStatus.UPDATE_FAILED, str(failure))
            else:
                self.roll_back(str(failure))
        else:
            stack.version, stack.earlier = version, stack.version
            stack.set_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
            self._clean_up(version)
            stack.acts, stack.stable = [], None
            stack.set_status(StackStatus.UPDATE_COMPLETE)
        saver.mark("cloudformation")

    def delete(self, retained: list[str], forced: bool = False) -> None:
        """DELETE_IN_PROGRESS to its end; `forced` leaves behind what cannot be deleted."""
        stack = self._stack
        self._leftovers()
        self._remove_all(retained)
        if self._failed and not forced:
            stack.set_status(
                StackStatus.DELETE_FAILED,
                f"The following resource(s) failed to delete: [{', '.join(self._failed)}]. ",
            )
        else:
            stack.resources, stack.acts = {}, []
            self._end()
        saver.mark("cloudformation")

    def roll_back(self, reason: str | None, skipped: list[str] | None = None) -> None:
        """Back to what was there before the update that failed."""
        stack = self._stack
        stack.set_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, reason)
        self._failed.clear()
        stable = stack.stable or stack.version
        self._version = stable
        while stack.acts:
            act = stack.acts[-1]
            if act.made.name in (skipped or ()):
                if act.before is not None:
                    stack.resources[act.made.name] = act.before
                stack.acts.pop()
                continue
            if not self._undo(act):
                break
            stack.acts.pop()
        if stack.acts:
            stack.set_status(
                StackStatus.UPDATE_ROLLBACK_FAILED,
                f"The following resource(s) failed to update: [{', '.join(self._failed)}]. ",
            )
        else:
            stack.set_status(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
            stack.version, stack.stable = stable, None
            stack.set_status(StackStatus.UPDATE_ROLLBACK_COMPLETE)
        saver.mark("cloudformation")

    def roll_back_creation(self, reason: str) -> None:
        """Remove what a failed creation made; the stack stays, with nothing in it."""
        stack = self._stack
        stack.set_status(StackStatus.ROLLBACK_IN_PROGRESS, reason)
        self._failed.clear()
        self._remove_all([], rolling_back=True)
        if self._failed:
            stack.set_status(
                StackStatus.ROLLBACK_FAILED,
                f"The following resource(s) failed to delete: [{', '.join(self._failed)}]. ",
            )
        else:
            stack.resources, stack.acts, stack.outputs = {}, [], []
            stack.set_status(StackStatus.ROLLBACK_COMPLETE)
        saver.mark("cloudformation")

    def _after_failed_creation(self, reason: str) -> None:
        stack = self._stack
        if stack.disable_rollback or stack.on_failure == "DO_NOTHING":
            stack.set_status(StackStatus.CREATE_FAILED, reason)
        elif stack.on_failure == "DELETE":
            stack.set_status(StackStatus.DELETE_IN_PROGRESS, f"{reason}Delete requested by user.")
            self._failed.clear()
            self._remove_all([], rolling_back=True)
            if self._failed:
                stack.set_status(
                    StackStatus.DELETE_FAILED,
                    f"The following resource(s) failed to delete: [{', '.join(self._failed)}]. ",
                )
            else:
                self._end()
        else:
            self.roll_back_creation(f"{reason}Rollback requested by user.")

    def _end(self) -> None:
        stack = self._stack
        stack.resources, stack.outputs = {}, []
        stack.resolved_exports, stack.imports = {}, set()
        stack.deletion_time = now()
        stack.set_status(StackStatus.DELETE_COMPLETE)

    # Forwards.

    def _bring_about(self, version: Version) -> None:
        """Create and update in the order of dependencies; raises Failure."""
        stack = self._stack
        template = version.processed
        evaluation = evaluation_of(stack, version, self._lookup)
        try:
            names = reading.order(template)
        except ValidationError as error:
            raise Failure(f"{error.message} ") from None
        for name in names:
            declared = template["Resources"][name]
            try:
                if not evaluation.exists(declared):
                    continue
            except ValidationError as error:
                raise Failure(f"{error.message}. ") from None
            self._bring_one(name, declared, evaluation, template)
        try:
            outputs, exported = self._outputs(evaluation, template)
        except ValidationError as error:
            raise Failure(f"{str(error.message).rstrip('.')}. ") from None
        stack.outputs, stack.resolved_exports = outputs, exported
        stack.imports = evaluation.imported

    def _bring_one(self, name: str, declared: Any, evaluation: Any, template: Any) -> None:
        stack, kind = self._stack, str(declared["Type"])
        before = stack.resources.get(name)
        verb = "CREATE" if before is None else "UPDATE"
        try:
            asked = evaluation.of(declared.get("Properties") or {})
            metadata = evaluation.of(declared.get("Metadata"))
            made = Made(
                name,
                kind,
                asked,
                {},
                None,
                sorted(reading.dependencies(declared, template["Resources"])),
                text_of(evaluation.of(declared.get("DeletionPolicy", "Delete"))),
                text_of(evaluation.of(declared.get("UpdateReplacePolicy", "Delete"))),
                metadata,
            )
        except ValidationError as error:
            self._fail(name, kind, before.physical_id if before else None, verb, error.message)
            return
        if before is None:
            self._create(made)
            return
        if before.type != kind:
            self._replace(made, before)
            return
        names = plan.differences(before.asked, asked)
        if not names and kind != NESTED:
            made.model, made.physical_id = before.model, before.physical_id
            changed = not same(before.metadata or {}, metadata or {})
            stack.resources[name] = made
            if changed:
                for status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"):
                    stack.set_resource(name, kind, made.physical_id, ResourceStatus(status))
            return
        if plan.replacing(kind, names):
            own_name = f"{kind.rpartition('::')[2]}Name"
            if own_name in asked and own_name not in names:
                self._fail(
                    name,
                    kind,
                    before.physical_id,
                    "UPDATE",
                    "CloudFormation cannot update a stack when a custom-named resource requires "
                    f"replacing. Rename {asked[own_name]} and update the stack again.",
                )
            self._replace(made, before)
            return
        self._event(name, kind, before.physical_id, "UPDATE_IN_PROGRESS", None, asked)
        event = self._act("Modify", made, before)
        if event.status is OperationStatus.FAILED:
            # Half of it may have happened.
            given = {name: one for name, one in before.model.items() if name not in before.asked}
            made.model = {**given, **made.asked}
            made.physical_id = before.physical_id
            stack.acts.append(Act("attempt", made, before))
            self._fail(name, kind, before.physical_id, "UPDATE", event.message)
        stack.resources[name] = made
        stack.acts.append(Act("update", made, before))
        self._event(name, kind, made.physical_id, "UPDATE_COMPLETE", None, asked)

    def _create(self, made: Made) -> None:
        stack = self._stack
        self._event(made.name, made.type, None, "CREATE_IN_PROGRESS", None, made.asked)
        event = self._act("Add", made)
        if event.status is OperationStatus.FAILED:
            self._fail(made.name, made.type, None, "CREATE", event.message)
        stack.resources[made.name] = made
        stack.acts.append(Act("create", made))
        self._event(
            made.name,
            made.type,
            made.physical_id,
            "CREATE_IN_PROGRESS",
            "Resource creation Initiated",
            made.asked,
        )
        self._event(made.name, made.type, made.physical_id, "CREATE_COMPLETE", None, made.asked)

    def _replace(self, made: Made, before: Made) -> None:
        stack = self._stack
        name, kind = made.name, made.type
        self._event(name, kind, before.physical_id, "UPDATE_IN_PROGRESS", REPLACING, made.asked)
        event = self._act("Add", made)
        if event.status is OperationStatus.FAILED:
            self._fail(name, kind, before.physical_id, "UPDATE", event.message)
        stack.resources[name] = made
        stack.acts.append(Act("replace", made, before))
        self._event(
            name, kind, made.physical_id, "UPDATE_IN_PROGRESS", "Resource creation Initiated"
        )
        self._event(name, kind, made.physical_id, "UPDATE_COMPLETE", None, made.asked)

    def _fail(
        self, name: str, kind: str, physical_id: str | None, verb: str, reason: str | None
    ) -> None:
        self._failed.append(name)
        self._event(name, kind, physical_id, f"{verb}_FAILED", reason or "Unknown failure")
        word = verb.lower()
        raise Failure(f"The following resource(s) failed to {word}: [{name}]. ")

    def _outputs(self, evaluation: Any, template: Any) -> tuple[list[Any], dict[str, str]]:
        stack = self._stack
        found: list[dict[str, Any]] = []
        exported: dict[str, str] = {}
        others = exports(stack.account_id, stack.region_name)
        for name, output in (template.get("Outputs") or {}).items():
            if not evaluation.exists(output):
                continue
            value = evaluation.of(output["Value"])
            if isinstance(value, list | dict):
                raise ValidationError(
                    f"Template format error: Output {name} is malformed. The Value field of every "
                    "Outputs member must evaluate to a String."
                )
            one = {"OutputKey": name, "OutputValue": local_addresses(self._dynamic(text_of(value)))}
            if "Description" in output:
                one["Description"] = text_of(output["Description"])
            if isinstance(output.get("Export"), dict) and "Name" in output["Export"]:
                export = text_of(evaluation.of(output["Export"]["Name"]))
                if export in exported or (
                    export in others and export not in stack.resolved_exports
                ):
                    owner = self._owner_of(export)
                    raise ValidationError(
                        f"Export with name {export} is already exported by stack {owner}."
                    )
                one["ExportName"] = export
                exported[export] = one["OutputValue"]
            found.append(one)
        for export, value in stack.resolved_exports.items():
            users = importers(stack, export)
            if users and export not in exported:
                raise ValidationError(
                    f"Export {export} cannot be deleted as it is in use by {', '.join(users)}"
                )
            if users and exported[export] != value:
                raise ValidationError(
                    f"Export {export} cannot be updated as it is in use by {', '.join(users)}"
                )
        return found, exported

    def _owner_of(self, export: str) -> str:
        from localstack.services.cloudformation.stores import get_cloudformation_store

        store = get_cloudformation_store(self._stack.account_id, self._stack.region_name)
        return next(
            (
                stack.stack_name
                for stack in store.stacks_v2.values()
                if stack.active and export in stack.resolved_exports
            ),
            self._stack.stack_name,
        )

    def _lookup(self, name: str, attribute: str | None) -> Any:
        made = self._stack.resources.get(name)
        if made is None:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{name}] in the Resources "
                "block of the template"
            )
        if attribute is None:
            return made.physical_id
        found = plan.attribute_of(made, attribute)
        if found is None:
            if made.type.startswith("Custom::") or made.type.endswith("::CustomResource"):
                raise ValidationError(
                    f"Vendor response doesn't contain {attribute} attribute in object"
                )
            raise ValidationError(
                f"Requested attribute {attribute} does not exist in schema for {made.type}"
            )
        return found

    # Backwards and away.

    def _clean_up(self, version: Version) -> None:
        """After a successful update: what was replaced and what the template no longer has."""
        stack = self._stack
        evaluation = evaluation_of(stack, version, self._lookup)
        for act in reversed(stack.acts):
            if act.kind == "replace" and act.before is not None:
                self._remove(act.before, keep=act.before.replace_policy)
        gone = [
            made
            for name, made in stack.resources.items()
            if name not in version.processed["Resources"]
            or not evaluation.exists(version.processed["Resources"][name])
        ]
        for made in _outermost_first(gone):
            if self._remove(made):
                stack.resources.pop(made.name, None)
                stack.states.pop(made.name, None)

    def _undo(self, act: Act) -> bool:
        stack, made, before = self._stack, act.made, act.before
        if act.kind == "create" or before is None:
            if self._remove(made):
                stack.resources.pop(made.name, None)
                stack.states.pop(made.name, None)
                return True
            return False
        if act.kind == "replace":
            stack.resources[made.name] = before
            self._event(made.name, before.type, before.physical_id, "UPDATE_COMPLETE", None)
            self._remove(made)
            return True
        self._event(made.name, made.type, made.physical_id, "UPDATE_IN_PROGRESS", None)
        kept = {name: value for name, value in before.model.items() if name.startswith("__")}
        if made.type == NESTED:
            kept = {"__Undo": True}
        back = copy.copy(before)
        event = self._act("Modify", back, made, kept)
        if event.status is OperationStatus.FAILED and act.kind == "attempt":
            # What had not happened cannot always be undone.
            LOG.info("undoing an update of %s: %s", made.name, event.message)
            back = before
        elif event.status is OperationStatus.FAILED:
            self._failed.append(made.name)
            self._event(made.name, made.type, made.physical_id, "UPDATE_FAILED", event.message)
            return False
        stack.resources[made.name] = back
        self._event(made.name, made.type, back.physical_id, "UPDATE_COMPLETE", None)
        return True

    def _leftovers(self) -> None:
        """Resources that a failed update replaced and never cleaned up."""
        for act in self._stack.acts:
            if act.kind == "replace" and act.before is not None:
                self._remove(act.before)
        self._stack.acts = []

    def _remove_all(self, retained: list[str], rolling_back: bool = False) -> None:
        stack = self._stack
        kept_for: set[str] = set()
        for made in _outermost_first(list(stack.resources.values())):
            if made.name in kept_for:
                kept_for.update(made.needs)
                continue  # something that could not be deleted needs it
            keep = "Retain" if made.name in retained else made.deletion_policy
            if keep == "RetainExceptOnCreate":
                keep = "Delete" if rolling_back else "Retain"
            if self._remove(made, keep):
                stack.resources.pop(made.name, None)
            else:
                kept_for.update(made.needs)

    def _remove(self, made: Made, keep: str | None = None) -> bool:
        """Delete one resource, or leave it behind; False when it could not be deleted."""
        keep = made.deletion_policy if keep is None else keep
        if keep.startswith("Retain"):
            self._event(made.name, made.type, made.physical_id, "DELETE_SKIPPED", None)
            return True
        self._event(made.name, made.type, made.physical_id, "DELETE_IN_PROGRESS", None)
        event = self._act("Remove", made)
        if event.status is OperationStatus.FAILED:
            self._failed.append(made.name)
            self._event(made.name, made.type, made.physical_id, "DELETE_FAILED", event.message)
            return False
        self._event(made.name, made.type, made.physical_id, "DELETE_COMPLETE", None)
        return True

    # One action.

    def _act(
        self,
        action: str,
        made: Made,
        before: Made | None = None,
        kept: dict[str, Any] | None = None,
    ) -> ProgressEvent:
        """Let the type's provider act; fills `made.model` and `made.physical_id`."""
        provider = self._deployment.try_load_resource_provider(made.type)
        if provider is None and action == "Remove":
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        if provider is None:
            return _failed(
                f"The sandbox does not support the resource type {made.type}. Nothing was made for it."
            )
        try:
            if action == "Remove":
                wanted = copy.deepcopy(made.model)
            else:
                schemas.check(provider, made)
                wanted = self._prepared(copy.deepcopy({**made.asked, **(kept or {})}))
        except ValidationError as error:
            return _failed(error.message)
        except Exception as error:
            return _failed(message_of(error))
        previous = copy.deepcopy(before.model) if before else None
        if action == "Remove":
            previous = wanted
        resource: dict[str, Any] = {}
        event = self._deployment.deploy_loop(
            provider, resource, self._payload(action, made, wanted, previous)
        )
        if event.status is OperationStatus.SUCCESS and action != "Remove":
            made.model = copy.deepcopy(event.resource_model or {})
            made.physical_id = resource.get("PhysicalResourceId")
            if before is not None and not isinstance(provider, Resource):
                # Updates of LocalStack's types forget attributes.
                for name, value in before.model.items():
                    if name not in before.asked:
                        made.model.setdefault(name, value)
        return event

    def _payload(
        self, action: str, made: Made, wanted: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        stack = self._stack
        credentials = {
            "accessKeyId": rights.key_of(stack),
            "secretAccessKey": INTERNAL_AWS_SECRET_ACCESS_KEY,
            "sessionToken": "",
        }
        return {
            "awsAccountId": stack.account_id,
            "callbackContext": {},
            "stackId": stack.stack_name,
            "resourceType": made.type,
            "resourceTypeVersion": "000000",
            "bearerToken": "",
            "region": stack.region_name,
            "action": action,
            "requestData": {
                "logicalResourceId": made.name,
                "resourceProperties": wanted,
                "previousResourceProperties": previous,
                "callerCredentials": credentials,
                "providerCredentials": credentials,
                "systemTags": {},
                "previousSystemTags": {},
                "stackTags": {},
                "previousStackTags": {},
            },
        }

    def _prepared(self, value: Any) -> Any:
        """A property with secrets looked up and AWS's addresses made local."""
        if isinstance(value, dict):
            return {key: self._prepared(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._prepared(one) for one in value]
        return local_addresses(self._dynamic(value)) if isinstance(value, str) else value

    def _dynamic(self, text: str) -> str:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""
        if "{{resolve:" not in text:
            return text

        def value_of(match: re.Match[str]) -> str:
            found = perform_dynamic_reference_lookup(
                DynamicReference(match[1], match[2]),
                account_id=rights.key_of(self._stack),
                region_name=self._stack.region_name,
            )
            if found is None:
                raise ValidationError(f"Could not resolve the dynamic reference {match[0]}")
            return str(found)

        return REGEX_DYNAMIC_REF.sub(value_of, text)

    def _event(
        self,
        name: str,
        kind: str,
        physical_id: str | None,
        status: str,
        reason: str | None,
        asked: dict[str, Any] | None = None,
    ) -> None:
        properties = json.dumps(asked, default=str) if asked is not None else None
        self._stack.set_resource(
            name, kind, physical_id, ResourceStatus(status), reason, properties
        )
        saver.mark("cloudformation")


def _failed(message: str | None) -> ProgressEvent:
    return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=str(message))


def _outermost_first(resources: list[Made]) -> list[Made]:
    """Those that need others before those that they need."""
    waiting, found = list(reversed(resources)), []
    while waiting:
        needed = {name for made in waiting for name in made.needs if name != made.name}
        ready = [made for made in waiting if made.name not in needed] or waiting
        found.extend(ready)
        waiting = [made for made in waiting if made not in ready]
    return found


def local_addresses(value: str) -> str:
    """AWS's host names of APIs in a property or an output, as they answer on this machine."""
    if "execute-api" not in value or ":lambda:" in value:
        return value
    port = config.GATEWAY_LISTEN[0].port
    return EXECUTE_API.sub(rf"http://\1.execute-api.\2.localhost:{port}", value)
