"""The mailbox in a browser: a list that renews itself, and the messages as their senders wrote them.

A mail's HTML comes from a student's template or from anybody who signs up: it is shown in a frame without
scripts, without the page's origin, and with nothing to load.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from rolo import Request, Response, Router

from sandbox.emulator import clock, world
from sandbox.emulator.gateway import admin
from sandbox.emulator.mail import mailbox

PATH = "/_sandbox/mailbox"
TEMPLATE = Path(__file__).parent / "pages" / "mailbox.html"
SHOWN = 100
HOSTS = ("localhost", "127.0.0.1")
# Of the page itself: its own style and script, and the frame from this origin.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BODY_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def register(router: Router) -> None:
    """Serve the page; no token, for a browser has none."""
    admin.open_page(router, PATH, _serve)


def _serve(request: Request, **_: Any) -> Response:
    # A page of another name that points to this machine must not read mail.
    if request.host.split(":")[0] not in HOSTS:
        return Response("Not found.", status=404, mimetype="text/plain")
    given = request.args
    if "latest" in given:
        return _sent(json.dumps({"latest": mailbox.newest_id()}), "application/json")
    named = given.get("id", "")
    identity = int(named) if named.isdecimal() and len(named) < 16 else 0
    if "body" in given:
        return _body(identity)
    messages = mailbox.read(limit=SHOWN)
    chosen = mailbox.find(identity) if identity else (messages[0] if messages else None)
    text = _template().render(
        world=world.name(),
        clock=clock.now(),
        messages=[_row(message) for message in messages],
        chosen=_row(chosen) | {"text": chosen.text, "html": bool(chosen.html)} if chosen else None,
        latest=messages[0].id if messages else 0,
    )
    return _sent(text, "text/html", POLICY)


def _body(identity: int) -> Response:
    found = mailbox.find(identity)
    if found is None:
        return Response("Not found.", status=404, mimetype="text/plain")
    style = "<style>body{font:16px/1.55 system-ui,sans-serif;margin:1rem;color:#16191f}</style>"
    return _sent(
        f"<!DOCTYPE html><meta charset=utf-8>{style}{found.html}", "text/html", BODY_POLICY
    )


def _sent(text: str, mimetype: str, policy: str | None = None) -> Response:
    response = Response(text, status=200, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if policy:
        response.headers["Content-Security-Policy"] = policy
    return response


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _row(message: mailbox.Message) -> dict[str, Any]:
    moment = datetime.fromtimestamp(message.time, UTC)
    subject = message.subject or message.text.strip().splitlines()[0][:80] if message.text else ""
    return message.summary() | {
        "sender": message.sender,
        "shown_time": f"{moment:%Y-%m-%d %H:%M:%S}",
        "title": message.subject or subject or "(no subject)",
    }
