"""What a resource type is: how it is made, changed and removed through its service's API.

Providers receive the template's properties with every reference resolved. Clients convert names and
types (`"true"`, `"5"`) by the operation's own model and drop what the operation does not know, so
properties can be handed over as they are.
"""

from __future__ import annotations

import json
import logging
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

LOG = logging.getLogger(__name__)

Model = dict[str, Any]
NOT_FOUND = (
    "NotFoundException",
    "ResourceNotFoundException",
    "NoSuchBucket",
    "NoSuchEntity",
    "UserNotFoundException",
)


class Resource(ResourceProvider):
    """One type. Subclasses name it and write `made`, `changed` and `removed`."""

    TYPE: ClassVar[str] = ""
    # The property that `Ref` gives; it may be one that `made` adds.
    REF: ClassVar[str] = "Id"
    # Properties whose change makes a new resource.
    REPLACED_BY: ClassVar[tuple[str, ...]] = ()
    # What `made` adds for `Fn::GetAtt`, kept over updates.
    ATTRIBUTES: ClassVar[tuple[str, ...]] = ()
    # Properties that the template must give.
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    # Other properties that it may give; empty where they are not checked.
    OPTIONAL: ClassVar[tuple[str, ...]] = ()
    SCHEMA: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        cls.SCHEMA = {
            "typeName": cls.TYPE,
            "primaryIdentifier": [f"/properties/{cls.REF}"],
            "createOnlyProperties": [f"/properties/{name}" for name in cls.REPLACED_BY],
            "required": list(cls.REQUIRED),
        }
        if cls.OPTIONAL:
            cls.SCHEMA["properties"] = dict.fromkeys((*cls.REQUIRED, *cls.OPTIONAL), {})
            cls.SCHEMA["additionalProperties"] = False

    def made(self, model: Model, request: ResourceRequest) -> Model:
        """Make it; returns the attributes to remember. Errors of the API are let through."""
        raise NotImplementedError

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        """What is set after it is made or changed; when that fails, a new resource goes away again."""

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        """Bring it to `model`; returns attributes that are different now."""
        raise NotImplementedError

    def removed(self, model: Model, request: ResourceRequest) -> None:
        """Remove it; that it is gone already is no error."""
        raise NotImplementedError

    def default_name(self, request: ResourceRequest) -> str:
        """`STACK-LOGICALID-RANDOM`, as CloudFormation names what the template leaves unnamed."""
        return generate_default_name(request.stack_name, request.logical_resource_id)

    def create(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook."""
        model = request.desired_state
        model.update(self.made(model, request))
        try:
            self.completed(model, {}, request)
        except Exception:
            try:
                self.removed(model, request)
            except ClientError as error:
                LOG.info("nothing to take back of %s: %s", request.logical_resource_id, error)
            raise
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook."""
        model, previous = request.desired_state, request.previous_state or {}
        for name in (self.REF, *self.ATTRIBUTES):
            if name in previous:
                model.setdefault(name, previous[name])
        model.update(self.changed(model, previous, request))
        self.completed(model, previous, request)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook."""
        model = request.previous_state or request.desired_state
        try:
            self.removed(model, request)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_FOUND:
                raise
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


def document(value: Any) -> str:
    """A policy or schema as the APIs take it: JSON text, whether the template has text or an object."""
    return value if isinstance(value, str) else json.dumps(value)


def text(value: Any) -> str:
    """A scalar as an attribute's text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def true(value: Any) -> bool:
    """A boolean property, which may come as text."""
    return value is True or str(value).lower() == "true"


def tags_of(model: Model, name: str = "Tags") -> dict[str, str]:
    """Tags by key, from a list or an object."""
    given = model.get(name) or {}
    if isinstance(given, dict):
        return {key: text(value) for key, value in given.items()}
    return {tag["Key"]: text(tag["Value"]) for tag in given}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as a list of `Key` and `Value`."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def only(model: Model, *names: str) -> Model:
    """Those of the named properties that are given."""
    return {name: model[name] for name in names if name in model}


def differs(model: Model, previous: Model, *names: str) -> bool:
    """Whether one of the properties is not as it was."""
    return any(model.get(name) != previous.get(name) for name in names)
