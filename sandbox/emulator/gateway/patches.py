"""Places inside LocalStack's own request handling that are put right. Each names what it replaces."""

from __future__ import annotations

from typing import Any

from localstack.aws import skeleton
from localstack.aws.handlers import service as service_handlers
from localstack.aws.protocol.serializer import RestJSONResponseSerializer


def install() -> None:
    """Put them in; safe to call twice."""
    # `coverage_docs.get_coverage_link_for_service`, as the two modules that use it know it: a plan and a
    # website are no help to a student.
    skeleton.get_coverage_link_for_service = _not_there  # type: ignore[attr-defined]
    service_handlers.get_coverage_link_for_service = _not_there  # type: ignore[attr-defined]
    # `RestJSONResponseSerializer._serialize_content_type` takes the response class's default for a type
    # that was set, so Lambda's and API Gateway's JSON went out as text/plain.
    if RestJSONResponseSerializer._serialize_content_type is not _content_type:
        RestJSONResponseSerializer._serialize_content_type = _content_type  # type: ignore[method-assign]


def _not_there(service_name: str, action_name: str) -> str:
    return f"The sandbox does not have the operation {action_name} of the service {service_name}."


def _content_type(
    self: RestJSONResponseSerializer,
    serialized: Any,
    shape: Any,
    shape_members: dict[str, Any],
    mime_type: str,
) -> None:
    payload = shape.serialization.get("payload") if shape is not None else None
    if self._has_streaming_payload(payload, shape_members) or serialized.data == b"":
        return
    if serialized.headers.get("Content-Type", "text/plain").startswith("text/plain"):
        serialized.headers["Content-Type"] = mime_type
