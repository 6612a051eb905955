"""Errors of the gateway that LocalStack's own set lacks."""

from __future__ import annotations

from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    AccessDeniedError,
    BaseGatewayException,
    UnauthorizedError,
)


class Coded(BaseGatewayException):
    """A gateway error with the value of x-amzn-ErrorType given."""

    def __init__(
        self, kind: str, code: str, message: str | None, status_code: int | None = None
    ) -> None:
        self.type = kind
        self.code = code
        super().__init__(message, status_code)
        self.message = message


def unauthorized(message: str = "Unauthorized") -> UnauthorizedError:
    """401 with `{"message":"Unauthorized"}`."""
    return UnauthorizedError(message)


def access_denied(message: str) -> AccessDeniedError:
    """403 with `{"Message": ...}`, the only body with a capital letter."""
    return AccessDeniedError(message)
