"""The short way for what the engine does itself.

The engine speaks DynamoDB's own protocol, so a request needs to be understood only as far as access
control and validation go: it is parsed with `json.loads` instead of LocalStack's parser, and after the
decision whether the caller may, its bytes go to the engine and the engine's bytes to the client. The
handler chain's response handlers and finalizers still run.
"""

from __future__ import annotations

import json
from binascii import crc32
from typing import Any

from botocore.model import OperationModel
from localstack.aws import handlers
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.handlers.service import ServiceRequestParser
from localstack.http import Response

from sandbox.emulator.access import resources
from sandbox.emulator.dynamodb import expiry, schemas, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError

MEMBERS = {
    "ExpressionAttributeNames": dict,
    "IndexName": str,
    "Item": dict,
    "Key": dict,
    "RequestItems": dict,
    "ResourceArn": str,
    "StreamArn": str,
    "TableName": str,
    "TransactItems": list,
}
LARGEST_REQUEST = 16 * 1024 * 1024


class RequestParser(ServiceRequestParser):
    """LocalStack's request parser, with a quick way for the operations of DynamoDB."""

    def __init__(self) -> None:
        super().__init__()
        self._operations: dict[tuple[str, str], OperationModel] = {}

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        """Set `context.operation` and `context.service_request`."""
        operation = self._engine_operation(context)
        if operation is None:
            super().__call__(chain, context, response)
            return
        context.operation = operation
        context.protocol = "json"
        context.service_request = parse_body(context.request.get_data(cache=True))
        context.fast_path = True

    def _engine_operation(self, context: RequestContext) -> OperationModel | None:
        target = context.request.headers.get("X-Amz-Target")
        if target is None or context.service is None:
            return None
        service = context.service.service_name
        known = self._operations.get((service, target))
        if known is None and target.startswith(wire.TARGETS.get(service, "?")):
            name = target.removeprefix(wire.TARGETS[service])
            if name not in context.service.operation_names:
                raise CommonServiceException("UnknownOperationException", "")
            if name in wire.OPERATIONS[service]:
                known = context.service.operation_model(name)
                self._operations[service, target] = known
        return known


class EngineHandler:
    """Answers what the quick parser parsed; stands behind access control in the chain."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        """Fill `response` from the engine and stop the chain."""
        if not context.get("fast_path"):
            return
        expiry.start()
        answer = wire.call(
            context.account_id,
            context.region,
            context.operation.name,
            context.service_request,
            context.request.get_data(cache=True),
            service=context.service.service_name,
            internal=context.is_internal_call,
        )
        response.status_code = answer.status
        response.data = answer.body
        headers = response.headers
        headers["Content-Type"] = "application/x-amz-json-1.0"
        headers["x-amzn-RequestId"] = context.request_id
        headers["x-amz-crc32"] = str(crc32(answer.body))
        if answer.error is None:
            # Whatever is set keeps the later handlers from parsing the body once more.
            context.service_response = {"ResponseMetadata": {}}
        else:
            context.service_exception = _service_exception(answer.error)
        chain.stop()


def parse_body(body: bytes) -> dict[str, Any]:
    """The request as a JSON object; raises AWS's SerializationException."""
    if len(body) > LARGEST_REQUEST:
        raise CommonServiceException("RequestEntityTooLarge", "", status_code=413)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise CommonServiceException("SerializationException", "") from None
    if not isinstance(found, dict):
        raise CommonServiceException("SerializationException", "")
    _check_types(found)
    return found


def _check_types(request: dict[str, Any]) -> None:
    # What access control and validation look into; the engine checks the rest.
    for member, kind in MEMBERS.items():
        value = request.get(member)
        if value is not None and not isinstance(value, kind):
            raise CommonServiceException("SerializationException", "Unexpected field type")
    for action in request.get("TransactItems") or ():
        if not isinstance(action, dict):
            raise CommonServiceException("SerializationException", "Unexpected field type")
        for part in action.values():
            if not isinstance(part, dict):
                raise CommonServiceException("SerializationException", "Unexpected field type")
            _check_types(part)


def _service_exception(error: DynamoDBError) -> CommonServiceException:
    return CommonServiceException(
        error.code, error.message, status_code=error.status, sender_fault=error.status < 500
    )


def install() -> None:
    """Put the quick parser in the place of LocalStack's, before a gateway assembles its chain."""
    if not isinstance(handlers.parse_service_request, RequestParser):
        handlers.parse_service_request = RequestParser()
    # What access control asks about tables.
    resources.partition_key_of = schemas.partition_key_of
    resources.table_tags_of = schemas.tags_of
