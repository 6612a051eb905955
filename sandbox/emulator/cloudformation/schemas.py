"""Properties that a type does not have, or cannot do without.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.cloudformation.models import Made


def check(provider: Any, made: Made) -> None:
    """Raise ValidationError, with CloudFormation's words, for properties that break the type's schema."""
    schema = getattr(provider, "SCHEMA", None) or {}
    problems = [
        f"#: required key [{name}] not found"
        for name in schema.get("required") or ()
        if name not in made.asked
    ]
    if problems:
        raise ValidationError(
            f"Properties validation failed for resource {made.name} with message:\n"
            + "\n".join(problems)
        )
