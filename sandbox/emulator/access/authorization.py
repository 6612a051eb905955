"""May the caller? The gateway handler between parsing a request and its service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator.access import messages, principal, refusals
from sandbox.emulator.access.actions import operations
from sandbox.emulator.access.actions.requirement import OWN
from sandbox.emulator.access.decisions import decide
from sandbox.emulator.access.policy.evaluation import Decision
from sandbox.emulator.access.principal import Kind

# Reads of an object that does not exist are answered 403 to those who may not list the bucket.
READS = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectTagging"}


class AuthorizationHandler(Handler):
    """Refuses what no policy allows."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.service and context.operation:
            authorize(context)


def authorize(context: RequestContext) -> None:
    """Raise the service's AccessDenied when the caller may not do what the request asks.

    Needs `service`, `operation`, `service_request` and the principal on the context. Leaves the decision
    that mattered in `context.sandbox_decision` and the refused parts of an S3 batch in
    `context.sandbox_denied_items`.
    """
    caller = principal.of(context)
    service, operation = context.service.service_name, context.operation.name
    if caller.trusted:
        if service == "s3":
            _check_rules(context, operation, caller)
        return
    if service != "s3" and _open_to_all(context):
        return  # a signature changes nothing: no policy is asked
    if caller.anonymous and service != "s3":
        raise refusals.of_service(
            service, context.protocol, "MissingAuthenticationToken", refusals.MISSING_TOKEN
        )
    request: Mapping[str, Any] = context.service_request or {}
    if service == "sts" and operation == "AssumeRole":
        return  # the provider decides with the role's trust policy
    needs = operations.requirements(service, operation, request, context.region, context.account_id)
    if service == "s3" and not _bucket_exists(operation, request):
        return  # 404 comes before 403
    denied_items: list[tuple[Any, CommonServiceException]] = []
    for requirement in needs:
        if requirement.resource == OWN:
            requirement = replace(requirement, resource=caller.arn)
        decision = decide(caller, requirement, context)
        if decision.allowed:
            _remember(context, decision)
            continue
        refusal = messages.denied(caller, decision, service, context.protocol)
        context.sandbox_decision = decision
        if requirement.item is None:
            raise refusal
        denied_items.append((requirement.item, refusal))
    if denied_items:
        _drop_denied(context, denied_items)
    if service == "s3" and needs and needs[0].action in READS and operation != "CopyObject":
        _hide_missing_object(context, caller, request)
    if service == "s3":
        _check_rules(context, operation, caller)


def _check_rules(context: RequestContext, operation: str, caller: principal.Principal) -> None:
    from sandbox.emulator.access import s3_rules

    if s3_rules.applies_to(operation):
        body = b"" if operation in s3_rules.NEW_OBJECT else context.request.data
        try:
            s3_rules.check(operation, context.service_request or {}, caller, body)
        except s3_rules.Blocked as refusal:
            context.sandbox_decision = refusal.decision
            raise


def _remember(context: RequestContext, decision: Decision) -> None:
    if getattr(context, "sandbox_decision", None) is None:
        context.sandbox_decision = decision


def _open_to_all(context: RequestContext) -> bool:
    """Whether the operation's model says that it needs no signature (AssumeRoleWithWebIdentity...)."""
    operation = context.operation
    assert operation
    return operation.auth_type == "none" or "smithy.api#noAuth" in (operation.auth or ())


def _bucket_exists(operation: str, request: Mapping[str, Any]) -> bool:
    name = request.get("Bucket")
    if operation in ("CreateBucket", "ListBuckets") or not name:
        return True
    from sandbox.emulator.access import buckets

    return buckets.find(name) is not None


def _hide_missing_object(
    context: RequestContext, caller: principal.Principal, request: Mapping[str, Any]
) -> None:
    from sandbox.emulator.access import buckets, s3

    bucket = buckets.find(request.get("Bucket", ""))
    key = request.get("Key")
    if bucket is None or key is None:
        return
    if caller.kind is Kind.ROOT and bucket.bucket_account_id == caller.account:
        return
    if buckets.stored_object(bucket, key, request.get("VersionId")) is not None:
        return
    found = s3.missing_key_visible(caller, f"arn:aws:s3:::{bucket.name}", context)
    if not found.allowed:
        context.sandbox_decision = found
        raise messages.denied(caller, found, "s3", context.protocol)


def _drop_denied(context: RequestContext, denied: list[tuple[Any, CommonServiceException]]) -> None:
    """Take the refused keys out of DeleteObjects; the provider adds them to the answer as errors."""
    refused = [id(item) for item, _refusal in denied]
    delete = dict(context.service_request["Delete"])  # type: ignore[index]
    delete["Objects"] = [item for item in delete["Objects"] if id(item) not in refused]
    context.service_request["Delete"] = delete  # type: ignore[index]
    context.sandbox_denied_items = denied
