"""Objects and websites."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from benchmarks.clients import client, getter
from benchmarks.measure import Figure, rate, repeat
from sandbox.stack import instance

BODY = b"x" * 1024


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group: 1 KiB objects."""
    started = instance.start("s3", ephemeral=True, home=home)
    try:
        s3 = client("s3", started.endpoint)
        s3.create_bucket(Bucket="bench")
        _publish(s3)
        numbers = itertools.count()
        host = f"bench.s3-website.us-east-1.localhost:{started.port}"

        def put_with(made):
            return lambda: made.put_object(Bucket="bench", Key=f"k{next(numbers)}", Body=BODY)

        def get_with(made):
            return lambda: made.get_object(Bucket="bench", Key="index.html")["Body"].read()

        def fresh(make):
            return lambda: make(client("s3", started.endpoint))

        return [
            repeat("s3", "put 1 KiB", put_with(s3), 300),
            repeat("s3", "get 1 KiB", get_with(s3), 300),
            repeat("s3", "website page", getter(started.port, host, "/"), 500),
            rate("s3", "put, 1 client", fresh(put_with), 1, seconds),
            rate("s3", "put, 8 clients", fresh(put_with), 8, seconds),
            rate("s3", "get, 1 client", fresh(get_with), 1, seconds),
            rate("s3", "get, 8 clients", fresh(get_with), 8, seconds),
            rate("s3", "website, 1 client", lambda: getter(started.port, host, "/"), 1, seconds),
            rate("s3", "website, 8 clients", lambda: getter(started.port, host, "/"), 8, seconds),
        ]
    finally:
        started.stop()


def _publish(s3) -> None:
    s3.put_object(Bucket="bench", Key="index.html", Body=BODY, ContentType="text/html")
    s3.delete_public_access_block(Bucket="bench")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bench/*",
    }
    s3.put_bucket_policy(
        Bucket="bench", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    s3.put_bucket_website(
        Bucket="bench", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
