"""Transforms: language extensions here, serverless by AWS's own translator, includes and macros.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-section-structure.html
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.cloudformation.engine import transformers
from localstack.services.cloudformation.engine.transformers import FailedTransformationException
from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.cloudformation import template as reading
from sandbox.emulator.cloudformation.functions import Evaluation
from sandbox.emulator.cloudformation.parameters import Value
from sandbox.emulator.cloudformation.template import Template

SERVERLESS = "AWS::Serverless-2016-10-31"
EXTENSIONS = "AWS::LanguageExtensions"
INCLUDE = "AWS::Include"
FOR_EACH = "Fn::ForEach::"


def named(template: Template) -> list[dict[str, Any]]:
    """The transforms of a template's head, each with `Name` and perhaps `Parameters`."""
    given = template.get("Transform") or []
    return [
        one if isinstance(one, dict) else {"Name": one}
        for one in (given if isinstance(given, list) else [given])
    ]


def needs_expansion(template: Template) -> bool:
    """Whether the template needs CAPABILITY_AUTO_EXPAND."""
    return bool(named(template)) or "Fn::Transform" in json.dumps(template, default=str)


def apply(
    template: Template,
    values: dict[str, Value],
    evaluation: Evaluation,
    account: str,
    region: str,
) -> Template:
    """The processed template; raises ValidationError for a transform that fails."""
    found = _inline(copy.deepcopy(template), values, evaluation, account, region)
    for transform in named(template):
        name = str(transform.get("Name"))
        if name == EXTENSIONS:
            found = _loops(found, {}, evaluation)
        elif name == SERVERLESS:
            found = _serverless(found, values, account, region)
        elif name == INCLUDE:
            part = _included(evaluation.of(transform.get("Parameters") or {}), account, region)
            for section, members in part.items():
                if isinstance(members, dict):
                    found[section] = {**(found.get(section) or {}), **members}
                else:
                    found.setdefault(section, members)
        elif name.startswith("AWS::"):
            raise ValidationError(f"No transform named {name} found.")
        else:
            found = _macro(transform, found, values, evaluation, account, region)
    found.pop("Transform", None)
    return found


def _serverless(found: Template, values: dict[str, Value], account: str, region: str) -> Template:
    plain = {
        key: {
            "ParameterValue": value.resolved
            if isinstance(value.resolved, str)
            else ",".join(value.resolved)
        }
        for key, value in values.items()
    }
    try:
        return transformers.apply_serverless_transformation(account, region, found, plain)  # type: ignore[return-value]
    except FailedTransformationException as error:
        raise ValidationError(f"Transform {SERVERLESS} failed with: {error.message}") from None


def _inline(
    value: Any, values: dict[str, Value], evaluation: Evaluation, account: str, region: str
) -> Any:
    """`Fn::Transform` inside a template, innermost first."""
    if isinstance(value, list):
        return [_inline(one, values, evaluation, account, region) for one in value]
    if not isinstance(value, dict):
        return value
    found = {
        key: _inline(one, values, evaluation, account, region)
        for key, one in value.items()
        if key != "Fn::Transform"
    }
    if "Fn::Transform" not in value:
        return found
    transforms = value["Fn::Transform"]
    for transform in transforms if isinstance(transforms, list) else [transforms]:
        transform = transform if isinstance(transform, dict) else {"Name": transform}
        if transform.get("Name") == INCLUDE:
            part = _included(evaluation.of(transform.get("Parameters") or {}), account, region)
            found = {**found, **part}
        else:
            found = _macro(transform, found, values, evaluation, account, region, inline=True)
    return found


def _macro(
    transform: dict[str, Any],
    fragment: Any,
    values: dict[str, Value],
    evaluation: Evaluation,
    account: str,
    region: str,
    inline: bool = False,
) -> Any:
    stack_parameters = {
        key: {"ParameterValue": value.resolved, "ParameterType": "String"}
        for key, value in values.items()
    }
    try:
        return transformers.execute_macro(
            account,
            region,
            fragment,
            transform,
            stack_parameters,
            evaluation.of(transform.get("Parameters") or {}),
            inline,
        )
    except FailedTransformationException as error:
        if "is not supported" in error.message:
            raise ValidationError(
                f"No transform named {account}::{transform['Name']} found."
            ) from None
        raise ValidationError(error.message.replace(". Rollback requested by user.", "")) from None


def _included(parameters: dict[str, Any], account: str, region: str) -> Any:
    location = str(parameters.get("Location") or "")
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not location.startswith("s3://") or not key:
        raise ValidationError(
            "Transform AWS::Include failed with: The value of parameter Location under transform "
            "Include must resolve to a string, number, boolean or a list of any of these."
        )
    s3 = connect_to(aws_access_key_id=account, region_name=region).s3
    try:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except Exception:
        raise ValidationError(
            f"Transform AWS::Include failed with: S3 bucket [{bucket}] or key [{key}] does not exist."
        ) from None
    return reading.parse(text)


def _loops(value: Any, variables: dict[str, str], evaluation: Evaluation) -> Any:
    """`Fn::ForEach`: each member once per value, `${Identifier}` and `&{Identifier}` replaced."""
    if isinstance(value, str):
        return _replaced(value, variables)
    if isinstance(value, list):
        return [_loops(one, variables, evaluation) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("Ref"), str) and value["Ref"] in variables:
        return variables[value["Ref"]]
    found: dict[str, Any] = {}
    for key, one in value.items():
        if not key.startswith(FOR_EACH):
            found[_replaced(key, variables)] = _loops(one, variables, evaluation)
            continue
        if not isinstance(one, list) or len(one) != 3:
            raise ValidationError(f"Transform {EXTENSIONS} failed with: {key} layout is incorrect")
        identifier, collection, body = one
        items = evaluation.of(_loops(collection, variables, evaluation))
        for item in items if isinstance(items, list) else [items]:
            inner = {**variables, str(identifier): str(item)}
            found.update(_loops(body, inner, evaluation))
    return found


def _replaced(text: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace("${" + name + "}", value)
        text = text.replace("&{" + name + "}", re.sub(r"[^A-Za-z0-9]", "", value))
    return text
