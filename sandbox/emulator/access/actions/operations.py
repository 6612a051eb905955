"""The actions and resources of any operation.

Most operations are called like their action, and the reference gives the action's resources as ARN
templates, which the request's parameters fill. The services where that is not so have a module here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sandbox.emulator.access.actions import catalog, dynamodb, s3
from sandbox.emulator.access.actions.requirement import Requirement

# LocalStack's service name -> IAM prefix, where they differ.
PREFIXES = {
    "apigatewayv2": "apigateway",
    "cloudwatch": "cloudwatch",
    "cognito-idp": "cognito-idp",
    "ses": "ses",
    "sesv2": "ses",
    "stepfunctions": "states",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "resource-groups": "resource-groups",
    "efs": "elasticfilesystem",
    "emr": "elasticmapreduce",
    "dynamodbstreams": "dynamodb",
    "s3control": "s3",
    "application-autoscaling": "application-autoscaling",
    "lambda": "lambda",
    "opsworks": "opsworks",
    "swf": "swf",
}
# Operation -> action, for operations whose action has another name.
RENAMED = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "lambda:GetFunctionCodeSigningConfig": "lambda:GetFunctionCodeSigningConfig",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
    "kms:ReEncrypt": "kms:ReEncryptFrom",
    "s3:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}
# Operations that need no permission (but a valid signature, unless the service's model says otherwise).
FREE = {
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
    "sts:GetAccessKeyInfo",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
}
# Parameters that hand a role to a service: the caller needs iam:PassRole on it.
ROLE_PARAMETERS = (
    "Role",
    "RoleArn",
    "roleArn",
    "role",
    "ExecutionRoleArn",
    "executionRoleArn",
    "taskRoleArn",
    "ServiceRole",
    "serviceRole",
    "JobFlowRole",
    "credentials",
    "RoleARN",
)
PASSED_TO = {
    "lambda": "lambda.amazonaws.com",
    "stepfunctions": "states.amazonaws.com",
    "events": "events.amazonaws.com",
    "firehose": "firehose.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "codepipeline": "codepipeline.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "ec2": "ec2.amazonaws.com",
    "emr": "elasticmapreduce.amazonaws.com",
    "cloudformation": "cloudformation.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "pipes": "pipes.amazonaws.com",
    "apigateway": "apigateway.amazonaws.com",
}
CREATES = re.compile(r"(Create|Put|Update|Start|Run|Register|Set)")
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
# A shard iterator contains the ARN of its stream.
_STREAM = re.compile(r"arn:aws:dynamodb:[^|]+")
_QUEUE_URL = re.compile(r"/(\d{12})/[^/]+/?$")
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/.+")


def prefix_of(service: str) -> str:
    """The IAM prefix of a LocalStack service name."""
    return PREFIXES.get(service, service)


def requirements(
    service: str, operation: str, request: Mapping[str, Any], region: str, account: str
) -> list[Requirement]:
    """Every action that the operation needs; empty when it needs none."""
    if service == "s3":
        return s3.requirements(operation, request)
    if service == "dynamodb":
        return dynamodb.requirements(operation, request, region, account)
    if service == "iam":
        from sandbox.emulator.access.actions import iam

        return iam.requirements(operation, request, account)
    if service in ("apigateway", "apigatewayv2"):
        from sandbox.emulator.access.actions import apigateway

        return apigateway.requirements(service, operation, request, region)
    name = f"{prefix_of(service)}:{operation}"
    if name in FREE:
        return []
    action = RENAMED.get(name, name)
    found = [_generic(action, request, region, account)]
    found += _passed_roles(service, operation, request)
    return found


def _passed_roles(service: str, operation: str, request: Mapping[str, Any]) -> list[Requirement]:
    if service == "sts" or not CREATES.match(operation):
        return []
    found = []
    for parameter in ROLE_PARAMETERS:
        value = request.get(parameter)
        match = _ROLE_ARN.fullmatch(value) if isinstance(value, str) else None
        if match and isinstance(value, str):
            passed_to = PASSED_TO.get(service, f"{service}.amazonaws.com")
            found.append(
                Requirement(
                    "iam:PassRole", value, match[1], context={"iam:passedtoservice": passed_to}
                )
            )
    return found


def _generic(action: str, request: Mapping[str, Any], region: str, account: str) -> Requirement:
    prefix, _, name = action.partition(":")
    known = catalog.service(prefix)
    entry = known.actions.get(name.lower()) if known else None
    if known is None or entry is None:
        return Requirement(action)
    texts = _texts(request)
    stream = _STREAM.search(texts.get("sharditerator", "")) if prefix == "dynamodb" else None
    if stream:
        return Requirement(action, stream[0])
    # A queue's URL names its account, which may be another than the caller's.
    queue = _QUEUE_URL.search(texts.get("queueurl", "")) if prefix == "sqs" else None
    if queue:
        account = queue[1]
    for required in (True, False):
        for kind, needed in entry.resources:
            template = known.arns.get(kind)
            if needed is required and template:
                arn = _fill(template, texts, region, account)
                if arn:
                    parts = arn.split(":")
                    owner = parts[4] if len(parts) > 4 and parts[4].isdigit() else None
                    return Requirement(f"{prefix}:{entry.name}", arn, owner)
    return Requirement(f"{prefix}:{entry.name}")


def _texts(request: Mapping[str, Any]) -> dict[str, str]:
    """The request's parameters that are texts, by name in lower case."""
    return {name.lower(): value for name, value in request.items() if isinstance(value, str)}


@lru_cache(maxsize=2048)
def _template(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    names = tuple(_PLACEHOLDER.findall(template))
    parts = _PLACEHOLDER.split(template)
    pattern = "".join(
        re.escape(part)
        if position % 2 == 0
        else (r"[^:]*" if part in ("Partition", "Region", "Account") else r".+")
        for position, part in enumerate(parts)
    )
    return re.compile(pattern), names


def _fill(template: str, texts: Mapping[str, str], region: str, account: str) -> str | None:
    """The template's ARN for a request: a parameter that is such an ARN, or names that fill it."""
    pattern, names = _template(template)
    for value in texts.values():
        if value.startswith("arn:") and pattern.fullmatch(value):
            return value
    values = {"Partition": "aws", "Region": region, "Account": account}
    # `Name` names what the operation is about: the rule of PutRule, the secret of CreateSecret. It fills
    # one place, and only where the template has no other.
    places = [name for name in names if name not in values]
    own_name = places[0] if len(places) == 1 and _is_name(places[0], texts) else None
    for name in names:
        if name in values:
            continue
        found = _value_of(name, texts)
        if found is None and name == own_name:
            found = texts["name"]
        if found is None:
            return None
        values[name] = found
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _value_of(placeholder: str, texts: Mapping[str, str]) -> str | None:
    lower = placeholder.lower()
    stem = lower.removesuffix("withpath")
    for candidate in (lower, stem, stem.removesuffix("name"), f"{stem}name", f"{stem}id"):
        if candidate and candidate in texts and not texts[candidate].startswith("arn:"):
            return texts[candidate]
    if stem == "queuename" and "queueurl" in texts:
        return texts["queueurl"].rstrip("/").rsplit("/", 1)[-1]
    if stem == "parameternamewithoutleadingslash" and "name" in texts:
        return texts["name"].lstrip("/")
    return None


def _is_name(placeholder: str, texts: Mapping[str, str]) -> bool:
    return placeholder.lower().endswith(("name", "id")) and not texts.get(
        "name", "arn:"
    ).startswith("arn:")
