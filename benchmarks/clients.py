"""Clients of the benchmarks."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the account's root, with a connection of its own."""
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def getter(port: int, host: str, path: str) -> Callable[[], bytes]:
    """A function that fetches `path` with `Host: host` over one kept connection; raises for non-200."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def get() -> bytes:
        connection.request("GET", path, headers={"Host": host})
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} {body[:200]!r}")
        return body

    return get
