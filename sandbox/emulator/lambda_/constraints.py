"""The limits of a function's settings, in the words of AWS's own request validation.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
SDKs check the lower ones themselves; CloudFormation and the upper ones rely on the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localstack.aws.api import CommonServiceException

VARIABLE_NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
ACTION = re.compile(r"(lambda:[*]|lambda:[a-zA-Z]+|[*])")
# Lambda's own, which get a message of their own.
RESERVED = ("_HANDLER", "_X_AMZN_TRACE_ID")
INVOCATION_TYPES = ("Event", "RequestResponse", "DryRun")
LOG_TYPES = ("None", "Tail")
TRACING_MODES = ("Active", "PassThrough")
# Member of the request -> its name in messages, least and most.
NUMBERS = {
    "MemorySize": ("memorySize", 128, 10_240),
    "Timeout": ("timeout", 1, 900),
}
STORAGE = ("ephemeralStorage.size", 512, 10_240)


class ValidationException(CommonServiceException):
    """The refusal of a request whose members break constraints."""

    def __init__(self, faults: list[str]) -> None:
        many = "s" if len(faults) > 1 else ""
        text = f"{len(faults)} validation error{many} detected: {'; '.join(faults)}"
        super().__init__("ValidationException", text, 400, True)


def check_function(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for settings that no function can have."""
    if faults := list(_faults(request)):
        raise ValidationException(faults)


def check_invocation(invocation_type: str | None, log_type: str | None) -> None:
    """Raise ValidationException for an unknown kind of invocation."""
    faults = []
    if invocation_type and invocation_type not in INVOCATION_TYPES:
        faults.append(_enumerated(invocation_type, "invocationType", INVOCATION_TYPES))
    if log_type and log_type not in LOG_TYPES:
        faults.append(_enumerated(log_type, "logType", LOG_TYPES))
    if faults:
        raise ValidationException(faults)


def check_action(action: str) -> None:
    """Raise ValidationException for what no statement of a function's policy may allow."""
    if not ACTION.fullmatch(action):
        raise ValidationException(
            [
                f"Value '{action}' at 'action' failed to satisfy constraint: Member must satisfy "
                f"regular expression pattern: {ACTION.pattern}"
            ]
        )


def _faults(request: Mapping[str, Any]) -> Iterator[str]:
    for member, (name, least, most) in NUMBERS.items():
        yield from outside(request.get(member), name, least, most)
    yield from outside((request.get("EphemeralStorage") or {}).get("Size"), *STORAGE)
    mode = (request.get("TracingConfig") or {}).get("Mode")
    if mode and mode not in TRACING_MODES:
        yield _enumerated(mode, "tracingConfig.mode", TRACING_MODES)
    variables = (request.get("Environment") or {}).get("Variables") or {}
    if not all(VARIABLE_NAME.fullmatch(name) for name in variables if name not in RESERVED):
        yield (
            "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
        )
    description = request.get("Description") or ""
    if len(description) > 256:
        yield (
            f"Value '{description}' at 'description' failed to satisfy constraint: Member must have "
            "length less than or equal to 256"
        )


def outside(value: Any, name: str, least: int, most: int) -> Iterator[str]:
    """The complaint about a number that is too large or too small, if it is; None is neither."""
    if value is None:
        return
    if value > most:
        yield (
            f"Value '{value}' at '{name}' failed to satisfy constraint: Member must have value less "
            f"than or equal to {most}"
        )
    elif value < least:
        yield (
            f"Value '{value}' at '{name}' failed to satisfy constraint: Member must have value "
            f"greater than or equal to {least}"
        )


def _enumerated(value: str, name: str, allowed: tuple[str, ...]) -> str:
    return (
        f"Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value "
        f"set: [{', '.join(allowed)}]"
    )
