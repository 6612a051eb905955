"""The `/_sandbox/...` routes on the endpoint: what the `sandbox` command asks the emulator.

Two tokens guard them. The admin token (in the instance's record, readable by its owner alone) opens
everything; the student token, given to a replayed submission, opens what a student may do inside a lab:
reading the status and the events, moving the clock, reading mail. A feature module adds its routes with
`register_routes(router)` and is named in FEATURES.
"""

from __future__ import annotations

import hmac
import importlib
import json
import logging
import os
from collections.abc import Callable
from typing import Any

from rolo import Request, Response, Router

from sandbox.emulator import clock, world

LOG = logging.getLogger(__name__)
TOKEN_HEADER = "X-Sandbox-Token"
FEATURES: tuple[str, ...] = (
    "sandbox.emulator.lambda_.routes",
    "sandbox.emulator.gateway.clock_routes",
    "sandbox.emulator.cloudtrail.routes",
    "sandbox.emulator.mail.routes",
)

Endpoint = Callable[..., Any]
_known: set[tuple[str, str]] = set()


class Refusal(Exception):
    """An answer with an error status and one plain sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def route(
    router: Router, method: str, path: str, endpoint: Endpoint, *, student: bool = False
) -> None:
    """Serve `endpoint(request, **path_parameters)` at `/_sandbox` + `path`.

    What it returns is sent as JSON; a `Refusal` becomes `{"message": ...}` with its status. With
    `student=True` the student token is enough.
    """

    def serve(request: Request, **parameters: Any) -> Response:
        if not _token_opens(request.headers.get(TOKEN_HEADER, ""), student):
            return _json({"message": "This needs the sandbox's own token."}, 403)
        try:
            return _json(endpoint(request, **parameters))
        except Refusal as refusal:
            return _json({"message": str(refusal)}, refusal.status)
        except Exception as error:
            LOG.exception("error in %s %s", method, path)
            return _json({"message": f"The sandbox failed: {type(error).__name__}."}, 500)

    _known.add((method, f"/_sandbox{path}"))
    router.add(f"/_sandbox{path}", serve, methods=[method])


def open_page(router: Router, path: str, endpoint: Endpoint) -> None:
    """Serve a page to a browser, which carries no token; `endpoint` returns the response itself."""
    _known.add(("GET", path))
    router.add(path, endpoint, methods=["GET"])


def register_routes(router: Router) -> None:
    """Add the routes of every feature to LocalStack's edge router."""
    _known.add(("GET", "/_sandbox/status"))
    router.add("/_sandbox/status", _status, methods=["GET"])
    for feature in FEATURES:
        importlib.import_module(feature).register_routes(router)


def body(request: Request) -> dict[str, Any]:
    """The request's JSON object; Refusal 400 for anything else."""
    try:
        found = json.loads(request.get_data(cache=True) or b"{}")
    except ValueError:
        raise Refusal(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return found


def knows(request: Request) -> bool:
    """Whether there is a route for the request's method and path."""
    return (request.method, request.path) in _known


def is_admin(request: Request) -> bool:
    """Whether the request carries the admin token."""
    return _token_opens(request.headers.get(TOKEN_HEADER, ""), student=False)


def _status(request: Request, **_: Any) -> Response:
    from sandbox.emulator.state import saver

    return _json(
        {
            "ready": True,
            "world": world.name(),
            "ephemeral": world.ephemeral(),
            "pid": os.getpid(),
            "changes": saver.changes(),
            "clock": clock.now().isoformat(),
            "clock_offset_seconds": clock.offset().total_seconds(),
        }
    )


def _token_opens(given: str, student: bool) -> bool:
    accepted = [os.environ.get("SANDBOX_ADMIN_TOKEN", "")]
    if student:
        accepted.append(os.environ.get("SANDBOX_STUDENT_TOKEN", ""))
    return any(token and hmac.compare_digest(given, token) for token in accepted)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, default=str), status=status, mimetype="application/json")
