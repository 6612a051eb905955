"""The website endpoint as a browser sees it."""

from __future__ import annotations

import json

import pytest

REGION = "us-east-1"


@pytest.fixture(scope="module")
def site(emulator):
    """A public bucket with a website; returns a function that fetches a path."""
    s3 = emulator.client("s3")
    bucket = "website-tests"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": f"arn:aws:s3:::{bucket}/*",
                    }
                ],
            }
        ),
    )
    for key, body in {
        "index.html": "<h1>home</h1>",
        "docs/index.html": "<h1>docs</h1>",
        "error.html": "<h1>lost</h1>",
        "a file.txt": "text",
    }.items():
        kind = "text/html" if key.endswith("html") else "text/plain"
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType=kind)
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"},
            "ErrorDocument": {"Key": "error.html"},
            "RoutingRules": [
                {
                    "Condition": {"KeyPrefixEquals": "old/"},
                    "Redirect": {"ReplaceKeyPrefixWith": "docs/"},
                },
            ],
        },
    )

    def fetch(path: str, bucket: str = bucket, method: str = "GET", **headers: str):
        host = f"{bucket}.s3-website.{REGION}.localhost:{emulator.port}"
        return emulator.anonymous.request(
            method,
            f"http://{host}{path}",
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )

    return fetch


def test_index_documents_of_root_and_folder(site):
    assert site("/").text == "<h1>home</h1>"
    assert site("/").headers["content-type"] == "text/html"
    assert site("/docs/").text == "<h1>docs</h1>"


def test_folder_without_slash_redirects_to_folder(site):
    reply = site("/docs")
    assert (reply.status_code, reply.headers["location"]) == (302, "/docs/")


def test_missing_page_shows_the_error_document_with_403_when_listing_is_not_allowed(site):
    reply = site("/nothing.html")
    assert reply.status_code == 403
    assert reply.text == "<h1>lost</h1>"
    assert reply.headers["x-amz-error-code"] == "AccessDenied"


def test_key_with_a_space(site):
    assert site("/a%20file.txt").text == "text"


def test_routing_rule_replaces_the_prefix(site):
    reply = site("/old/page.html")
    assert reply.status_code == 301
    assert reply.headers["location"].endswith("/docs/page.html")
    assert reply.headers["location"].startswith("http://website-tests.s3-website.")


def test_head_has_the_length_and_no_body(site):
    reply = site("/", method="HEAD")
    assert reply.status_code == 200
    assert reply.headers["content-length"] == "13"
    assert reply.content == b""


def test_post_is_not_allowed(site):
    reply = site("/", method="POST")
    assert reply.status_code == 405
    assert "Code: MethodNotAllowed" in reply.text


def test_unchanged_page_is_not_sent_again(site):
    etag = site("/").headers["etag"]
    assert site("/", If_None_Match=etag).status_code == 304
    assert site("/", If_None_Match='"other"').status_code == 200


def test_range(site):
    reply = site("/", Range="bytes=4-7")
    assert (reply.status_code, reply.text) == (206, "home")


def test_unknown_bucket_and_bucket_without_website(site, emulator):
    reply = site("/", bucket="no-such-bucket-here")
    assert reply.status_code == 404
    assert "Code: NoSuchBucket" in reply.text
    emulator.client("s3").create_bucket(Bucket="no-website-here")
    reply = site("/", bucket="no-website-here")
    assert reply.status_code == 404
    assert "Code: NoSuchWebsiteConfiguration" in reply.text


def test_aws_host_name_is_accepted(emulator, site):
    reply = emulator.anonymous.get(
        "/", headers={"Host": "website-tests.s3-website-us-east-1.amazonaws.com"}
    )
    assert reply.text == "<h1>home</h1>"


def test_private_bucket_refuses_with_html(site, emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="private-website")
    s3.put_object(Bucket="private-website", Key="index.html", Body=b"secret")
    s3.put_bucket_website(
        Bucket="private-website",
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}},
    )
    reply = site("/", bucket="private-website")
    assert reply.status_code == 403
    assert "<h1>403 Forbidden</h1>" in reply.text
    assert "Code: AccessDenied" in reply.text
