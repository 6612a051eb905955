"""AccessDenied in each service's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from localstack.aws.api import CommonServiceException

from sandbox.emulator.access.policy.evaluation import Decision, Outcome, Source
from sandbox.emulator.access.principal import Principal
from sandbox.emulator.access.refusals import named

# Services that put quotation marks around the resource.
QUOTING = {"s3", "s3control"}


def sentence(principal: Principal, decision: Decision, service: str) -> str:
    """Who may not do what to what, and because of which policy."""
    resource = f'"{decision.resource}"' if service in QUOTING else decision.resource
    text = f"User: {principal.arn} is not authorized to perform: {decision.action}"
    if decision.resource and decision.resource != "*":
        text += f" on resource: {resource}"
    elif service not in QUOTING and service != "iam":
        text += " on resource: *"
    return f"{text} {reason(decision)}"


def reason(decision: Decision) -> str:
    """The end of the sentence."""
    if decision.outcome is Outcome.EXPLICIT_DENY:
        article = "an" if decision.source is Source.IDENTITY else "a"
        text = f"with an explicit deny in {article} {decision.source.value}"
        name = decision.match.policy.name if decision.match else ""
        # The ARN is told for IAM's policies; a resource's own policy has none.
        if name.startswith("arn:") and decision.source is not Source.RESOURCE:
            text += f": {name}"
        return text
    return f"because no {decision.source.value} allows the {decision.action} action"


def denied(
    principal: Principal, decision: Decision, service: str, protocol: str | None
) -> CommonServiceException:
    """The exception that refuses the request."""
    if service in ("s3", "s3control"):
        text = "Access Denied" if principal.anonymous else sentence(principal, decision, service)
        return CommonServiceException("AccessDenied", text, 403)
    text = sentence(principal, decision, service)
    if service == "ec2":
        return named(
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {text}",
            403,
        )
    if service == "sns":
        return named("AuthorizationError", text, 403)
    if service == "sqs":
        return named("AccessDenied", text, 403)
    if protocol and ("json" in protocol or "cbor" in protocol):
        status = 400 if protocol == "json" else 403
        return named("AccessDeniedException", text, status)
    return named("AccessDenied", text, 403)
