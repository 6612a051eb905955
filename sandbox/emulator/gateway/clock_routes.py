"""Reading and moving the sandbox clock over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rolo import Request, Router

from sandbox.emulator import clock
from sandbox.emulator.gateway import admin

LONGEST_STEP = timedelta(days=3653)


def register_routes(router: Router) -> None:
    """`GET /clock` and `POST /clock {"advance_seconds": n}`, both answering the clock's state."""
    admin.route(router, "GET", "/clock", _read, student=True)
    admin.route(router, "POST", "/clock", _advance, student=True)


def _state() -> dict[str, Any]:
    return {
        "now": clock.now().isoformat(),
        "offset_seconds": clock.offset().total_seconds(),
    }


def _read(request: Request) -> dict[str, Any]:
    return _state()


def _advance(request: Request) -> dict[str, Any]:
    step = admin.body(request).get("advance_seconds")
    if isinstance(step, bool) or not isinstance(step, int | float) or not step >= 0:
        raise admin.Refusal(400, "advance_seconds must be a number of seconds, 0 or more.")
    if step > LONGEST_STEP.total_seconds():
        raise admin.Refusal(400, "One step moves the clock ten years at most.")
    clock.advance(timedelta(seconds=step))
    return _state()
