"""The finished site of lab 1 in a browser."""

from __future__ import annotations

import json
import mimetypes
import os
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "fixtures" / "lab-01" / "site"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def website(emulator) -> str:
    """The address of the site's website endpoint."""
    s3 = emulator.client("s3")
    bucket = "browser-aquarium"
    s3.create_bucket(Bucket=bucket)
    for file in SITE.rglob("*"):
        if file.is_file():
            s3.put_object(
                Bucket=bucket,
                Key=file.relative_to(SITE).as_posix(),
                Body=file.read_bytes(),
                ContentType=mimetypes.guess_type(file.name)[0] or "binary/octet-stream",
            )
    s3.delete_public_access_block(Bucket=bucket)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"},
            "ErrorDocument": {"Key": "error.html"},
        },
    )
    return f"http://{bucket}.s3-website.us-east-1.localhost:{emulator.port}"


def test_start_page_shows_its_pictures(page, website):
    failed: list[str] = []
    page.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
    page.goto(website)
    assert page.title() == "Lantern Bay Aquarium"
    widths = page.eval_on_selector_all("img", "images => images.map(i => i.naturalWidth)")
    assert len(widths) == 4
    assert all(widths)
    assert [url for url in failed if not url.endswith("favicon.ico")] == []
    if folder := os.environ.get("SANDBOX_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "lab-01-site.png")


def test_links_lead_to_the_other_pages(page, website):
    page.goto(website)
    page.click("text=Visit")
    assert page.inner_text("h1") == "Visit us"
    page.click("text=News")
    assert page.inner_text("h1") == "News"


def test_wrong_address_shows_the_error_page_and_the_way_back(page, website):
    reply = page.goto(f"{website}/no/such/room")
    assert reply.status in (403, 404)
    assert page.inner_text("h1") == "This room is empty"
    page.click("text=Back to the rooms")
    assert page.inner_text("h1") == "Lantern Bay Aquarium"
