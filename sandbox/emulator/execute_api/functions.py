"""Calling a Lambda function on behalf of an API.

The function's own resource policy decides (service principal `apigateway`, source ARN of the method);
with an integration's or authorizer's role it is the role's policies.
https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from sandbox.emulator.state import restore


class CannotInvoke(Exception):
    """The function was not called; `code` is Lambda's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def forbidden(self) -> bool:
        """Whether no permission allowed the call."""
        return self.code in ("AccessDeniedException", "AccessDenied")


class TimedOut(Exception):
    """The function did not answer in the integration's time."""


class Answer:
    """What a function returned: raw JSON, and whether it failed (`error` is `Unhandled` or `Handled`)."""

    __slots__ = ("error", "payload")

    def __init__(self, payload: bytes, error: str | None) -> None:
        self.payload = payload
        self.error = error


def invoke(
    arn: str,
    payload: bytes,
    *,
    source_arn: str,
    credentials: str | None = None,
    asynchronous: bool = False,
    timeout: float = 29.0,
    trace: str | None = None,
) -> Answer:
    """Invoke a function by its ARN; raises CannotInvoke, and TimedOut after `timeout` seconds.

    `credentials` is the ARN of a role that API Gateway assumes for the call; `trace` an X-Ray header that
    the function goes on with.
    """
    if credentials:
        return _with_role(arn, payload, credentials, asynchronous)
    if ":function:" not in arn:
        raise CannotInvoke("InvalidParameterValueException", f"Invalid function ARN: {arn}")
    if not asynchronous and _may_take(arn) > timeout:
        waiting = _pool().submit(_direct, arn, payload, source_arn, False, trace)
        try:
            return waiting.result(timeout)
        except TimeoutError:
            raise TimedOut from None
    return _direct(arn, payload, source_arn, asynchronous, trace)


def _direct(
    arn: str, payload: bytes, source_arn: str, asynchronous: bool, trace: str | None
) -> Answer:
    from localstack.aws.api import ServiceException

    from sandbox.emulator.lambda_ import direct

    try:
        found = direct.invoke(
            arn,
            payload,
            service="apigateway",
            source_arn=source_arn,
            asynchronous=asynchronous,
            trace=trace,
        )
    except ServiceException as error:
        raise CannotInvoke(error.code, str(error.message)) from error
    if found is None:
        return Answer(b"", None)
    return Answer(found.payload, "Unhandled" if found.is_error else None)


def _may_take(arn: str) -> float:
    """The function's own limit of time in seconds; 0 for one that does not exist."""
    restore.ensure("lambda")
    from localstack.services.lambda_.invocation.models import lambda_stores

    parts = arn.split(":")
    # Not by index, which makes stores that are not there and takes a lock.
    regions = dict.get(lambda_stores, parts[4])
    store = dict.get(regions, parts[3]) if regions is not None else None
    function = store.functions.get(parts[6]) if store is not None else None
    if function is None:
        return 0
    return max((version.config.timeout for version in function.versions.values()), default=0)


@cache
def _pool() -> ThreadPoolExecutor:
    # Only functions that may outlive the integration need a thread that can be left behind.
    return ThreadPoolExecutor(64, thread_name_prefix="sandbox-api-call")


def _with_role(arn: str, payload: bytes, credentials: str, asynchronous: bool) -> Answer:
    region = arn.split(":")[3] if arn.count(":") >= 5 else "us-east-1"
    try:
        found = _client_of_role(credentials, region).invoke(
            FunctionName=arn,
            Payload=payload,
            InvocationType="Event" if asynchronous else "RequestResponse",
        )
    except ClientError as error:
        details = error.response.get("Error", {})
        raise CannotInvoke(details.get("Code", ""), details.get("Message", "")) from error
    body = found.get("Payload")
    return Answer(body.read() if body else b"", found.get("FunctionError"))


def _client_of_role(role_arn: str, region: str) -> Any:
    from sandbox.emulator.execute_api import roles

    return roles.client("lambda", role_arn, region)
