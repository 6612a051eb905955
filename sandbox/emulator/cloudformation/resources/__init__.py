"""Resource types that LocalStack's community edition lacks or makes only in part."""

from __future__ import annotations

from functools import cache

from sandbox.emulator.cloudformation.resources.declared import Resource


@cache
def registry() -> dict[str, type[Resource]]:
    """Type name -> class, for every type that is made here."""
    from sandbox.emulator.cloudformation.resources import (
        apigateway,
        apigatewayv2,
        cognito,
        custom,
        dynamodb,
        iam,
        lambda_,
        messaging,
        monitoring,
        nested,
        restapis,
        s3,
        settings,
    )

    modules = (
        apigateway,
        apigatewayv2,
        cognito,
        custom,
        dynamodb,
        iam,
        lambda_,
        messaging,
        monitoring,
        nested,
        restapis,
        s3,
        settings,
    )
    return {kind.TYPE: kind for module in modules for kind in module.TYPES}


def find(resource_type: str) -> Resource | None:
    """The provider of a type; `Custom::Anything` is a custom resource."""
    if resource_type.startswith("Custom::"):
        resource_type = "AWS::CloudFormation::CustomResource"
    kind = registry().get(resource_type)
    return kind() if kind else None
