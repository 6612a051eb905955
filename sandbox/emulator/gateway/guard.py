"""The first handler of the chain: the emulator's own routes are not for everybody.

`/_localstack` can stop, restart and reconfigure the emulator; anybody who can send a request (a graded
submission, a web page) must not.
"""

from __future__ import annotations

import json

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator.gateway import admin

READABLE = ("/_localstack/health", "/_localstack/info", "/_localstack/init")


class GuardHandler(Handler):
    """Refuses internal routes without the admin token."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        request = context.request
        if request.path.startswith("/_sandbox/") and not admin.knows(request):
            _answer(
                response, 404, "NotFound", f"The sandbox has no {request.method} {request.path}."
            )
            chain.terminate()
            return
        if not request.path.startswith("/_localstack/"):
            return
        if request.method in ("GET", "HEAD") and request.path in READABLE:
            return
        if not admin.is_admin(request):
            _answer(response, 403, "AccessDenied", "This needs the sandbox's own token.")
            chain.terminate()


def _answer(response: Response, status: int, code: str, message: str) -> None:
    response.status_code = status
    response.mimetype = "application/json"
    response.data = json.dumps({"__type": code, "message": message}).encode()
