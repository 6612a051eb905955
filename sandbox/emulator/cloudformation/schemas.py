"""Properties that a type does not have, or cannot do without.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.cloudformation.models import Made

# Properties that AWS added since LocalStack copied the schema of a type.
NEWER: dict[str, tuple[str, ...]] = {
    "AWS::EC2::Instance": ("MetadataOptions",),
    "AWS::ECR::Repository": ("EmptyOnDelete",),
    "AWS::Events::EventBus": ("DeadLetterConfig", "Description", "KmsKeyIdentifier", "LogConfig"),
    "AWS::KMS::Key": ("BypassPolicyLockoutSafetyCheck", "Origin", "RotationPeriodInDays"),
    "AWS::Kinesis::Stream": ("DesiredShardLevelMetrics",),
    "AWS::StepFunctions::StateMachine": ("EncryptionConfiguration",),
}


def check(provider: Any, made: Made) -> None:
    """Raise ValidationError, with CloudFormation's words, for properties that break the type's schema."""
    schema = getattr(provider, "SCHEMA", None) or {}
    problems = [
        f"#: required key [{name}] not found"
        for name in schema.get("required") or ()
        if name not in made.asked
    ]
    known = schema.get("properties")
    if known and schema.get("additionalProperties") is False:
        newer = NEWER.get(made.type, ())
        problems += [
            f"#: extraneous key [{name}] is not permitted"
            for name in made.asked
            if name not in known and name not in newer
        ]
    if problems:
        raise ValidationError(
            f"Properties validation failed for resource {made.name} with message:\n"
            + "\n".join(problems)
        )
