"""Proving who sent a request: the gateway handler that verifies signatures.

It replaces LocalStack's `ParsePreSignedUrlRequest`, `MissingAuthHeaderInjector` and `AccountIdEnricher`,
which believe every key.
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.aws.connect import INTERNAL_REQUEST_PARAMS_HEADER
from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Response
from localstack.utils.aws.request_context import (
    extract_access_key_id_from_auth_header,
    mock_aws_request_headers,
)

from sandbox.emulator.access import acting, credentials, moments, principal, refusals, signature
from sandbox.emulator.access.proof import Proof
from sandbox.emulator.access.refusals import S3Refusal

PRIVATE_HEADERS = (INTERNAL_REQUEST_PARAMS_HEADER, "x-moto-account-id")
SIGNATURE_PARAMETERS = {
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-signature",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-security-token",
}


def came_by_network(context: RequestContext) -> bool:
    """Whether the listener received the request; the emulator's own calls have no peer."""
    return "REMOTE_PORT" in context.request.environ


class PrivateHeaderHandler(Handler):
    """Removes what only the emulator itself may say, first of all handlers."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if came_by_network(context):
            for name in PRIVATE_HEADERS:
                context.request.headers.pop(name, None)


class AuthenticationHandler(Handler):
    """Puts the proven `principal.Principal` on the context, or refuses the request."""

    def __init__(self) -> None:
        moments.start()

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if not context.service:
            return
        if not came_by_network(context):
            self._accept_internal(context)
            return
        s3 = context.service.service_name == "s3"
        try:
            found = authenticate(context)
        except S3Refusal as refusal:
            _answer_s3(context, response, refusal)
            context.service_exception = refusal
            chain.stop()
            return
        except Exception:
            _name_operation(context)
            raise
        context.sandbox_principal = found
        _set_account(context, found)
        if s3:
            _query_to_headers(context)

    @staticmethod
    def _accept_internal(context: RequestContext) -> None:
        headers = context.request.headers
        if not headers.get("Authorization"):
            mock = mock_aws_request_headers(
                context.service.service_name, "injectedaccesskey", "us-east-1"
            )
            headers["Authorization"] = mock["Authorization"]
        from localstack.aws.accounts import get_account_id_from_access_key_id

        key = extract_access_key_id_from_auth_header(headers) or DEFAULT_AWS_ACCOUNT_ID
        if (caller := acting.find(key)) is not None:
            context.sandbox_principal = caller
            context.account_id = caller.account
            headers["x-moto-account-id"] = caller.account
            return
        context.account_id = get_account_id_from_access_key_id(key)
        headers["x-moto-account-id"] = context.account_id
        context.sandbox_principal = principal.internal(context.account_id)


def _set_account(context: RequestContext, found: principal.Principal) -> None:
    headers = context.request.headers
    context.account_id = found.account
    headers["x-moto-account-id"] = found.account
    # What LocalStack reads from the header (region, account of providers) must be there for presigned
    # and anonymous requests too.
    claim = getattr(context, "sandbox_claim", None)
    if claim is None:
        mock = mock_aws_request_headers(
            context.service.service_name, principal.DEFAULT_ACCOUNT, "us-east-1"
        )
        headers["Authorization"] = mock["Authorization"]
    elif not headers.get("Authorization"):
        headers["Authorization"] = (
            f"{signature.ALGORITHM} Credential={claim.access_key}/{claim.scope}, "
            f"SignedHeaders={';'.join(claim.signed_headers)}, Signature={claim.signature}"
        )


def _query_to_headers(context: RequestContext) -> None:
    """S3 reads `x-amz-acl` and its like from a presigned URL as if they were headers."""
    claim = getattr(context, "sandbox_claim", None)
    if claim is None or not claim.presigned:
        return
    for name, value in context.request.args.items():
        lower = name.lower()
        if (
            lower.startswith("x-amz-")
            and lower not in SIGNATURE_PARAMETERS
            and name not in context.request.headers
        ):
            context.request.headers[name] = value


def authenticate(context: RequestContext) -> principal.Principal:
    """The principal that the request proves; anonymous when it carries no signature.

    Raises the refusal of the service's protocol. Sets `context.sandbox_claim` for signed requests.
    """
    assert context.service
    proof = Proof(context)
    claim = proof.claim()
    if claim is None:
        return principal.ANONYMOUS
    found = credentials.find(claim.access_key)
    if found is None or not found.active:
        raise proof.unknown_key(claim)
    proof.check_token(claim, found)
    if claim.presigned:
        # A forged URL must not be remembered as one that was used.
        proof.check_signature(claim, found.secret)
        proof.check_time(claim)
    else:
        proof.check_time(claim)
        proof.check_signature(claim, found.secret)
    context.sandbox_claim = claim
    return found.principal


def _answer_s3(context: RequestContext, response: Response, refusal: S3Refusal) -> None:
    _name_operation(context)
    body = b"" if context.request.method == "HEAD" else refusal.body(context.request_id or "")
    response.set_response(body)
    response.status_code = refusal.status_code
    response.headers["Content-Type"] = "application/xml"
    response.headers["x-amz-request-id"] = context.request_id or ""
    response.headers["x-amz-id-2"] = refusals.HOST_ID


def _name_operation(context: RequestContext) -> None:
    """Find out which operation a refused request meant, for the record and the error's shape."""
    service, request = context.service, context.request
    if service is None or context.operation is not None:
        return
    name: Any = None
    try:
        if service.service_name == "s3":
            context.operation = _s3_router(service).match(request)[0]
            return
        target = request.headers.get("X-Amz-Target", "")
        name = target.rpartition(".")[2] or request.args.get("Action") or request.form.get("Action")
        if name in service.operation_names:
            context.operation = service.operation_model(name)
    except Exception:
        return


_routers: dict[str, Any] = {}


def _s3_router(service: Any):
    if "s3" not in _routers:
        from localstack.aws.protocol.op_router import RestServiceOperationRouter

        _routers["s3"] = RestServiceOperationRouter(service)
    return _routers["s3"]
