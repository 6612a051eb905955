"""Bodies that are too large are refused when their length is known, not when they have arrived.

Twisted reads the whole body (into a temporary file) before the handler chain sees the request.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO

from rolo.serving.twisted import TwistedGateway, TwistedRequestAdapter

# S3's limit for one PUT; all other APIs accept far less (Lambda's 70 MB archive is the largest).
LARGEST_OBJECT_BYTES = 5 * 1024**3
LARGEST_BODY_BYTES = 128 * 1024**2
SPARE_DISK_BYTES = 100 * 1024**2
# Bodies of unknown length are looked at again after each of these.
CHECK_EVERY_BYTES = 8 * 1024**2


class BoundedRequest(TwistedRequestAdapter):
    """A request whose body has an upper limit."""

    _received = 0
    _checked = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """The length of the body is known, None for a chunked one."""
        if length and (refusal := _too_large(length, self._is_s3())):
            self._refuse(*refusal)
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        """A piece of the body has arrived."""
        if self._refused:
            return
        self._received += len(data)
        if self._received - self._checked >= CHECK_EVERY_BYTES:
            self._checked = self._received
            if refusal := _too_large(self._received, self._is_s3()):
                self._refuse(*refusal)
                return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is complete; a refused one goes no further."""
        if not self._refused:
            super().requestReceived(command, path, version)

    def _is_s3(self) -> bool:
        signed = self.requestHeaders.getRawHeaders(b"authorization") or [b""]
        return not signed[0] or b"/s3/" in signed[0]

    def _refuse(self, status: bytes, code: str, message: str) -> None:
        self._refused = True
        self.content = BytesIO()
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        ).encode()
        self.channel.transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n"
            b"Connection: close\r\n\r\n%s" % (status, len(body), body)
        )
        self.channel.loseConnection()


class BoundedGateway(TwistedGateway):
    """rolo's site with bounded requests."""

    def __init__(self, gateway) -> None:
        super().__init__(gateway)
        self.requestFactory = BoundedRequest
        # Bodies belong to the services; Twisted would look into each POST for a form of its own.
        self._parsePOSTFormSubmission = False

    def log(self, request) -> None:
        """No access log of Twisted's: nobody reads it, and it formats a line per request."""


def _too_large(length: int, s3: bool) -> tuple[bytes, str, str] | None:
    if s3 and length > LARGEST_OBJECT_BYTES:
        return (
            b"400 Bad Request",
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
        )
    if not s3 and length > LARGEST_BODY_BYTES:
        return (
            b"413 Request Entity Too Large",
            "RequestEntityTooLarge",
            "The request is larger than any API accepts.",
        )
    if length > 2**20 and length + SPARE_DISK_BYTES > shutil.disk_usage(tempfile.gettempdir()).free:
        return (
            b"507 Insufficient Storage",
            "InsufficientStorage",
            "The disk of this sandbox is full; free some space and try again.",
        )
    return None
