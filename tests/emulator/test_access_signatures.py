"""Who is calling: signatures in headers, URLs, forms and chunks, and what is said to false ones."""

from __future__ import annotations

import datetime
import hashlib
import io
import re
import time

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

BUCKET, KEY = "access-signatures", "a b+c/ü.txt"


@pytest.fixture(scope="module")
def s3(emulator):
    client = emulator.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key=KEY, Body=b"hello")
    return client


def error_of(call, *args, **kwargs) -> dict:
    with pytest.raises(ClientError) as problem:
        call(*args, **kwargs)
    response = problem.value.response
    return {
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "code": response["Error"]["Code"],
        "message": response["Error"].get("Message", ""),
    }


MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
INVALID = "The security token included in the request is invalid."
UNKNOWN_KEY, WRONG_SECRET = {"access_key": "AKIAIOSFODNN7EXAMPLE"}, {"secret_key": "wrong"}


@pytest.mark.parametrize(
    ("service", "operation", "keys", "status", "code", "message"),
    [
        (
            "s3",
            "list_buckets",
            UNKNOWN_KEY,
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (
            "s3",
            "list_buckets",
            WRONG_SECRET,
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        ),
        ("sts", "get_caller_identity", UNKNOWN_KEY, 403, "InvalidClientTokenId", INVALID),
        ("sts", "get_caller_identity", WRONG_SECRET, 403, "SignatureDoesNotMatch", MISMATCH),
        ("iam", "list_users", UNKNOWN_KEY, 403, "InvalidClientTokenId", INVALID),
        ("dynamodb", "list_tables", UNKNOWN_KEY, 400, "UnrecognizedClientException", INVALID),
        ("dynamodb", "list_tables", WRONG_SECRET, 400, "InvalidSignatureException", MISMATCH),
        ("lambda", "list_functions", WRONG_SECRET, 403, "InvalidSignatureException", MISMATCH),
        (
            "ec2",
            "describe_vpcs",
            UNKNOWN_KEY,
            401,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        ),
    ],
)
def test_false_keys(emulator, service, operation, keys, status, code, message):
    found = error_of(getattr(emulator.client(service, **keys), operation))
    assert found == {"status": status, "code": code, "message": message}


@pytest.mark.parametrize("account", ["000000000000", "123456789012"])
def test_a_number_is_the_root_of_that_account(emulator, account):
    identity = emulator.client("sts", access_key=account).get_caller_identity()
    assert identity["Account"] == identity["UserId"] == account
    assert identity["Arn"] == f"arn:aws:iam::{account}:root"
    assert (
        error_of(
            emulator.client("sts", access_key=account, secret_key="guess").get_caller_identity
        )["code"]
        == "SignatureDoesNotMatch"
    )


def test_no_signature(emulator, s3):
    reply = emulator.anonymous.get(f"/{BUCKET}")
    assert reply.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Access Denied</Message>" in reply.text
    form = {"Action": "ListUsers", "Version": "2010-05-08"}
    reply = emulator.anonymous.post("/", data=form)
    assert reply.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in reply.text
    assert "Request is missing Authentication Token" in reply.text


def test_an_old_date(emulator):
    """A request signed 20 minutes ago: S3 and the others each say it in their way."""
    found = signed_at(emulator, "s3", minutes=-20)
    assert found.status_code == 403
    assert "<Code>RequestTimeTooSkewed</Code>" in found.text
    assert "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>" in found.text
    found = signed_at(emulator, "sts", minutes=-20)
    assert "<Code>SignatureDoesNotMatch</Code>" in found.text
    assert re.search(r"Signature expired: \d+T\d+Z is now earlier than \d+T\d+Z \(", found.text)
    found = signed_at(emulator, "sts", minutes=20)
    assert re.search(r"Signature not yet current: \d+T\d+Z is still later than", found.text)


def signed_at(emulator, service: str, minutes: int) -> httpx.Response:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    body = b"" if service == "s3" else b"Action=GetCallerIdentity&Version=2011-06-15"
    method = "GET" if service == "s3" else "POST"
    headers = {} if service == "s3" else {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest(method, f"{emulator.endpoint}/", data=body, headers=headers)
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials("test", "test"), service, "us-east-1"
    )
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return emulator.anonymous.request(
        method, "/", content=body, headers=dict(request.headers.items())
    )


def headers_for(emulator, body: bytes, path: str) -> dict[str, str]:
    request = AWSRequest("PUT", f"{emulator.endpoint}{path}", data=body)
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_another_body_than_was_signed(emulator, s3):
    path = f"/{BUCKET}/tampered"
    reply = emulator.anonymous.put(
        path, content=b"evil", headers=headers_for(emulator, b"good", path)
    )
    assert reply.status_code == 400
    assert "<Code>XAmzContentSHA256Mismatch</Code>" in reply.text
    computed = hashlib.sha256(b"evil").hexdigest()
    assert f"<S3ComputedContentSHA256>{computed}</S3ComputedContentSHA256>" in reply.text
    assert error_of(s3.head_object, Bucket=BUCKET, Key="tampered")["status"] == 404


def test_headers_that_were_not_signed(emulator, s3):
    path = f"/{BUCKET}/unsigned"
    headers = headers_for(emulator, b"x", path) | {"x-amz-meta-owner": "eve"}
    reply = emulator.anonymous.put(path, content=b"x", headers=headers)
    assert reply.status_code == 403
    assert "<HeadersNotSigned>x-amz-meta-owner</HeadersNotSigned>" in reply.text


def test_incomplete_headers(emulator):
    reply = emulator.anonymous.post(
        "/",
        data={"Action": "ListUsers", "Version": "2010-05-08"},
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request"
        },
    )
    assert reply.status_code == 400
    assert "<Code>IncompleteSignature</Code>" in reply.text
    assert "Authorization header requires 'Signature' parameter." in reply.text


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_a_presigned_url(emulator, s3, version, style):
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{'s3.' if style == 'virtual' else ''}localhost:{emulator.port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(signature_version=version, s3={"addressing_style": style}),
    )
    url = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": BUCKET, "Key": KEY, "ResponseContentType": "text/x"},
        ExpiresIn=60,
    )
    assert (style == "virtual") == (f"//{BUCKET}.s3.localhost" in url)
    reply = emulator.anonymous.get(url)
    assert (reply.status_code, reply.text) == (200, "hello")
    assert reply.headers["Content-Type"].startswith("text/x")
    for tampered in (
        url.replace("text%2Fx", "text%2Fy"),
        url.replace("a%20b", "a"),
        re.sub(r"(Signature=)(..)", r"\g<1>00", url),
    ):
        reply = emulator.anonymous.get(tampered)
        assert reply.status_code == 403, tampered
        assert "<Code>SignatureDoesNotMatch</Code>" in reply.text
    assert emulator.anonymous.put(url, content=b"x").status_code == 403


