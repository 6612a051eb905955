"""Bodies that are too large are refused when their length is known, not when they have arrived."""

from __future__ import annotations

import shutil
import tempfile
from typing import NamedTuple

# S3's limit for one PUT; all other APIs accept far less (Lambda's 70 MB archive is the largest).
LARGEST_OBJECT_BYTES = 5 * 1024**3
LARGEST_BODY_BYTES = 128 * 1024**2
SPARE_DISK_BYTES = 100 * 1024**2
# Bodies of unknown length are looked at again after each of these.
CHECK_EVERY_BYTES = 8 * 1024**2
# S3 answers longer heads with this code; other services close the connection.
LARGEST_HEAD_BYTES = 64 * 1024


class Refusal(NamedTuple):
    """An answer that needs no service: HTTP status, AWS's error code and its message."""

    status: int
    code: str
    message: str

    def body(self) -> bytes:
        """The error as XML, the form of which S3 is the usual reader."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        ).encode()


BAD_REQUEST = Refusal(400, "BadRequest", "An error occurred when parsing the HTTP request.")
HEAD_TOO_LARGE = Refusal(
    400,
    "RequestHeaderSectionTooLarge",
    "Your request header and query parameters used to make the request exceed the maximum allowed size.",
)


def too_large(length: int, authorization: str) -> Refusal | None:
    """Why a body of `length` bytes is refused; `authorization` tells S3 from the other services."""
    s3 = not authorization or "/s3/" in authorization
    if s3 and length > LARGEST_OBJECT_BYTES:
        return Refusal(
            400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"
        )
    if not s3 and length > LARGEST_BODY_BYTES:
        return Refusal(413, "RequestEntityTooLarge", "The request is larger than any API accepts.")
    if length > 2**20 and length + SPARE_DISK_BYTES > shutil.disk_usage(tempfile.gettempdir()).free:
        return Refusal(
            507,
            "InsufficientStorage",
            "The disk of this sandbox is full; free some space and try again.",
        )
    return None
