"""`/_sandbox/events`: the record of requests for the command and the checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rolo import Request, Router

from sandbox.emulator.cloudtrail import record
from sandbox.emulator.gateway import admin

MOST_AT_ONCE = 1000


def register_routes(router: Router) -> None:
    """`GET /events?denied=1&service=s3&limit=50&after=ID`."""
    admin.route(router, "GET", "/events", _read, student=True)


def _number(request: Request, name: str, default: int | None) -> int | None:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise admin.Refusal(400, f"{name} must be a whole number, 0 or more.")
    return int(text)


def _read(request: Request) -> dict[str, Any]:
    limit = min(_number(request, "limit", 50) or 50, MOST_AT_ONCE)
    events = record.read(
        denied=request.args.get("denied", "").lower() in ("1", "true", "yes"),
        service=request.args.get("service"),
        after=_number(request, "after", None),
        limit=limit,
    )
    for event in events:
        event["time"] = datetime.fromtimestamp(event["time"], UTC).isoformat()
    return {"events": events, "last": events[-1]["id"] if events else record.newest_id()}