def test_a_presigned_upload(emulator, s3):
    client = emulator.client("s3", signature_version="s3v4")
    url = client.generate_presigned_url(
        "put_object",
        Params={"Bucket": BUCKET, "Key": "up", "ContentType": "text/css"},
        ExpiresIn=60,
    )
    headers = {"Content-Type": "text/css"}
    assert emulator.anonymous.put(url, content=b"x", headers={}).status_code == 403
    assert emulator.anonymous.put(url, content=b"x", headers=headers).status_code == 200
    assert s3.head_object(Bucket=BUCKET, Key="up")["ContentType"] == "text/css"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_form(emulator, s3, version):
    client = emulator.client("s3", signature_version=version)
    form = client.generate_presigned_post(BUCKET, "form.txt", ExpiresIn=60)
    fields = form["fields"]
    reply = emulator.anonymous.post(f"/{BUCKET}", data=fields, files={"file": b"posted"})
    assert reply.status_code == 204
    assert s3.get_object(Bucket=BUCKET, Key="form.txt")["Body"].read() == b"posted"
    name = "x-amz-signature" if version == "s3v4" else "signature"
    forged = fields | {name: "0" * len(fields[name])}
    reply = emulator.anonymous.post(f"/{BUCKET}", data=forged, files={"file": b"evil"})
    assert "<Code>SignatureDoesNotMatch</Code>" in reply.text
    reply = emulator.anonymous.post(f"/{BUCKET}", data={"key": "x"}, files={"file": b"evil"})
    assert reply.status_code == 403


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("X-Amz-Expires=604801", "must be less than a week"),
        ("X-Amz-Expires=-1", "X-Amz-Expires must be non-negative"),
        ("X-Amz-Expires=soon", "X-Amz-Expires should be a number"),
        ("", "Query-string authentication version 4 requires"),
    ],
)
def test_impossible_expiry(emulator, s3, change, message):
    client = emulator.client("s3", signature_version="s3v4")
    url = client.generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": KEY}, ExpiresIn=60
    )
    reply = emulator.anonymous.get(url.replace("X-Amz-Expires=60", change))
    assert reply.status_code == 400
    assert "<Code>AuthorizationQueryParametersError</Code>" in reply.text
    assert message in reply.text


