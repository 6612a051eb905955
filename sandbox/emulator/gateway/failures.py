"""Errors that no service raised on purpose, answered as AWS would.

The traceback goes to the log; the caller sees AWS's code and sentence in the protocol that it spoke.
"""

from __future__ import annotations

import logging

from botocore.model import OperationNotFoundError
from localstack.aws.api import CommonServiceException, RequestContext, ServiceException
from localstack.aws.chain import ExceptionHandler, HandlerChain
from localstack.aws.handlers.service import ServiceExceptionSerializer
from localstack.aws.protocol.parser import OperationNotFoundParserError
from localstack.aws.protocol.serializer import create_serializer
from localstack.http import Response

LOG = logging.getLogger(__name__)
# How each protocol names its errors.
_INTERNAL = {"rest-xml": "InternalError", "ec2": "InternalError"}
_MALFORMED = {
    "json": ("SerializationException", "The request could not be read as JSON."),
    "rest-json": ("SerializationException", "The request could not be read as JSON."),
    "rest-xml": (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    "query": ("MalformedInput", "The request could not be read."),
    "ec2": ("MalformedInput", "The request could not be read."),
}


class FailureSerializer(ServiceExceptionSerializer):
    """Replaces upstream's serializer, which shows the caller Python's own words."""

    def create_exception_response(self, exception: Exception, context: RequestContext):
        """The response for `exception` in the request's protocol."""
        if not isinstance(exception, ServiceException):
            exception = _as_aws_error(exception, context)
            context.service_exception = exception
        # An error of a request that was never understood is serialized as any operation's would be.
        operation = context.operation or context.service.operation_model(
            context.service.operation_names[0]
        )
        serializer = create_serializer(context.service, context.protocol)
        return serializer.serialize_error_to_response(
            exception, operation, context.request.headers, context.request_id
        )


class LastResort(ExceptionHandler):
    """Answers a failure outside any service: plain JSON without Python's words."""

    def __call__(
        self,
        chain: HandlerChain,
        exception: Exception,
        context: RequestContext,
        response: Response,
    ) -> None:
        if response.data:
            return
        response.status_code = getattr(exception, "code", None) or 500
        if response.status_code >= 500:
            LOG.error("request failed outside a service", exc_info=exception)
        response.set_json(
            {
                "__type": "InternalFailure" if response.status_code >= 500 else "InvalidRequest",
                "message": getattr(exception, "description", None)
                or "The sandbox could not handle this request.",
            }
        )


def _as_aws_error(exception: Exception, context: RequestContext) -> CommonServiceException:
    service = context.service
    protocol = context.protocol or service.protocol
    if isinstance(exception, NotImplementedError):
        name = (
            f"{service.service_name}.{context.operation.name}"
            if context.operation
            else service.service_name
        )
        return _error("NotImplemented", f"The sandbox does not implement {name}.", 501)
    if context.operation is None:
        # The request was never understood: an unknown operation, or a body that cannot be read.
        # The JSON parser wraps botocore's own error.
        if isinstance(exception, OperationNotFoundParserError) or isinstance(
            exception.__cause__, OperationNotFoundError
        ):
            return _unknown_operation(protocol, context)
        LOG.debug("request not understood", exc_info=exception)
        code, message = _MALFORMED.get(protocol, _MALFORMED["query"])
        return _error(code, message, 400, True)
    LOG.error("%s.%s failed", service.service_name, context.operation.name, exc_info=exception)
    return _error(
        _INTERNAL.get(protocol, "InternalFailure"),
        "We encountered an internal error. Please try again.",
        500,
    )


def _unknown_operation(protocol: str, context: RequestContext) -> CommonServiceException:
    if protocol == "json":
        return _error("UnknownOperationException", "", 400, True)
    if protocol in ("query", "ec2"):
        request = context.request
        action = request.values.get("Action", "")
        version = request.values.get("Version", "")
        return _error(
            "InvalidAction",
            f"Could not find operation {action} for version {version}",
            400,
            True,
        )
    return _error(
        "MethodNotAllowed", "The specified method is not allowed against this resource.", 405, True
    )


def _error(
    code: str, message: str, status_code: int, sender_fault: bool = False
) -> CommonServiceException:
    # Services with both a query and a JSON protocol (SQS) name errors after the exception's class.
    kind = type(code, (CommonServiceException,), {})
    return kind(code, message, status_code, sender_fault)
