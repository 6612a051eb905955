"""Custom resources: a function (or a topic) is told, and answers by PUT to a pre-signed address.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from typing import Any

from localstack import config
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from rolo import Request, Response, Router

from sandbox.emulator import clock
from sandbox.emulator.cloudformation.resources.declared import Model, Resource

# On AWS it is a bucket of CloudFormation's own, one per region.
PATH = "/cloudformation-custom-resource-response-useast1"
DEFAULT_TIMEOUT_SECONDS = 3600
LARGEST_ANSWER_BYTES = 4096
POLL_SECONDS = 0.5
# The model of a custom resource is what it answered; what it was asked stays beside it for its deletion.
ASKED = "__ResourceProperties"
PHYSICAL_ID = "__PhysicalResourceId"


class _Answer:
    """The place for one answer."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.content: dict[str, Any] = {}


_waiting: dict[str, _Answer] = {}


def register_routes(router: Router) -> None:
    """Take answers at `PUT PATH/TOKEN`; the token is the permission, as in a pre-signed URL."""

    def receive(request: Request, token: str) -> Response:
        answer = _waiting.get(token)
        if answer is None:
            return Response("", status=403)
        data = request.get_data()
        try:
            if len(data) > LARGEST_ANSWER_BYTES:
                raise ValueError("Response object is too long.")
            content = json.loads(data)
            if not isinstance(content, dict):
                raise ValueError("no object")
        except ValueError as error:
            content = {"Status": "FAILED", "Reason": f"Invalid response object: {error}"}
        answer.content = content
        answer.arrived.set()
        return Response("", status=200)

    router.add(f"{PATH}/<token>", receive, methods=["PUT"])


class CustomResource(Resource):
    """`AWS::CloudFormation::CustomResource` and `Custom::Anything`."""

    TYPE = "AWS::CloudFormation::CustomResource"
    REF = PHYSICAL_ID
    REPLACED_BY = ("ServiceToken",)

    def create(self, request: ResourceRequest) -> ProgressEvent:
        asked = dict(request.desired_state)
        return self._ask(request, "Create", asked, {})

    def update(self, request: ResourceRequest) -> ProgressEvent:
        previous = request.previous_state or {}
        asked = dict(request.desired_state)
        details = {
            "PhysicalResourceId": previous.get(PHYSICAL_ID),
            "OldResourceProperties": _as_text(previous.get(ASKED) or {}),
        }
        event = self._ask(request, "Update", asked, details)
        old, new = previous.get(PHYSICAL_ID), (event.resource_model or {}).get(PHYSICAL_ID)
        if event.status is OperationStatus.SUCCESS and old and old != new:
            # Another id is another resource; the first one is removed.
            self._ask(request, "Delete", previous.get(ASKED) or {}, {"PhysicalResourceId": old})
        return event

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        model = request.previous_state or request.desired_state
        if PHYSICAL_ID not in model:
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        details = {"PhysicalResourceId": model[PHYSICAL_ID]}
        return self._ask(request, "Delete", model.get(ASKED) or {}, details)

    def _ask(
        self, request: ResourceRequest, kind: str, asked: Model, details: Model
    ) -> ProgressEvent:
        token = secrets.token_urlsafe(32)
        answer = _waiting[token] = _Answer()
        port = config.GATEWAY_LISTEN[0].port
        event = {
            "RequestType": kind,
            "ServiceToken": asked.get("ServiceToken", ""),
            "ResponseURL": f"http://localhost:{port}{PATH}/{token}",
            "StackId": request.stack_id,
            "RequestId": str(uuid.uuid4()),
            "LogicalResourceId": request.logical_resource_id,
            "ResourceType": request.resource_type,
            "ResourceProperties": _as_text(asked),
            **details,
        }
        try:
            self._send(request, event)
            seconds = int(asked.get("ServiceTimeout") or DEFAULT_TIMEOUT_SECONDS)
            if not _wait(answer.arrived, seconds):
                return ProgressEvent(
                    OperationStatus.FAILED,
                    resource_model={},
                    message="CloudFormation did not receive a response from your Custom Resource. "
                    f"Please check your logs for requestId [{event['RequestId']}]. If you are using "
                    "the Python cfn-response module, you may need to update your Lambda function code.",
                )
        finally:
            _waiting.pop(token, None)
        return _event_of(answer.content, asked, event)

    @staticmethod
    def _send(request: ResourceRequest, event: Model) -> None:
        target = event["ServiceToken"]
        if ":sns:" in target:
            request.aws_client_factory.sns.publish(
                TopicArn=target,
                Subject="AWS CloudFormation custom resource request",
                Message=json.dumps(event),
            )
            return
        request.aws_client_factory.lambda_.invoke(
            FunctionName=target, InvocationType="Event", Payload=json.dumps(event)
        )


def _wait(arrived: threading.Event, seconds: int) -> bool:
    """Whether the answer came in time on the sandbox clock, so that `sandbox clock advance` ends a wait."""
    deadline = clock.time() + seconds
    while not arrived.wait(POLL_SECONDS):
        if clock.time() > deadline:
            return False
    return True


def _event_of(content: Model, asked: Model, event: Model) -> ProgressEvent:
    if content.get("Status") != "SUCCESS":
        reason = content.get("Reason") or "no reason was given"
        return ProgressEvent(
            OperationStatus.FAILED,
            resource_model={},
            message=f"Received response status [FAILED] from custom resource. Message returned: {reason} "
            f"(RequestId: {event['RequestId']})",
        )
    physical_id = content.get("PhysicalResourceId") or event.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not physical_id:
        return ProgressEvent(
            OperationStatus.FAILED, resource_model={}, message="Invalid PhysicalResourceId"
        )
    data = content.get("Data")
    if not isinstance(data, dict):
        data = {}
    return ProgressEvent(
        OperationStatus.SUCCESS,
        resource_model={**data, ASKED: asked, PHYSICAL_ID: physical_id},
    )


def _as_text(value: Any) -> Any:
    """Properties reach the function as text: true as "true", 5 as "5"."""
    if isinstance(value, dict):
        return {key: _as_text(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


TYPES = (CustomResource,)
