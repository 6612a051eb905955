"""DynamoDB: LocalStack's v2 provider with the engine of `engine` behind it."""

from __future__ import annotations

import json
from typing import Any

from localstack.aws.api import (
    CommonServiceException,
    RequestContext,
    ServiceRequest,
    ServiceResponse,
)
from localstack.aws.client import parse_response
from localstack.http import Response
from localstack.services.dynamodb.models import dynamodb_stores
from localstack.services.dynamodb.v2.provider import DynamoDBProvider
from localstack.services.plugins import ServiceLifecycleHook
from localstack.state import StateVisitor

from sandbox.emulator.dynamodb import engine, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError


def forward(
    context: RequestContext, request: dict[str, Any] | None = None, *, service: str = "dynamodb"
) -> ServiceResponse:
    """Send the context's request (or another one) to the engine and return what it answered.

    Raises the AWS error that the engine answered.
    """
    body = None
    if request is None:
        body = context.request.get_data(cache=True)
        request = json.loads(body)
    answer = wire.call(
        context.account_id, context.region, context.operation.name, request, body, service=service
    )
    if answer.error is not None:
        raise service_exception(answer.error)
    reply = Response(answer.body, status=answer.status, mimetype="application/x-amz-json-1.0")
    return parse_response(context.operation, "json", reply, include_response_metadata=False)


def service_exception(error: DynamoDBError) -> CommonServiceException:
    """The exception that LocalStack's serializer turns into this error."""
    return CommonServiceException(
        error.code, error.message, status_code=error.status, sender_fault=error.status < 500
    )


class SandboxDynamoDBProvider(DynamoDBProvider):
    """What the engine does not do itself.

    Operations on tables, items, tags and TTL settings are answered before they get here (`fast_path`).
    """

    def __init__(self) -> None:
        # Upstream's __init__ prepares DynamoDB Local.
        pass

    def on_after_init(self) -> None:
        """Nothing of upstream's: no ARNs to repair (`wire` does), no shell of DynamoDB Local."""

    def on_before_start(self) -> None:
        """Nothing of upstream's: engines start when they are asked."""

    def on_before_stop(self) -> None:
        """End the engines."""
        engine.stop_all()

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """The store alone: the engine keeps its tables itself."""
        visitor.visit(dynamodb_stores)

    on_before_state_reset = ServiceLifecycleHook.on_before_state_reset
    on_before_state_load = ServiceLifecycleHook.on_before_state_load
    on_after_state_reset = ServiceLifecycleHook.on_after_state_reset
    on_after_state_load = ServiceLifecycleHook.on_after_state_load

    def forward_request(
        self, context: RequestContext, service_request: ServiceRequest | None = None
    ) -> ServiceResponse:
        """What every operation of upstream's provider ends in."""
        return forward(context, service_request)
