"""The values of a stack's template: pseudo parameters, exports and references to its resources."""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.stores import get_cloudformation_store

from sandbox.emulator.cloudformation.functions import Evaluation, Lookup
from sandbox.emulator.cloudformation.models import Stack, Version
from sandbox.emulator.cloudformation.template import Template


def evaluation_of(
    stack: Stack,
    version: Version,
    lookup: Lookup,
    strict: bool = True,
    template: Template | None = None,
) -> Evaluation:
    """An evaluation of `version` (its processed template, or `template`) for a stack."""
    return Evaluation(
        template if template is not None else version.processed,
        version.values,
        pseudo_parameters(stack, version),
        lookup,
        lambda: exports(stack.account_id, stack.region_name),
        strict,
    )


def pseudo_parameters(stack: Stack, version: Version) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html"""
    return {
        "AWS::AccountId": stack.account_id,
        "AWS::NotificationARNs": version.notification_arns,
        "AWS::Partition": "aws",
        "AWS::Region": stack.region_name,
        "AWS::StackId": stack.stack_id,
        "AWS::StackName": stack.stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def exports(account: str, region: str) -> dict[str, str]:
    """All exports of an account in a region, by name."""
    found: dict[str, str] = {}
    for stack in list(get_cloudformation_store(account, region).stacks_v2.values()):
        if stack.active:
            found.update(stack.resolved_exports)
    return found


def importers(stack: Stack, name: str) -> list[str]:
    """Names of the stacks that import an export."""
    store = get_cloudformation_store(stack.account_id, stack.region_name)
    return [
        other.stack_name
        for other in list(store.stacks_v2.values())
        if other is not stack and other.active and name in other.imports
    ]


def no_resource(name: str, attribute: str | None) -> Any:
    """The lookup of an evaluation where no resource can be named (conditions, transforms)."""
    from localstack.services.cloudformation.engine.validations import ValidationError

    raise ValidationError(
        f"Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the "
        "Conditions block of the template"
    )
