"""Signature Version 4 against AWS's own published example and botocore."""

from __future__ import annotations

import io

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.emulator.access import chunked, signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_the_documented_signing_key():
    key = signature.signing_key(
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"
    )
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("s3", "http://localhost:4566/b/a%20b%2B%C3%BC/~x?prefix=a%2Fb&list-type=2&empty="),
        ("sqs", "http://localhost:4566/a//b/../c?x=1&x=0"),
        ("lambda", "http://localhost:4566/2015-03-31/functions/arn%3Aaws%3Af/invocations"),
    ],
)
def test_the_same_as_botocore(service, url):
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    request = AWSRequest("PUT", url, data=b"body", headers={"X-Two": "a   b "})
    signer(Credentials("AKIDEXAMPLE", SECRET), service, "us-east-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers["host"] = "localhost:4566"
    claim = signature.parse_header(headers["authorization"])
    claim.date = headers["x-amz-date"]
    path, _, query = url.removeprefix("http://localhost:4566").partition("?")
    payload = headers.get("x-amz-content-sha256") or (
        "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"
    )
    found = {
        signature.sign(
            SECRET,
            claim,
            signature.string_to_sign(
                claim,
                signature.canonical_request(
                    "PUT",
                    candidate,
                    signature.canonical_query(query),
                    headers,
                    claim.signed_headers,
                    payload,
                ),
            ),
        )
        for candidate in signature.canonical_paths(path, service)
    }
    assert claim.signature in found


CHUNK_CLAIM = signature.Claim(
    "AKIAIOSFODNN7EXAMPLE",
    "20130524",
    "us-east-1",
    "s3",
    ("host",),
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    date="20130524T000000Z",
)
CHUNKS = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + b"a" * 65536
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (CHUNKS, True),
        (CHUNKS.replace(b"aaab", b"aaaa").replace(b"a" * 65536, b"a" * 65535 + b"b"), False),
        (CHUNKS[:-100], False),
        (b"nonsense", False),
    ],
)
def test_the_documented_chunks(body, whole):
    assert chunked.verify(io.BytesIO(body), CHUNK_CLAIM, SECRET, trailer=False) is whole


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request", ("Signature", "SignedHeaders")),
        ("AWS4-HMAC-SHA256 ", ("Credential", "Signature", "SignedHeaders")),
        ("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=0", ()),
    ],
)
def test_malformed_headers(header, missing):
    with pytest.raises(signature.Malformed) as problem:
        signature.parse_header(header)
    assert problem.value.missing == missing
