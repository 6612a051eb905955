"""Fixtures that all tests share: a running emulator on an ephemeral world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config

from sandbox.stack import instance


class LoopbackNames(httpx.HTTPTransport):
    """Sends `anything.localhost` to loopback, as browsers and curl do; the Host header stays."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".localhost") or request.url.host == "localhost":
            request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


class Emulator:
    """A sandbox for tests: `endpoint`, `port`, boto3 clients, a visitor without credentials."""

    def __init__(self, started: instance.Instance) -> None:
        self.instance = started
        self.endpoint = started.endpoint
        self.port = started.port
        self.anonymous = httpx.Client(base_url=self.endpoint, transport=LoopbackNames(), timeout=20)

    def client(
        self,
        service: str,
        *,
        access_key: str = "test",
        secret_key: str = "test",
        token: str | None = None,
        region: str = "us-east-1",
        **config,
    ):
        """A boto3 client; by default the root of account 000000000000."""
        config.setdefault("s3", {"addressing_style": "path"})
        config.setdefault("retries", {"max_attempts": 1})
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            region_name=region,
            config=Config(**config),
        )

    def advance(self, seconds: float) -> None:
        """Move the sandbox clock."""
        self.instance.call("POST", "/clock", {"advance_seconds": seconds})


@pytest.fixture(scope="session")
def sandbox_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder of the tests' own."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def emulator(sandbox_home: Path) -> Iterator[Emulator]:
    """One emulator for the whole run, on an ephemeral world and a free port."""
    started = instance.start("test", ephemeral=True, home=sandbox_home, tied=True)
    found = Emulator(started)
    yield found
    found.anonymous.close()
    started.stop()


@pytest.fixture(scope="module")
def own_emulator(sandbox_home: Path) -> Iterator[Emulator]:
    """An emulator of one module's own, for tests that move its clock or break it."""
    started = instance.start("own", ephemeral=True, home=sandbox_home, tied=True)
    found = Emulator(started)
    yield found
    found.anonymous.close()
    started.stop()


@pytest.fixture(autouse=True, scope="session")
def _no_real_aws() -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
