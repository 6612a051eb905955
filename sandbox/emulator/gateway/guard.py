"""The first handler of the chain: LocalStack's own routes are not for everybody.

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
        if not request.path.startswith("/_localstack/"):
            return
        if request.method in ("GET", "HEAD") and request.path in READABLE:
            return
        if not admin.is_admin(request):
            response.status_code = 403
            response.mimetype = "application/json"
            response.data = json.dumps(
                {"__type": "AccessDenied", "message": "This needs the sandbox's own token."}
            ).encode()
            chain.terminate()
