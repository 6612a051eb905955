"""Which pages may call what."""

from __future__ import annotations

import pytest

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-amz-target",
}


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://site.s3-website.us-east-1.localhost:4566",
        "http://127.0.0.1:8",
    ],
)
def test_pages_of_this_machine_may_call_the_apis(emulator, origin):
    reply = emulator.anonymous.options("/", headers={"Origin": origin, **PREFLIGHT})
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-origin"] == origin
    assert "x-amz-target" in reply.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.localstack.cloud", "null", "http://localhost.evil"],
)
def test_other_pages_may_not(emulator, origin):
    for method in ("OPTIONS", "POST"):
        reply = emulator.anonymous.request(method, "/", headers={"Origin": origin, **PREFLIGHT})
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers


def test_a_bucket_without_rules_answers_no_page(emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="cors-none")
    s3.put_object(Bucket="cors-none", Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "cors-none", "Key": "k"})
    reply = emulator.anonymous.get(url, headers={"Origin": "http://localhost:3000"})
    assert reply.text == "x"
    assert "access-control-allow-origin" not in reply.headers
    refused = emulator.anonymous.options(
        url, headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    )
    assert refused.status_code == 403
    assert "CORS is not enabled for this bucket" in refused.text


def test_a_bucket_answers_by_its_rules(emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="cors-rules")
    s3.put_object(Bucket="cors-rules", Key="k", Body=b"x")
    rule = {
        "AllowedMethods": ["GET"],
        "AllowedOrigins": ["https://ok.example"],
        "MaxAgeSeconds": 30,
    }
    s3.put_bucket_cors(Bucket="cors-rules", CORSConfiguration={"CORSRules": [rule]})
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "cors-rules", "Key": "k"})
    allowed = emulator.anonymous.get(url, headers={"Origin": "https://ok.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://ok.example"
    other = emulator.anonymous.get(url, headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers
    ask = {"Origin": "https://ok.example", "Access-Control-Request-Method": "PUT"}
    assert emulator.anonymous.options(url, headers=ask).status_code == 403
