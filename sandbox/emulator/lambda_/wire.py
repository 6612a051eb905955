"""HTTP of the Runtime API, as far as runtimes speak it: requests in, answers out, on one connection."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """One request of a runtime; `body` is complete unless the request is streamed."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Connection:
    """The bytes of one connection; a streamed (chunked) body is handed out as it comes."""

    buffer: bytearray = field(default_factory=bytearray)
    streaming: Request | None = None
    trailers: dict[str, str] = field(default_factory=dict)
    _head: Request | None = None
    _missing: int = 0

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self.buffer += data

    def line(self) -> bytes | None:
        """A line that is no HTTP: the guard's own messages."""
        end = self.buffer.find(b"\n")
        if end < 0:
            return None
        text = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        return text

    def request(self) -> Request | None:
        """The next whole request, or the head of a streamed one; None when more bytes are needed."""
        if self._head is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            del self.buffer[: end + 4]
            method, path, *_ = lines[0].split(" ")
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            self._head = Request(method, path, headers)
            if headers.get("transfer-encoding", "").lower() == "chunked":
                self.streaming, self._head = self._head, None
                return self.streaming
            self._missing = int(headers.get("content-length") or 0)
        if len(self.buffer) < self._missing:
            return None
        found, self._head = self._head, None
        found.body = bytes(self.buffer[: self._missing])
        del self.buffer[: self._missing]
        return found

    def chunks(self) -> tuple[list[bytes], bool]:
        """Whole chunks of the streamed body, and whether it is over; trailers are kept."""
        found: list[bytes] = []
        while True:
            end = self.buffer.find(b"\r\n")
            if end < 0:
                return found, False
            size = int(self.buffer[:end].split(b";")[0] or b"0", 16)
            if size == 0:
                over = self.buffer.find(b"\r\n\r\n", end)
                if over < 0 and not self.buffer[end:].startswith(b"\r\n\r\n"):
                    return found, False
                over = self.buffer.find(b"\r\n\r\n", end)
                for line in self.buffer[end + 2 : over].decode("latin-1").split("\r\n"):
                    name, _, value = line.partition(":")
                    if name:
                        self.trailers[name.strip().lower()] = value.strip()
                del self.buffer[: over + 4]
                self.streaming = None
                return found, True
            if len(self.buffer) < end + 2 + size + 2:
                return found, False
            found.append(bytes(self.buffer[end + 2 : end + 2 + size]))
            del self.buffer[: end + 2 + size + 2]


ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
    b'{"status":"OK"}\n'
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def event_message(headers: dict[str, str], payload: bytes) -> bytes:
    """The answer to `GET next`."""
    # A client in C++ needs the Content-Type.
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json"]
    head += [f"{name}: {value}" for name, value in headers.items() if value]
    head.append(f"Content-Length: {len(payload)}")
    return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + payload
