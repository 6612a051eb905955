"""Stacks and change sets, as they are remembered.

They stand in LocalStack's store (`stacks_v2`, `change_sets`), so that they are saved with the world.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api.cloudformation import (
    ChangeSetStatus,
    ExecutionStatus,
    ResourceStatus,
    StackEvent,
    StackStatus,
)

from sandbox.emulator import clock
from sandbox.emulator.access.principal import Principal
from sandbox.emulator.cloudformation.parameters import Value
from sandbox.emulator.cloudformation.template import Template

STACK = "AWS::CloudFormation::Stack"
# Template of a stack that has none yet.
NOTHING: Template = {"Resources": {}}


def now() -> datetime:
    """The sandbox clock's time, as stacks and events carry it."""
    return datetime.fromtimestamp(clock.time(), UTC)


@dataclass
class Made:
    """A resource of a stack.

    `asked` are the properties of the template, evaluated; `model` what the type's provider made of them
    (attributes included); `needs` the logical ids that must go after it.
    """

    name: str
    type: str
    asked: dict[str, Any]
    model: dict[str, Any]
    physical_id: str | None
    needs: list[str] = field(default_factory=list)
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    metadata: Any = None
    new: bool = False


@dataclass
class Act:
    """Something that an operation did, and what was there before.

    "create", "update", "replace", or "attempt": an update that failed and may have done half its work.
    """

    kind: str
    made: Made
    before: Made | None = None


@dataclass
class Version:
    """What a stack is made from: a template with its parameters and tags."""

    body: str = ""
    template: Template = field(default_factory=lambda: dict(NOTHING))
    processed: Template = field(default_factory=lambda: dict(NOTHING))
    values: dict[str, Value] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)


class Stack:
    """One stack; `resources` is what exists of it, at every moment of an operation."""

    def __init__(self, account: str, region: str, name: str, status: StackStatus) -> None:
        self.account_id = account
        self.region_name = region
        self.stack_name = name
        self.stack_id = f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"
        self.status = status
        self.status_reason: str | None = None
        self.creation_time = now()
        self.last_updated: datetime | None = None
        self.deletion_time: datetime | None = None
        self.version = Version()
        self.resources: dict[str, Made] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.outputs: list[dict[str, Any]] = []
        self.resolved_exports: dict[str, str] = {}
        self.imports: set[str] = set()
        self.events: list[StackEvent] = []
        self.change_set_ids: list[str] = []
        self.change_set_id: str | None = None
        self.protected = False
        self.disable_rollback = False
        self.on_failure = "ROLLBACK"
        self.timeout_minutes: int | None = None
        self.parent_id: str | None = None
        self.root_id: str | None = None
        self.stack_policy: str | None = None
        self.principal: Principal | None = None
        # What a failed operation did and has not undone yet; the version that it goes back to.
        self.acts: list[Act] = []
        self.stable: Version | None = None
        # The version before the last update that succeeded.
        self.earlier: Version | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Who asked is not remembered over a restart: the next operation has a caller of its own."""
        return {**self.__dict__, "principal": None}

    # The names by which LocalStack's own code knows these.

    @property
    def resolved_resources(self) -> dict[str, Any]:
        """Resources that exist, by logical id."""
        return {
            name: {"Type": made.type, "PhysicalResourceId": made.physical_id}
            for name, made in self.resources.items()
        }

    def set_status(self, status: StackStatus, reason: str | None = None) -> None:
        """Enter a status, with its event."""
        self.status = status
        self.status_reason = reason
        self.event(self.stack_name, STACK, self.stack_id, str(status), reason)

    def set_resource(
        self,
        name: str,
        kind: str,
        physical_id: str | None,
        status: ResourceStatus,
        reason: str | None = None,
        properties: str | None = None,
    ) -> None:
        """Enter a resource's status, with its event."""
        self.states[name] = {
            "LogicalResourceId": name,
            "PhysicalResourceId": physical_id or "",
            "ResourceType": kind,
            "Timestamp": now(),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
        }
        self.event(name, kind, physical_id or "", str(status), reason, properties)

    def event(
        self,
        name: str,
        kind: str,
        physical_id: str,
        status: str,
        reason: str | None,
        properties: str | None = None,
    ) -> None:
        """Note an event, newest first."""
        event = StackEvent(
            EventId=f"{name}-{status}-{now():%Y-%m-%dT%H:%M:%S.%fZ}"
            if kind != STACK
            else str(uuid.uuid4()),
            Timestamp=now(),
            StackId=self.stack_id,
            StackName=self.stack_name,
            LogicalResourceId=name,
            PhysicalResourceId=physical_id,
            ResourceStatus=ResourceStatus(status) if status in _RESOURCE else status,  # type: ignore[arg-type]
            ResourceType=kind,
        )
        if reason:
            event["ResourceStatusReason"] = reason
        if properties is not None:
            event["ResourceProperties"] = properties
        self.events.insert(0, event)

    @property
    def busy(self) -> bool:
        """Whether an operation is at work."""
        return str(self.status).endswith("_IN_PROGRESS") and (
            self.status != StackStatus.REVIEW_IN_PROGRESS
        )

    @property
    def active(self) -> bool:
        """Whether its name is taken."""
        return self.status != StackStatus.DELETE_COMPLETE


_RESOURCE = {str(status) for status in ResourceStatus}


class ChangeSet:
    """One change set: a version of a stack that may be brought about."""

    def __init__(self, stack: Stack, name: str, kind: str, version: Version) -> None:
        self.stack = stack
        self.change_set_name = name
        self.change_set_type = kind
        self.change_set_id = (
            f"arn:aws:cloudformation:{stack.region_name}:{stack.account_id}:changeSet/{name}/"
            f"{uuid.uuid4()}"
        )
        self.version = version
        self.status = ChangeSetStatus.CREATE_COMPLETE
        self.status_reason: str | None = None
        self.execution_status = ExecutionStatus.AVAILABLE
        self.creation_time = now()
        self.description: str | None = None
        self.changes: list[dict[str, Any]] = []
        self.on_stack_failure: str | None = None
        self.include_nested = False
