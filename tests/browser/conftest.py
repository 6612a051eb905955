"""A real Chromium, driven by Playwright; skipped by name where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but the page shall be fetched: a browser's own services are switched off.
QUIET = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
]


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A running browser."""
    program = os.environ.get("SANDBOX_CHROMIUM") or next(
        filter(None, map(shutil.which, PROGRAMS)), None
    )
    if program is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=[*QUIET, *root])
        yield running
        running.close()


@pytest.fixture
def page(browser) -> Iterator:
    """A page of a visitor who was never here."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    yield context.new_page()
    context.close()
