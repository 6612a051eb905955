"""What reaches the endpoint without being a well-formed AWS request."""

from __future__ import annotations

import json
import socket

import httpx
import psutil
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


def post_signed(emulator, service: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """POST / for `service`, signed by the root."""
    request = AWSRequest("POST", f"{emulator.endpoint}/", data=body, headers=headers)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials("test", "test"), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    return emulator.anonymous.post("/", content=body, headers=dict(prepared.headers))


def raw(emulator, text: bytes, seconds: float = 5) -> bytes:
    """Send bytes, return what comes back until the other side closes or the time is over."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=seconds) as connection:
        connection.sendall(text)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except TimeoutError:
            pass
        return received


def test_it_listens_on_loopback_only(emulator):
    process = psutil.Process(emulator.instance.pid)
    connections = [c for p in [process, *process.children(True)] for c in p.net_connections()]
    listening = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/_localstack/health", "/_localstack/config", "/_localstack/state/reset"]
)
def test_internal_routes_need_the_token(emulator, method, path):
    reply = emulator.anonymous.request(method, path, json={"action": "kill"})
    assert reply.status_code == 403
    assert emulator.instance.ready()


def test_sandbox_routes_need_the_token(emulator):
    assert (
        emulator.anonymous.post("/_sandbox/clock", json={"advance_seconds": 1}).status_code == 403
    )
    wrong = {"X-Sandbox-Token": "wrong"}
    assert emulator.anonymous.get("/_sandbox/clock", headers=wrong).status_code == 403


@pytest.mark.parametrize("step", [-1, "1", True, None, 1e12])
def test_clock_refuses_what_is_no_step(emulator, step):
    reply = emulator.anonymous.post(
        "/_sandbox/clock",
        json={"advance_seconds": step},
        headers={"X-Sandbox-Token": emulator.instance.token},
    )
    assert reply.status_code == 400
    assert "message" in reply.json()


def assert_clean(reply: httpx.Response) -> None:
    for word in ("Traceback", "localstack", "Exception(", 'File "'):
        assert word not in reply.text, reply.text


JSON = {"Content-Type": "application/x-amz-json-1.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("service", "headers", "body", "status", "code"),
    [
        (
            "sqs",
            {**JSON, "X-Amz-Target": "AmazonSQS.CreateQueue"},
            b"{bad",
            400,
            "SerializationException",
        ),
        (
            "sqs",
            {**JSON, "X-Amz-Target": "AmazonSQS.Nothing"},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        ("iam", FORM, b"Action=Nothing&Version=2010-05-08", 400, "InvalidAction"),
        ("s3", FORM, b"<not-xml", 405, "MethodNotAllowed"),
        ("robomaker", JSON, b"{}", None, None),
    ],
    ids=["bad-json", "unknown-json", "unknown-query", "unknown-rest", "no-such-service"],
)
def test_requests_that_are_not_understood(emulator, service, headers, body, status, code):
    reply = post_signed(emulator, service, body, headers)
    assert_clean(reply)
    assert reply.status_code >= 400
    if status is not None:
        assert reply.status_code == status, reply.text
        assert code in reply.text
    assert emulator.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize(
    "text",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x00\x05nonsense",
    ],
    ids=["no-http", "long-header", "huge-body", "negative", "bad-chunk", "broken-tls"],
)
def test_bad_bytes_do_not_hang_or_harm(emulator, text):
    answer = raw(emulator, text, seconds=3)
    assert b"Traceback" not in answer
    assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    assert emulator.instance.ready()


def test_huge_body_is_refused_at_once(emulator):
    head = b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=3) as connection:
        connection.sendall(head)
        first = connection.recv(65536)
    assert first.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "host",
    [
        "names-bucket.s3.localhost:{port}",
        "names-bucket.s3.us-east-1.localhost:{port}",
        "names-bucket.s3.amazonaws.com",
        "names-bucket.s3.us-east-1.amazonaws.com",
        "names-bucket.s3.localhost.localstack.cloud:{port}",
    ],
)
def test_a_bucket_answers_by_host_name(emulator, host):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="names-bucket")
    s3.delete_public_access_block(Bucket="names-bucket")
    s3.put_bucket_policy(
        Bucket="names-bucket",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::names-bucket/*",
                },
            }
        ),
    )
    s3.put_object(Bucket="names-bucket", Key="a/b.txt", Body=b"by name")
    reply = emulator.anonymous.get("/a/b.txt", headers={"Host": host.format(port=emulator.port)})
    assert reply.text == "by name"


def test_status_line_and_headers_are_aws_s(emulator):
    answer = raw(emulator, b"GET /none/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head = answer.split(b"\r\n\r\n")[0].decode()
    assert head.startswith("HTTP/1.1 404 Not Found\r\n")
    assert "\r\nServer: AmazonS3" in head
    assert "localstack" not in head.lower()


def test_unknown_sandbox_routes_say_so(emulator):
    for method, path in (("POST", "/_sandbox/nothing"), ("DELETE", "/_sandbox/clock")):
        reply = emulator.anonymous.request(method, path)
        assert reply.status_code == 404
        assert path in reply.json()["message"]


def test_json_answers_say_that_they_are_json(emulator):
    seen = []
    functions = emulator.client("lambda")
    functions.meta.events.register(
        "after-call.lambda.*", lambda http_response, **_: seen.append(http_response.headers)
    )
    functions.list_functions()
    assert seen[0]["Content-Type"] == "application/json"


def test_what_is_not_there_says_so_plainly(emulator):
    with pytest.raises(ClientError) as refused:
        emulator.client("ses").create_receipt_filter(
            Filter={"Name": "f", "IpFilter": {"Policy": "Block", "Cidr": "10.0.0.0/8"}}
        )
    with pytest.raises(ClientError) as unknown:
        emulator.client("gamelift").list_fleets()
    for error in (refused.value, unknown.value):
        text = error.response["Error"]["Message"]
        assert "plan" not in text and "docs." not in text