def test_a_url_ends_on_the_sandbox_clock(own_emulator):
    client = own_emulator.client("s3", signature_version="s3v4")
    client.create_bucket(Bucket="clock-bucket")
    client.put_object(Bucket="clock-bucket", Key="k", Body=b"x")

    def url() -> str:
        params = {"Bucket": "clock-bucket", "Key": "k"}
        return client.generate_presigned_url("get_object", Params=params, ExpiresIn=3600)

    before = url()
    old = own_emulator.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "clock-bucket", "Key": "k"}
    )
    assert own_emulator.anonymous.get(before).status_code == 200
    assert own_emulator.anonymous.get(old).status_code == 200
    own_emulator.advance(7200)
    for expired in (before, old):
        reply = own_emulator.anonymous.get(expired)
        assert reply.status_code == 403
        assert "<Message>Request has expired</Message>" in reply.text
        assert "<ServerTime>" in reply.text
    # A URL made after the clock was moved counts from then (one of the same second is the same URL).
    while (after := url()) == before:
        time.sleep(0.05)
    assert own_emulator.anonymous.get(after).status_code == 200
    assert client.list_objects_v2(Bucket="clock-bucket")["KeyCount"] == 1


def test_only_the_emulator_may_say_that_it_is_itself(emulator, s3):
    for value in ("{}", '{"service_principal":"s3","source_arn":null}'):
        reply = emulator.anonymous.get(f"/{BUCKET}", headers={"x-localstack-data": value})
        assert reply.status_code == 403
    reply = emulator.anonymous.get(f"/{BUCKET}", headers={"x-moto-account-id": "000000000000"})
    assert reply.status_code == 403


def test_streamed_uploads(emulator, s3):
    """botocore's aws-chunked upload with a trailing checksum, and a multipart upload."""
    s3.put_object(
        Bucket=BUCKET, Key="stream", Body=io.BytesIO(b"z" * 200_000), ChecksumAlgorithm="SHA256"
    )
    assert s3.head_object(Bucket=BUCKET, Key="stream")["ContentLength"] == 200_000
    data = bytes(range(256)) * 50_000
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "multi")
    copy = io.BytesIO()
    s3.download_fileobj(BUCKET, "multi", copy)
    assert copy.getvalue() == data


@pytest.mark.parametrize("chunk_is_true", [True, False])
def test_signed_chunks(emulator, s3, chunk_is_true):
    """An upload whose chunks are signed one by one (as the AWS SDK for Java sends it)."""
    from sandbox.emulator.access import signature

    body = b"chunked!" * 100
    path, payload = f"/{BUCKET}/signed-chunks", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request = AWSRequest(
        "PUT",
        f"{emulator.endpoint}{path}",
        headers={
            "X-Amz-Content-SHA256": payload,
            "X-Amz-Decoded-Content-Length": str(len(body)),
            "Content-Encoding": "aws-chunked",
        },
    )
    signer = SigV4Auth(Credentials("test", "test"), "s3", "us-east-1")
    signer.add_auth(request)
    claim = signature.parse_header(request.headers["Authorization"])
    claim.date = request.headers["X-Amz-Date"]
    previous, encoded = claim.signature, b""
    for chunk in (body, b""):
        text = (
            f"AWS4-HMAC-SHA256-PAYLOAD\n{claim.date}\n{claim.scope}\n{previous}\n"
            f"{signature.EMPTY_HASH}\n{hashlib.sha256(chunk).hexdigest()}"
        )
        previous = signature.sign("test", claim, text)
        encoded += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), previous.encode(), chunk)
    if not chunk_is_true:
        encoded = encoded.replace(b"chunked!", b"changed!", 1)
    reply = emulator.anonymous.put(path, content=encoded, headers=dict(request.headers.items()))
    assert reply.status_code == (200 if chunk_is_true else 403), reply.text
    if chunk_is_true:
        assert s3.get_object(Bucket=BUCKET, Key="signed-chunks")["Body"].read() == body


def test_unsigned_requests_of_boto3(emulator, s3):
    from botocore import UNSIGNED

    client = boto3.client(
        "s3",
        endpoint_url=emulator.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )
    assert error_of(client.get_object, Bucket=BUCKET, Key=KEY) == {
        "status": 403,
        "code": "AccessDenied",
        "message": "Access Denied",
    }
