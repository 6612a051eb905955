"""`/_sandbox/mail` for the command and the checks, `/_sandbox/mailbox` for a browser."""

from __future__ import annotations

from typing import Any

from rolo import Request, Router

from sandbox.emulator.gateway import admin
from sandbox.emulator.mail import mailbox, page

MOST_AT_ONCE = 500


def register_routes(router: Router) -> None:
    """`GET /mail?to=ADDRESS&code=1&limit=20&after=ID`: the newest messages, newest first."""
    admin.route(router, "GET", "/mail", _read, student=True)
    page.register(router)


def _read(request: Request) -> dict[str, Any]:
    given = request.args
    try:
        limit = max(1, min(int(given.get("limit", 50)), MOST_AT_ONCE))
        after = min(int(given.get("after", 0)), 1 << 62)
    except ValueError:
        raise admin.Refusal(400, "limit and after must be whole numbers.") from None
    found = mailbox.read(
        to=given.get("to") or None,
        code_only=given.get("code", "").lower() in ("1", "true", "yes"),
        after=after,
        limit=limit,
    )
    return {"messages": [message.as_dict() for message in found], "last": mailbox.newest_id()}
