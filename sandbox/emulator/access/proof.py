"""Whether a request's claim is true: its token, its time, its signature, its body."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import IO

from sandbox.emulator import clock
from sandbox.emulator.access import (
    chunked,
    credentials,
    moments,
    refusals,
    signature,
    signature_v2,
)
from sandbox.emulator.access.claims import RequestClaim
from sandbox.emulator.access.refusals import S3Refusal

SKEW_SECONDS = 15 * 60
NOT_NEED_SIGNING = {"x-amz-content-sha256", "x-amz-user-agent", "x-amzn-trace-id"}


class Proof(RequestClaim):
    """A request's claim and its verification; the methods raise the service's refusal."""

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
        body = self.context.request.environ.get("wsgi.input")
        body = getattr(body, "_wrapped", body)  # Twisted's
        return body if hasattr(body, "seek") else None

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


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _basic(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")
