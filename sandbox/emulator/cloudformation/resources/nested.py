"""Nested stacks: a stack as a resource of another.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

from __future__ import annotations

import secrets
import string
import time
from typing import Any

from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.cloudformation.stores import get_cloudformation_store

from sandbox.emulator.cloudformation.functions import text_of
from sandbox.emulator.cloudformation.models import Stack
from sandbox.emulator.cloudformation.resources.declared import Model, Resource

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
UPDATED = "__Updated"
UNDO = "__Undo"
POLL_SECONDS = 0.05


class NestedStack(Resource):
    """`AWS::CloudFormation::Stack`; `Outputs.NAME` are its attributes."""

    TYPE = "AWS::CloudFormation::Stack"

    def create(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook."""
        model = request.desired_state
        letters = string.ascii_uppercase + string.digits
        tail = "".join(secrets.choice(letters) for _ in range(12))
        name = f"{request.stack_name}-{request.logical_resource_id}"[: 128 - 13] + f"-{tail}"
        made = request.aws_client_factory.cloudformation.create_stack(
            StackName=name, OnFailure="DO_NOTHING", **_asked(model)
        )
        model["Id"] = made["StackId"]
        stack = _stack(request, made["StackId"])
        parent = _stack(request, request.stack_id)
        stack.parent_id = parent.stack_id
        stack.root_id = parent.root_id or parent.stack_id
        return self._ended(stack, model, "CREATE_COMPLETE", "created")

    def update(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook; also with the same address, behind which may be another template."""
        from sandbox.emulator.cloudformation import operations

        model, previous = request.desired_state, request.previous_state or {}
        model["Id"] = previous["Id"]
        stack = _stack(request, previous["Id"])
        if model.pop(UNDO, False):
            if not previous.get(UPDATED) or stack.earlier is None:
                return _good(stack, model)
            operations.start_update(stack, stack.earlier)
        else:
            model[UPDATED] = False
            try:
                request.aws_client_factory.cloudformation.update_stack(
                    StackName=previous["Id"], **_asked(model)
                )
            except ClientError as error:
                if "No updates are to be performed" in str(error):
                    return _good(stack, model)
                raise
            model[UPDATED] = True
        return self._ended(stack, model, "UPDATE_COMPLETE", "updated")

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        """LocalStack's hook."""
        model = request.previous_state or request.desired_state
        stack = get_cloudformation_store(request.account_id, request.region_name).stacks_v2.get(
            model.get("Id", "")
        )
        if stack is None or not stack.active:  # type: ignore[attr-defined]
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        stack.protected = False  # type: ignore[attr-defined]
        request.aws_client_factory.cloudformation.delete_stack(StackName=model["Id"])
        return self._ended(stack, {}, "DELETE_COMPLETE", "deleted")  # type: ignore[arg-type]

    @staticmethod
    def _ended(stack: Stack, model: Model, wanted: str, verb: str) -> ProgressEvent:
        while stack.busy:
            time.sleep(POLL_SECONDS)
        if stack.status == wanted:
            return _good(stack, model)
        reason = next(
            (
                event["ResourceStatusReason"]
                for event in stack.events
                if event["LogicalResourceId"] == stack.stack_name
                and "ResourceStatusReason" in event
                and "failed" in event["ResourceStatusReason"].lower()
            ),
            stack.status_reason or str(stack.status),
        )
        reason = reason.replace("Rollback requested by user.", "").strip()
        return ProgressEvent(
            OperationStatus.FAILED,
            resource_model=model,
            message=f"Embedded stack {stack.stack_id} was not successfully {verb}: {reason}",
        )


def _good(stack: Stack, model: Model) -> ProgressEvent:
    model["Outputs"] = {one["OutputKey"]: one["OutputValue"] for one in stack.outputs}
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


def _asked(model: Model) -> dict[str, Any]:
    given = model.get("Parameters") or {}
    found: dict[str, Any] = {
        "TemplateURL": model["TemplateURL"],
        "Capabilities": CAPABILITIES,
        "Parameters": [
            {
                "ParameterKey": key,
                "ParameterValue": ",".join(map(text_of, value))
                if isinstance(value, list)
                else text_of(value),
            }
            for key, value in given.items()
        ],
    }
    if model.get("Tags"):
        found["Tags"] = model["Tags"]
    if model.get("NotificationARNs"):
        found["NotificationARNs"] = model["NotificationARNs"]
    return found


def _stack(request: ResourceRequest, stack_id: str) -> Stack:
    store = get_cloudformation_store(request.account_id, request.region_name)
    return store.stacks_v2[stack_id]  # type: ignore[return-value]


TYPES = (NestedStack,)
