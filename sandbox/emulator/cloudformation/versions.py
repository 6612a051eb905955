"""From a request to what a stack shall become: the template read, checked, transformed, with its parameters."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlparse

from botocore.exceptions import ClientError
from localstack.aws.api.cloudformation import InsufficientCapabilitiesException
from localstack.aws.connect import connect_to
from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.cloudformation import parameters, rights, transforms, validation
from sandbox.emulator.cloudformation import template as reading
from sandbox.emulator.cloudformation.evaluation import evaluation_of, no_resource
from sandbox.emulator.cloudformation.models import Stack, Version
from sandbox.emulator.cloudformation.template import Template

VIRTUAL_HOST = re.compile(r"^(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-]")


class TransformFailure(Exception):
    """A transform failed; the stack or the change set fails with it."""


def body_of(request: Any, key: str, region: str) -> str | None:
    """The template's text from `TemplateBody` or `TemplateURL`; None where neither is given."""
    body, url = request.get("TemplateBody"), request.get("TemplateURL")
    if body is not None and url:
        raise ValidationError("Specify exactly one of TemplateBody or TemplateURL, not both")
    if body is not None:
        reading.check_size(body, from_url=False)
        return str(body)
    if not url:
        return None
    text = fetch(url, key, region)
    reading.check_size(text, from_url=True)
    return text


def fetch(url: str, key: str, region: str) -> str:
    """The object that an S3 address names, by path or by host; `key` acts for who may read it."""
    parsed = urlparse(url)
    host, path = parsed.hostname or "", unquote(parsed.path.lstrip("/"))
    if parsed.scheme not in ("http", "https") or not host:
        raise ValidationError("TemplateURL must be a supported URL.")
    match = VIRTUAL_HOST.match(host)
    if match:
        bucket, name = match["bucket"], path
    elif host in ("localhost", "127.0.0.1") or host.startswith(("s3.", "s3-", "localhost.")):
        bucket, _, name = path.partition("/")
    else:
        raise ValidationError("TemplateURL must be a supported URL.")
    version = dict(one.partition("=")[::2] for one in parsed.query.split("&")).get("versionId")
    s3 = connect_to(aws_access_key_id=key, region_name=region).s3
    try:
        found = s3.get_object(
            Bucket=bucket, Key=name, **({"VersionId": version} if version else {})
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchBucket", "NoSuchKey", "404"):
            raise ValidationError(
                "S3 error: The specified "
                + ("bucket does not exist" if code == "NoSuchBucket" else "key does not exist.")
                + "\nFor more information check "
                "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
            ) from None
        raise ValidationError(f"S3 error: {error.response['Error'].get('Message')}") from None
    return str(found["Body"].read().decode())


def read(body: str) -> Template:
    """A template that is well-formed before its transforms; raises ValidationError."""
    template = reading.parse(body)
    reading.check_sections(template)
    parameters.check_declared(template.get("Parameters") or {})
    if not transforms.needs_expansion(template):
        reading.check_members(template)
        validation.check_types(template)
        reading.check_references(template)
    return template


def of_request(
    request: Any, stack: Stack, previous: Version | None = None, reviewed: bool = False
) -> Version:
    """The version that a CreateStack, UpdateStack or CreateChangeSet request describes.

    `reviewed` for change sets, whose macros need no acknowledgement. Raises ValidationError, or
    TransformFailure when only the transform failed.
    """
    if request.get("UsePreviousTemplate"):
        if previous is None or not previous.body:
            raise ValidationError("No previous template exists for this stack.")
        body = previous.body
    else:
        given = body_of(request, rights.key_of(stack), stack.region_name)
        if given is None:
            raise ValidationError("Either Template URL or Template Body must be specified.")
        body = given
    template = read(body)
    capabilities = list(request.get("Capabilities") or ())
    if (
        not reviewed
        and "CAPABILITY_AUTO_EXPAND" not in capabilities
        and transforms.needs_expansion(template)
    ):
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
    values = parameters.resolve(
        template.get("Parameters") or {},
        list(request.get("Parameters") or ()),
        previous.values if previous else {},
        rights.key_of(stack),
        stack.region_name,
    )
    tags = request.get("Tags")
    arns = request.get("NotificationARNs")
    version = Version(
        body=body,
        template=template,
        values=values,
        tags=[
            dict(tag) for tag in (tags if tags is not None else previous.tags if previous else ())
        ],
        capabilities=capabilities,
        role_arn=request.get("RoleARN") or (previous.role_arn if previous else None),
        notification_arns=list(
            arns if arns is not None else previous.notification_arns if previous else ()
        ),
    )
    version.processed = _processed(version, stack)
    for name in version.processed.get("Conditions") or {}:
        evaluation_of(stack, version, no_resource, strict=False).condition(name)
    validation.check_capabilities(version.processed, capabilities)
    return version


def _processed(version: Version, stack: Stack) -> Template:
    template = version.template
    if not transforms.needs_expansion(template):
        return template
    evaluation = evaluation_of(stack, version, no_resource, strict=False, template=template)
    try:
        found = transforms.apply(
            template, version.values, evaluation, stack.account_id, stack.region_name
        )
    except ValidationError as error:
        raise TransformFailure(error.message) from None
    reading.check_sections(found)
    reading.check_members(found)
    validation.check_types(found)
    reading.check_references(found)
    return found


def declared_parameters(template: Template) -> list[dict[str, Any]]:
    """Parameters as GetTemplateSummary and ValidateTemplate list them."""
    found = []
    for name, declared in (template.get("Parameters") or {}).items():
        one: dict[str, Any] = {
            "ParameterKey": name,
            "ParameterType": str(declared["Type"]),
            "NoEcho": str(declared.get("NoEcho", False)).lower() == "true",
        }
        if "Default" in declared:
            default = declared["Default"]
            one["DefaultValue"] = (
                str(default).lower() if isinstance(default, bool) else str(default)
            )
        if "Description" in declared:
            one["Description"] = str(declared["Description"])
        constraints = {}
        if "AllowedValues" in declared:
            constraints["AllowedValues"] = [str(value) for value in declared["AllowedValues"]]
        if constraints:
            one["ParameterConstraints"] = constraints
        found.append(one)
    return found


def as_json(template: Template) -> str:
    """A processed template's text."""
    return json.dumps(template, default=str)
