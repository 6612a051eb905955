"""Refusals of unproven callers, in the words and shape of each service's protocol.

S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, the others:
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from localstack.aws.api import CommonServiceException

HOST_ID = "9Gjjt1m+cjU4OPvX9O9/8RuvnG41MRb/18Oux2o5H5MY7ISNTlXN+Dz9IG62/ILVxhAGI0qyPfg="
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"
MISSING_TOKEN = "Request is missing Authentication Token"

# Query protocol code -> (status, JSON protocols' code).
CODES = {
    "InvalidClientTokenId": (403, "UnrecognizedClientException"),
    "SignatureDoesNotMatch": (403, "InvalidSignatureException"),
    "ExpiredToken": (403, "ExpiredTokenException"),
    "MissingAuthenticationToken": (403, "MissingAuthenticationTokenException"),
    "IncompleteSignature": (400, "IncompleteSignatureException"),
}


def named(code: str, message: str, status: int) -> CommonServiceException:
    """An error whose class is called like its code: serializers of some protocols go by the class."""
    return type(code, (CommonServiceException,), {})(code, message, status, True)


class S3Refusal(CommonServiceException):
    """An S3 error with the fields that its XML carries besides code and message."""

    def __init__(self, code: str, message: str, status_code: Any = 403, **fields: Any) -> None:
        super().__init__(code, message, status_code)
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def body(self, request_id: str) -> bytes:
        """The XML document."""
        fields = {"Code": self.code, "Message": self.message, **self.fields}
        fields |= {"RequestId": request_id, "HostId": HOST_ID}
        inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'.encode()


def of_service(service: str, protocol: str | None, code: str, message: str):
    """The error of any service but S3; `code` is the query protocol's."""
    status, json_code = CODES[code]
    if service == "ec2" and code in ("InvalidClientTokenId", "SignatureDoesNotMatch"):
        text = (
            "AWS was not able to validate the provided access credentials"
            if code == "InvalidClientTokenId"
            else MISMATCH
        )
        return named("AuthFailure", text, 401)
    if protocol and ("json" in protocol or "cbor" in protocol):
        return named(json_code, message, 400 if protocol == "json" else status)
    return named(code, message, status)
