"""The page that a browser finds at the endpoint: what runs here, and what was refused lately.

AWS sends a browser that opens an API endpoint away to its own pages; here this is the natural place to look.
Requests with credentials and programs that do not ask for HTML pass on to the services.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator import clock, world

TEMPLATE = Path(__file__).parent / "pages" / "home.html"
LATEST = 12


class HomeHandler(Handler):
    """Answers `GET /` of a browser and ends the chain there."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        request = context.request
        if request.method != "GET" or request.path != "/" or request.query_string:
            return
        headers = request.headers
        if "text/html" not in headers.get("Accept", "") or headers.get("Authorization"):
            return
        if request.host.split(":")[0] not in ("localhost", "127.0.0.1"):
            return
        response.status_code = 200
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        response.headers["Cache-Control"] = "no-store"
        # The page is for the one who sits here, not for another page's frame.
        response.headers["X-Frame-Options"] = "DENY"
        response.data = _template().render(**_facts(request.host)).encode()
        chain.terminate()


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _facts(host: str) -> dict[str, Any]:
    from sandbox.emulator.cloudtrail import record

    record.flush()
    ahead = clock.offset()
    return {
        "world": world.name(),
        "ephemeral": world.ephemeral(),
        "clock": clock.now(),
        "ahead": str(ahead).split(".")[0] if ahead else "",
        "websites": _websites(host),
        "events": [_shown(row) for row in record.select("ORDER BY id DESC LIMIT ?", LATEST)],
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    moment = datetime.fromtimestamp(row["time"], UTC)
    # CloudTrail calls a caller without credentials an AWSAccount.
    visitor = row["caller_type"] == "AWSAccount" and not row["access_key"]
    who = "a visitor" if visitor else row["user_name"] or row["caller_type"]
    return row | {"time_text": f"{moment:%H:%M:%S}", "who": who}


def _websites(host: str) -> list[dict[str, str]]:
    from sandbox.emulator.access import buckets
    from sandbox.emulator.state import restore

    restore.ensure("s3")
    port = host.partition(":")[2]
    suffix = f":{port}" if port else ""
    found = {
        bucket.name: f"http://{bucket.name}.s3-website.{bucket.bucket_region}.localhost{suffix}/"
        for bucket in buckets.all_buckets()
        if bucket.website_configuration
    }
    return [{"name": name, "url": url} for name, url in sorted(found.items())]
