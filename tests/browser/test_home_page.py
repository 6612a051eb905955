"""The page at the endpoint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


def test_it_shows_the_world_its_websites_and_what_was_refused(page, emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="home-page-site")
    s3.put_bucket_website(
        Bucket="home-page-site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    emulator.anonymous.get("/home-page-site/<script>alert(1)</script>")
    reply = page.goto(f"http://localhost:{emulator.port}/")
    assert reply.status == 200
    assert "World" in page.inner_text("h1")
    assert page.get_attribute("text=home-page-site", "href") == (
        f"http://home-page-site.s3-website.us-east-1.localhost:{emulator.port}/"
    )
    table = page.inner_text("table")
    assert "403 AccessDenied" in table
    assert "<script>alert(1)</script>" in table
    if folder := os.environ.get("SANDBOX_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "home.png")


def test_programs_still_reach_s3_at_the_root(emulator):
    assert "Buckets" in emulator.client("s3").list_buckets()
    refused = emulator.anonymous.get("/", headers={"Accept": "*/*"})
    assert "<title>" not in refused.text
