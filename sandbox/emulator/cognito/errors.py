"""Cognito's errors, in its words.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from localstack.aws.api import CommonServiceException

from sandbox.emulator.access.refusals import named

LIMIT = "Attempt limit exceeded, please try after some time."
WRONG_LOGIN = "Incorrect username or password."


def error(code: str, message: str, status: int = 400) -> CommonServiceException:
    """The exception of that code; all of Cognito's client errors have status 400."""
    return named(code, message, status)


def invalid(message: str) -> CommonServiceException:
    """InvalidParameterException."""
    return error("InvalidParameterException", message)


def not_authorized(message: str = WRONG_LOGIN) -> CommonServiceException:
    """NotAuthorizedException."""
    return error("NotAuthorizedException", message)


def not_found(message: str) -> CommonServiceException:
    """ResourceNotFoundException."""
    return error("ResourceNotFoundException", message)


def no_user(message: str = "User does not exist.") -> CommonServiceException:
    """UserNotFoundException."""
    return error("UserNotFoundException", message)


def limit_exceeded(message: str = LIMIT) -> CommonServiceException:
    """LimitExceededException."""
    return error("LimitExceededException", message)


def not_supported(feature: str) -> CommonServiceException:
    """What Cognito has and the sandbox has not: refused in plain words."""
    return error("NotImplemented", f"The sandbox does not implement {feature}.", 501)
