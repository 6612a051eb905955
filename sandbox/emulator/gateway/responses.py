"""Answers that are handed to the network thread in one step.

Twisted's WSGI bridge changes threads after the first piece of a body, waits, and changes again to finish.
Where the first piece is the whole body, as for almost every AWS answer, it can go along with the end:
one change of threads per request instead of two and a wait.
"""

from __future__ import annotations

from http.client import responses as REASONS

from rolo.serving import twisted

UNTOLD = ("x-localstack",)
# A larger body is written with back pressure, as upstream does.
LARGEST_BYTES = 256 * 1024


class OneStepResponse(twisted.HeaderPreservingWSGIResponse):
    """Twisted's response to one request, without the wait for complete bodies."""

    _whole_body: bytes | None = None

    def startResponse(self, status: str, headers: list, excInfo: object = None):
        """Status line and headers as AWS writes them: `403 Forbidden`, and no trace of the core."""
        code = status.split(" ", 1)[0]
        phrase = REASONS.get(int(code)) if code.isdigit() else None
        kept = [(name, value) for name, value in headers if name.lower() not in UNTOLD]
        # S3 names itself; the other services answer with this word.
        server = next((value for name, value in headers if name.lower() == "server"), "Server")
        if any(name.lower() == "x-amz-id-2" for name, _ in headers):
            server = "AmazonS3"
        self.request.responseHeaders.setRawHeaders(b"Server", [server.encode("latin-1")])
        return super().startResponse(f"{code} {phrase}" if phrase else status, kept, excInfo)

    def write(self, data: bytes) -> None:
        """Send a part of the body; called in the request's own thread."""
        if self._whole_body is None and not self.started and self._is_whole(data):
            # Twisted sends the headers of a response that was not started when it finishes it.
            self._whole_body = data
            return
        super().write(data)

    def _is_whole(self, data: bytes) -> bool:
        if len(data) > LARGEST_BYTES:
            return False
        length = str(len(data))
        return any(
            name.lower() == "content-length" and value == length for name, value in self.headers
        )

    def _sendResponseHeaders(self) -> None:
        super()._sendResponseHeaders()
        if self._whole_body is not None:
            self.request.write(self._whole_body)


def install() -> None:
    """Let rolo's resource use it; replaces `rolo.serving.twisted.HeaderPreservingWSGIResponse`."""
    twisted.HeaderPreservingWSGIResponse = OneStepResponse
