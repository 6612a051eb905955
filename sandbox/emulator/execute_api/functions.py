"""Calling a Lambda function on behalf of an API.

The function's own resource policy decides (service principal `apigateway`, source ARN of the method);
with an integration's or authorizer's role it is the role's policies.
https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(retries={"max_attempts": 0}, read_timeout=35, parameter_validation=False)


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


_clients: dict[str, Any] = {}
_lock = threading.Lock()


def invoke(
    arn: str,
    payload: bytes,
    *,
    source_arn: str,
    credentials: str | None = None,
    asynchronous: bool = False,
    timeout: float = 29.0,
) -> Answer:
    """Invoke a function by its ARN; raises CannotInvoke, and TimedOut after `timeout` seconds.

    `credentials` is the ARN of a role that API Gateway assumes for the call.
    """
    region = arn.split(":")[3] if arn.count(":") >= 5 else "us-east-1"
    try:
        if credentials:
            client = _client_of_role(credentials, region)
        else:
            client = _own_client(region).request_metadata(
                service_principal="apigateway", source_arn=source_arn
            )
        found = client.invoke(
            FunctionName=arn,
            Payload=payload,
            InvocationType="Event" if asynchronous else "RequestResponse",
        )
    except ClientError as error:
        details = error.response.get("Error", {})
        raise CannotInvoke(details.get("Code", ""), details.get("Message", "")) from error
    body = found.get("Payload")
    return Answer(body.read() if body else b"", found.get("FunctionError"))


def _own_client(region: str) -> Any:
    client = _clients.get(region)
    if client is None:
        with _lock:
            client = _clients.get(region)
            if client is None:
                from localstack.aws.connect import connect_to

                client = connect_to(region_name=region, config=CONFIG).lambda_
                _clients[region] = client
    return client


def _client_of_role(role_arn: str, region: str) -> Any:
    from sandbox.emulator.execute_api import roles

    return roles.client("lambda", role_arn, region)
