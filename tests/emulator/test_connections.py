"""HTTP itself: what clients do with a connection."""

from __future__ import annotations

import socket
import ssl
import threading

import httpx
import pytest

STATUS = b"HTTP/1.1 "


@pytest.fixture
def page(emulator):
    """The address of a public object of 12 bytes, as (host header, path)."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="connections")
    s3.delete_public_access_block(Bucket="connections")
    s3.put_bucket_ownership_controls(
        Bucket="connections", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_object(Bucket="connections", Key="a b.txt", Body=b"twelve bytes", ACL="public-read")
    return b"localhost", b"/connections/a%20b.txt"


def converse(emulator, *pieces: bytes) -> bytes:
    """Send the pieces, return what comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def get(path: bytes, *headers: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    lines = [method + b" " + path + b" HTTP/" + version, b"Host: localhost", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def test_one_connection_serves_many_requests(emulator, page):
    answer = converse(emulator, get(page[1]), get(page[1]), get(page[1], b"Connection: close"))
    assert answer.count(STATUS + b"200 OK") == 3
    assert answer.endswith(b"twelve bytes")


def test_requests_that_arrive_together_are_answered_in_order(emulator, page):
    answer = converse(
        emulator, get(page[1]) + get(b"/connections/none") + get(page[1], b"Connection: close")
    )
    statuses = [part[:3] for part in answer.split(STATUS)[1:]]
    assert statuses == [b"200", b"404", b"200"] or statuses == [b"200", b"403", b"200"]


def test_a_head_may_arrive_byte_by_byte(emulator, page):
    request = get(page[1], b"Connection: close")
    answer = converse(emulator, *[request[i : i + 1] for i in range(len(request))])
    assert answer.endswith(b"twelve bytes")


def test_head_has_the_length_but_no_body(emulator, page):
    answer = converse(emulator, get(page[1], b"Connection: close", method=b"HEAD"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 12" in head
    assert body == b""


def test_http_1_0_closes(emulator, page):
    answer = converse(emulator, get(page[1], version=b"1.0"))
    assert answer.endswith(b"twelve bytes")
    assert b"chunked" not in answer


def test_the_absolute_form_is_understood(emulator, page):
    answer = converse(emulator, get(b"http://localhost" + page[1], b"Connection: close"))
    assert answer.endswith(b"twelve bytes")


def test_an_offered_upgrade_to_http_2_is_declined_by_answering(emulator, page):
    answer = converse(
        emulator,
        get(page[1], b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: "),
        get(page[1], b"Connection: close"),
    )
    assert answer.count(b"twelve bytes") == 2


def test_a_body_waits_for_100_continue(emulator):
    emulator.client("s3").create_bucket(Bucket="expects")
    url = emulator.client("s3").generate_presigned_url(
        "put_object", {"Bucket": "expects", "Key": "k"}
    )
    path = httpx.URL(url).raw_path
    host = httpx.URL(url).netloc
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(
            b"PUT " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 4\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert connection.recv(65536).startswith(STATUS + b"200")
    body = emulator.client("s3").get_object(Bucket="expects", Key="k")["Body"].read()
    assert body == b"body"


def test_a_chunked_body_of_several_megabytes(emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="pieces")
    url = s3.generate_presigned_url("put_object", {"Bucket": "pieces", "Key": "k"})
    piece = bytes(range(256)) * 1024
    assert httpx.put(url, content=(piece for _ in range(12)), trust_env=False).status_code == 200
    stored = s3.get_object(Bucket="pieces", Key="k")["Body"].read()
    assert stored == piece * 12
    assert (
        httpx.get(
            s3.generate_presigned_url("get_object", {"Bucket": "pieces", "Key": "k"}),
            trust_env=False,
        ).content
        == stored
    )


def test_many_connections_at_once(emulator, page):
    answers: list[bytes] = []

    def fetch() -> None:
        answers.append(converse(emulator, get(page[1], b"Connection: close")))

    threads = [threading.Thread(target=fetch) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer[-12:] for answer in answers] == [b"twelve bytes"] * 60


def test_https_on_the_same_port(emulator, page):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", emulator.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(get(page[1], b"Connection: close"))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.endswith(b"twelve bytes")
    assert b"\r\nServer: AmazonS3" in received


def test_http_2_by_prior_knowledge(emulator, page):
    with httpx.Client(
        http1=False, http2=True, base_url=emulator.endpoint, trust_env=False
    ) as client:
        reply = client.get(page[1].decode())
        assert (reply.http_version, reply.text) == ("HTTP/2", "twelve bytes")


def test_a_websocket_that_nobody_serves_is_refused(emulator):
    request = get(
        b"/nothing",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=20) as connection:
        connection.sendall(request[:40])
        connection.sendall(request[40:])
        answer = connection.recv(65536)
    assert answer.startswith(STATUS + b"4"), answer
