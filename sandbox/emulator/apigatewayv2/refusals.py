"""Errors of the control plane, in AWS's words."""

from __future__ import annotations

from localstack.aws.api import CommonServiceException

from sandbox.emulator.access.refusals import named


def not_found(kind: str, identifier: str = "") -> CommonServiceException:
    """`Invalid Route identifier specified`; `kind` as AWS calls it."""
    tail = f" {identifier}" if identifier else ""
    return named("NotFoundException", f"Invalid {kind} identifier specified{tail}", 404)


def bad_request(message: str) -> CommonServiceException:
    """400."""
    return named("BadRequestException", message, 400)


def conflict(message: str) -> CommonServiceException:
    """409."""
    return named("ConflictException", message, 409)
