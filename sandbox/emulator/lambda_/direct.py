"""The lean way to a function, for other parts of the emulator: no client, no gateway, no serialization.

    outcome = direct.invoke(arn, payload, service="apigateway", source_arn=...)

does what an in-memory client's Invoke with `request_metadata(service_principal=..., source_arn=...)` does:
the function's policy decides, the same errors are raised, the same logs are written.
"""

from __future__ import annotations

import uuid
from typing import Any

from localstack.aws.api.lambda_ import TooManyRequestsException

from sandbox.emulator.lambda_.environment import Outcome
from sandbox.emulator.state import restore

__all__ = ["Outcome", "TooManyRequestsException", "invoke"]


def invoke(
    arn: str,
    payload: bytes,
    *,
    service: str,
    source_arn: str | None = None,
    source_account: str | None = None,
    asynchronous: bool = False,
    trace: str | None = None,
    request_id: str | None = None,
) -> Outcome | None:
    """Invoke the function of a full ARN (qualified or not) for a service principal.

    Returns what came of it, or None for an asynchronous event. Raises AWS's exceptions
    (`CommonServiceException` and subclasses): AccessDeniedException, ResourceNotFoundException,
    TooManyRequestsException, RequestTooLargeException.
    """
    from sandbox.emulator.lambda_ import permissions

    permissions.check_service(arn, service, source_arn, source_account)
    provider = _provider()
    parts = arn.split(":")
    return provider.invocation(
        name=parts[6],
        qualifier=parts[7] if len(parts) > 7 else None,
        account=parts[4],
        region=parts[3],
        payload=payload,
        asynchronous=asynchronous,
        trace=trace,
        request_id=request_id or str(uuid.uuid4()),
    )


def _provider() -> Any:
    restore.ensure("lambda")
    from localstack.services.plugins import SERVICE_PLUGINS

    return SERVICE_PLUGINS.get_service("lambda")._provider
