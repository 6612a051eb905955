"""What a request claims about its sender: the signature in its header, URL or form.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

from __future__ import annotations

from datetime import UTC

from localstack.aws.api import RequestContext

from sandbox.emulator.access import refusals, signature, signature_v2
from sandbox.emulator.access.refusals import S3Refusal

LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600


class RequestClaim:
    """One request and the claim that it makes."""

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
