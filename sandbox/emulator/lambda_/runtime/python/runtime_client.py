"""The transport below AWS's Python runtime client (`awslambdaric`), in place of its compiled one.

Same functions, spoken over the channel that the guard inherited: no compiler, any Python, and no socket to
connect at a cold start. Requests are those of the Runtime API; answers to posts are not waited for.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import os
import socket

_channel: socket.socket
_rest = b""
_PREFIX = "/2018-06-01/runtime/invocation/"


def initialize_client(user_agent):
    """Called by awslambdaric at import."""


def open_channel(number):
    """Speak over the inherited descriptor `number`."""
    global _channel
    _channel = socket.socket(fileno=number)
    _channel.set_inheritable(False)


def next():
    """Wait for the next event: (body, headers)."""
    global _rest
    _channel.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
    text = _rest
    while (end := text.find(b"\r\n\r\n")) < 0:
        text += _receive()
    headers: dict = {}
    for line in text[:end].decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        headers[name] = value
    # The compiled transport gives a number, which the context subtracts from.
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    length = int(headers.get("Content-Length", "0"))
    pieces = [text[end + 4 :]]
    missing = length - len(pieces[0])
    while missing > 0:
        pieces.append(_receive())
        missing -= len(pieces[-1])
    body = b"".join(pieces)
    _rest = body[length:]
    return body[:length], headers


def post_invocation_result(invoke_id, data, content_type, invocation_id=None):
    """Send a handler's result."""
    _post(f"{_PREFIX}{invoke_id}/response", data, content_type)


def post_error(invoke_id, data, xray_fault, invocation_id=None):
    """Send a handler's error (JSON)."""
    _post(f"{_PREFIX}{invoke_id}/error", data.encode(), "application/json")


def post_init_error(data, error_type):
    """Send what went wrong before the first event."""
    _post(
        "/2018-06-01/runtime/init/error",
        data.encode(),
        "application/json",
        f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n",
    )


def _post(path, data, content_type, more=""):
    head = f"POST {path} HTTP/1.1\r\nContent-Type: {content_type}\r\n{more}Content-Length: {len(data)}\r\n\r\n"
    _channel.sendall(head.encode("latin-1", "replace") + data)


def _receive():
    piece = _channel.recv(1 << 18)
    if not piece:
        # The emulator is gone.
        os._exit(1)
    return piece
