"""Proving who sent a request: the gateway handler that verifies signatures.

It replaces LocalStack's `ParsePreSignedUrlRequest`, `MissingAuthHeaderInjector` and `AccountIdEnricher`,
which believe every key.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import IO, Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.aws.connect import INTERNAL_REQUEST_PARAMS_HEADER
from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Response
from localstack.utils.aws.request_context import (
    extract_access_key_id_from_auth_header,
    mock_aws_request_headers,
)

from sandbox.emulator import clock
from sandbox.emulator.access import (
    chunked,
    credentials,
    moments,
    principal,
    refusals,
    signature,
    signature_v2,
)
from sandbox.emulator.access.refusals import S3Refusal

SKEW_SECONDS = 15 * 60
LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600
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
NOT_NEED_SIGNING = {"x-amz-content-sha256", "x-amz-user-agent", "x-amzn-trace-id"}


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
    proof = _Proof(context)
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


class _Proof:
    """One request's claim and its verification."""

    def __init__(self, context: RequestContext) -> None:
        self.context = context
        request = context.request
        self.service = context.service.service_name  # type: ignore[union-attr]
        self.s3 = self.service == "s3"
        environ = request.environ
        uri = environ.get("RAW_URI") or request.path
        if "://" in uri.split("?", 1)[0]:
            uri = "/" + uri.split("://", 1)[1].partition("/")[2]
        self.path, _, self.query = uri.partition("?")
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in environ.get("rolo.headers") or ():
            name = raw_name.decode("latin-1").lower()
            value = raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]},{value}" if name in self.headers else value
        self.headers.setdefault("host", request.host)
        self.form_policy: str | None = None

    # --- what is claimed -------------------------------------------------------------------------

    def claim(self) -> signature.Claim | None:
        """The claimed signature; None for a request without one."""
        authorization = self.headers.get("authorization", "")
        in_query = "X-Amz-" in self.query and (
            "X-Amz-Signature=" in self.query
            or "X-Amz-Algorithm=" in self.query
            or "X-Amz-Credential=" in self.query
        )
        try:
            if authorization:
                if in_query and self.s3:
                    raise S3Refusal(
                        "InvalidArgument",
                        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                        "Signature query string parameter or the Authorization header should be "
                        "specified",
                        400,
                        ArgumentName="Authorization",
                        ArgumentValue=authorization,
                    )
                return self._header_claim(authorization)
            if in_query:
                return self._query_claim()
            if self.s3 and ("AWSAccessKeyId=" in self.query or "&Signature=" in self.query):
                return self._version_two_claim()
        except signature.Malformed as problem:
            raise self._incomplete(problem, in_query) from None
        if self.s3 and self.context.request.method == "POST":
            return self._form_claim()
        return None

    def _header_claim(self, authorization: str) -> signature.Claim | None:
        if not authorization.startswith(signature.ALGORITHM):
            if self.s3 and authorization.startswith(("AWS ", "AWS4-")):
                raise _version_two()
            if authorization.startswith(("Bearer ", "Basic ")):
                return None
            raise signature.Malformed("algorithm", ("Credential", "Signature", "SignedHeaders"))
        claim = signature.parse_header(authorization)
        claim.date = self.headers.get("x-amz-date") or _http_date(self.headers.get("date", ""))
        claim.token = self.headers.get("x-amz-security-token")
        if not claim.date:
            raise signature.Malformed("date", ("X-Amz-Date",))
        return claim

    def _query_claim(self) -> signature.Claim:
        pairs = dict(signature.query_pairs(self.query))
        claim = signature.parse_query(pairs)
        if self.s3:
            if not claim.raw_expires:
                raise signature.Malformed("expires", ("Expires",))
            message = None
            if claim.expires is None:
                message = "X-Amz-Expires should be a number"
            elif claim.expires < 0:
                message = "X-Amz-Expires must be non-negative"
            elif claim.expires > LONGEST_PRESIGNED_SECONDS:
                message = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"
            if message:
                raise S3Refusal("AuthorizationQueryParametersError", message, 400)
        elif not claim.raw_expires:
            claim.raw_expires, claim.expires = "900", 900
        return claim

    def _version_two_claim(self) -> signature.Claim | None:
        try:
            return signature_v2.parse(self.query)
        except ValueError:
            raise S3Refusal(
                "AccessDenied",
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
                "parameters",
            ) from None

    def _form_claim(self) -> signature.Claim | None:
        if "multipart/form-data" not in self.headers.get("content-type", ""):
            return None
        form = {name.lower(): value for name, value in self.context.request.form.items()}
        if "policy" in form and "signature" in form and "awsaccesskeyid" in form:
            self.form_policy = form["policy"]
            return signature_v2.of_form(form)
        if "x-amz-signature" not in form or "policy" not in form:
            return None
        claim = signature.parse_query(
            {
                "X-Amz-Algorithm": form.get("x-amz-algorithm", ""),
                "X-Amz-Credential": form.get("x-amz-credential", ""),
                "X-Amz-Signature": form["x-amz-signature"],
                "X-Amz-Date": form.get("x-amz-date", ""),
                "X-Amz-SignedHeaders": "policy",
            }
        )
        claim.token = form.get("x-amz-security-token")
        self.form_policy = form["policy"]
        return claim

    def _incomplete(self, problem: signature.Malformed, in_query: bool):
        if self.s3 and in_query:
            return S3Refusal(
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                "X-Amz-Expires parameters."
                if problem.missing
                else "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; "
                'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
                400,
            )
        if self.s3:
            if "X-Amz-Date" in problem.missing:
                return S3Refusal(
                    "AccessDenied",
                    "AWS authentication requires a valid Date or x-amz-date header",
                )
            return S3Refusal(
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; "
                + (
                    f"missing {problem.missing[0]}."
                    if problem.missing
                    else 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/'
                    'SERVICE/aws4_request".'
                ),
                400,
            )
        authorization = self.headers.get("authorization", "")
        if not problem.missing:
            text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        elif "X-Amz-Date" in problem.missing:
            text = (
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                f"Authorization={_without_signature(authorization)}"
            )
        else:
            text = (
                "".join(
                    f"Authorization header requires '{name}' parameter. "
                    for name in problem.missing
                )
                + f"Authorization={_without_signature(authorization)}"
            )
        return self._error("IncompleteSignature", text)

    # --- is it true ------------------------------------------------------------------------------

    def unknown_key(self, claim: signature.Claim):
        """The refusal of a key that nobody issued."""
        if self.s3:
            return S3Refusal(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                AWSAccessKeyId=claim.access_key,
            )
        return self._error("InvalidClientTokenId", refusals.INVALID_TOKEN)

    def check_token(self, claim: signature.Claim, found: credentials.Credential) -> None:
        """Temporary keys need their token; it ends with the sandbox clock."""
        if found.token is None:
            if claim.token and self.s3:
                raise S3Refusal(
                    "InvalidToken",
                    "The provided token is malformed or otherwise invalid.",
                    400,
                    **{"Token-0": claim.token},
                )
            if claim.token:
                raise self._error("InvalidClientTokenId", refusals.INVALID_TOKEN)
            return
        if not claim.token:
            raise self.unknown_key(claim)
        if not signature.same(claim.token, found.token):
            if self.s3:
                raise S3Refusal(
                    "InvalidToken",
                    "The provided token is malformed or otherwise invalid.",
                    400,
                    **{"Token-0": claim.token},
                )
            raise self._error("InvalidClientTokenId", refusals.INVALID_TOKEN)
        if found.expires is not None and clock.time() >= found.expires:
            if self.s3:
                raise S3Refusal(
                    "ExpiredToken",
                    "The provided token has expired.",
                    400,
                    **{"Token-0": claim.token},
                )
            raise self._error("ExpiredToken", refusals.EXPIRED_TOKEN)

    def check_time(self, claim: signature.Claim) -> None:
        """Header signatures live 15 minutes of machine time, presigned ones by the sandbox clock."""
        if self.form_policy is not None:
            return  # the form's policy says when it ends; the service reads it
        if isinstance(claim, signature_v2.ClaimV2):
            ends = moments.to_sandbox(claim.moment(), claim.signature) + signature_v2.USUAL_SECONDS
            if clock.time() > ends:
                raise S3Refusal(
                    "AccessDenied",
                    "Request has expired",
                    Expires=_iso(ends),
                    ServerTime=_iso(clock.time()),
                )
            return
        try:
            signed = claim.moment()
        except ValueError:
            if self.s3:
                raise S3Refusal(
                    "AuthorizationQueryParametersError"
                    if claim.presigned
                    else "AuthorizationHeaderMalformed",
                    "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
                    400,
                ) from None
            raise self._error(
                "IncompleteSignature",
                "Date must be in ISO-8601 'basic format'. "
                f"Got '{claim.date}'. See http://en.wikipedia.org/wiki/ISO_8601",
            ) from None
        now = moments.machine_time()
        if claim.expires is not None:
            if signed > now + SKEW_SECONDS:
                raise self._not_yet(claim, signed, now)
            ends = moments.to_sandbox(signed, claim.signature) + claim.expires
            if clock.time() > ends:
                raise self._expired(claim, ends)
            return
        if abs(now - signed) > SKEW_SECONDS:
            if self.s3:
                raise S3Refusal(
                    "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                    RequestTime=claim.date,
                    ServerTime=_iso(now),
                    MaxAllowedSkewMilliseconds=SKEW_SECONDS * 1000,
                )
            if signed < now:
                text = (
                    f"Signature expired: {claim.date} is now earlier than "
                    f"{_basic(now - SKEW_SECONDS)} ({_basic(now)} - 15 min.)"
                )
            else:
                text = (
                    f"Signature not yet current: {claim.date} is still later than "
                    f"{_basic(now + SKEW_SECONDS)} ({_basic(now)} + 15 min.)"
                )
            raise self._error("SignatureDoesNotMatch", text)

    def _not_yet(self, claim: signature.Claim, signed: float, now: float):
        if self.s3:
            return S3Refusal(
                "AccessDenied",
                "Request is not valid yet",
                **{"X-Amz-Date": _iso(signed), "ServerTime": _iso(now)},
            )
        text = (
            f"Signature not yet current: {claim.date} is still later than "
            f"{_basic(now + SKEW_SECONDS)} ({_basic(now)} + 15 min.)"
        )
        return self._error("SignatureDoesNotMatch", text)

    def _expired(self, claim: signature.Claim, ends: float):
        if self.s3:
            return S3Refusal(
                "AccessDenied",
                "Request has expired",
                **{
                    "X-Amz-Expires": claim.expires,
                    "Expires": _iso(ends),
                    "ServerTime": _iso(clock.time()),
                },
            )
        now = clock.time()
        text = f"Signature expired: {claim.date} is now earlier than {_basic(now)} ({_basic(now)})"
        return self._error("SignatureDoesNotMatch", text)

    def check_signature(self, claim: signature.Claim, secret: str) -> None:
        """Compute the signature, and the hash of the body where it is signed."""
        if self.form_policy is not None:
            if isinstance(claim, signature_v2.ClaimV2):
                expected = signature_v2.sign(secret, self.form_policy)
            else:
                expected = signature.sign(secret, claim, self.form_policy)
            if not signature.same(expected, claim.signature):
                raise self._mismatch(claim, self.form_policy, self.form_policy)
            return
        if isinstance(claim, signature_v2.ClaimV2):
            self._check_version_two(claim, secret)
            return
        if not claim.date.startswith(claim.scope_date):
            if self.s3:
                raise S3Refusal(
                    "AuthorizationHeaderMalformed",
                    f'The authorization header is malformed; Invalid credential date "{claim.scope_date}". '
                    f'This date is not the same as X-Amz-Date: "{claim.date[:8]}".',
                    400,
                )
            raise self._error(
                "SignatureDoesNotMatch",
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                f"HTTP: '{claim.scope_date}' != '{claim.date[:8]}', from '{claim.date}'.",
            )
        if "host" not in claim.signed_headers:
            raise self._mismatch(claim, "", "")
        payload = self._payload_hash(claim)
        query = signature.canonical_query(self.query)
        first: tuple[str, str] | None = None
        for path in signature.canonical_paths(self.path, claim.service):
            canonical = signature.canonical_request(
                self.context.request.method,
                path,
                query,
                self.headers,
                claim.signed_headers,
                payload,
            )
            text = signature.string_to_sign(claim, canonical)
            if signature.same(signature.sign(secret, claim, text), claim.signature):
                break
            first = first or (canonical, text)
        else:
            assert first
            raise self._mismatch(claim, *first)
        if self.s3:
            self._check_unsigned_headers(claim)
        self._check_body(claim, secret, payload)

    def _check_version_two(self, claim: signature_v2.ClaimV2, secret: str) -> None:
        from localstack.services.s3.utils import uses_host_addressing

        bucket = uses_host_addressing(self.context.request.headers)
        text = signature_v2.string_to_sign(
            self.context.request.method, self.path, self.query, self.headers, bucket
        )
        if not signature.same(signature_v2.sign(secret, text), claim.signature):
            raise S3Refusal(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                AWSAccessKeyId=claim.access_key,
                StringToSign=text,
                SignatureProvided=claim.signature,
                StringToSignBytes=text.encode().hex(" "),
            )

    def _payload_hash(self, claim: signature.Claim) -> str:
        given = self.headers.get("x-amz-content-sha256")
        if given:
            return given
        if claim.presigned and self.s3:
            return dict(signature.query_pairs(self.query)).get(
                "X-Amz-Content-Sha256", signature.UNSIGNED
            )
        if self.s3:
            raise S3Refusal(
                "InvalidRequest",
                "Missing required header for this request: x-amz-content-sha256",
                400,
            )
        return hashlib.sha256(self._body_bytes()).hexdigest()

    def _check_unsigned_headers(self, claim: signature.Claim) -> None:
        unsigned = [
            name
            for name in self.headers
            if name.startswith("x-amz-")
            and name not in claim.signed_headers
            and name not in NOT_NEED_SIGNING
        ]
        if unsigned:
            raise S3Refusal(
                "AccessDenied",
                "There were headers present in the request which were not signed",
                HeadersNotSigned=", ".join(unsigned),
            )

    def _check_body(self, claim: signature.Claim, secret: str, payload: str) -> None:
        if payload == signature.UNSIGNED or payload == chunked.UNSIGNED_TRAILER:
            return
        if payload.startswith("STREAMING-"):
            body = self._body_file()
            signed = payload in (chunked.SIGNED, chunked.SIGNED_TRAILER)
            if body is None or not signed:
                return
            try:
                whole = chunked.verify(
                    body, claim, secret, trailer=payload == chunked.SIGNED_TRAILER
                )
            finally:
                body.seek(0)
            if not whole:
                raise self._mismatch(claim, "", "")
            return
        if not self.s3 and "x-amz-content-sha256" not in self.headers:
            return  # it was computed from the body
        computed = self._body_hash()
        if computed == payload:
            return
        if self.s3:
            raise S3Refusal(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400,
                ClientComputedContentSHA256=payload,
                S3ComputedContentSHA256=computed,
            )
        raise self._error("SignatureDoesNotMatch", refusals.MISMATCH)

    def _body_file(self) -> IO[bytes] | None:
        wrapped = getattr(self.context.request.environ.get("wsgi.input"), "_wrapped", None)
        return wrapped if wrapped is not None and hasattr(wrapped, "seek") else None

    def _body_hash(self) -> str:
        body = self._body_file()
        if body is None:
            return hashlib.sha256(self._body_bytes()).hexdigest()
        body.seek(0)
        digest = hashlib.sha256()
        while block := body.read(1 << 20):
            digest.update(block)
        body.seek(0)
        return digest.hexdigest()

    def _body_bytes(self) -> bytes:
        body = self._body_file()
        if body is None:
            return self.context.request.get_data(cache=True)
        body.seek(0)
        data = body.read()
        body.seek(0)
        return data

    def _mismatch(self, claim: signature.Claim, canonical: str, text: str):
        if not self.s3:
            return self._error("SignatureDoesNotMatch", refusals.MISMATCH)
        return S3Refusal(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            AWSAccessKeyId=claim.access_key,
            StringToSign=text,
            SignatureProvided=claim.signature,
            StringToSignBytes=text.encode().hex(" "),
            CanonicalRequest=canonical,
            CanonicalRequestBytes=canonical.encode().hex(" "),
        )

    def _error(self, code: str, message: str):
        return refusals.of_service(self.service, self.context.protocol, code, message)


def _version_two() -> S3Refusal:
    return S3Refusal(
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. "
        "Please use AWS4-HMAC-SHA256.",
        400,
    )


def _without_signature(authorization: str) -> str:
    return authorization.split("Signature=", 1)[0].rstrip(", ")


def _http_date(text: str) -> str:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, TypeError):
        return text if text.endswith("Z") and "T" in text else ""


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _basic(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


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
