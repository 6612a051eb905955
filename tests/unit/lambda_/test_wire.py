"""HTTP of the Runtime API."""

from __future__ import annotations

from sandbox.emulator.lambda_.wire import Connection, event_message


def test_a_request_in_pieces():
    text = b"POST /x/response HTTP/1.1\r\nContent-Length: 5\r\nA: b\r\n\r\nhelloGET /next HTTP/1.1\r\n\r\n"
    connection = Connection()
    found = []
    for byte in text:
        connection.feed(bytes([byte]))
        request = connection.request()
        if request:
            found.append((request.method, request.path, request.body))
    assert found == [("POST", "/x/response", b"hello"), ("GET", "/next", b"")]


def test_chunks_and_trailers():
    connection = Connection()
    connection.feed(b"POST /r HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nd")
    request = connection.request()
    assert connection.streaming is request
    assert connection.chunks() == ([b"abc"], False)
    connection.feed(b"e\r\n0\r\nX-Error: bad\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert connection.chunks() == ([b"de"], True)
    assert connection.trailers == {"x-error": "bad"}
    assert connection.request().method == "GET"


def test_an_end_without_trailers():
    connection = Connection()
    connection.feed(b"POST /r HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    connection.request()
    assert connection.chunks() == ([], True)
    assert connection.buffer == b""


def test_the_event_has_a_type_for_clients_in_c():
    text = event_message({"Lambda-Runtime-Aws-Request-Id": "id", "Empty": ""}, b"{}")
    head, _, body = text.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert b"Content-Type: application/json" in head and b"Content-Length: 2" in head
    assert b"Empty" not in head
