"""Sends requests for APIs to their kind of gateway, ahead of the AWS chain.

Nothing of the AWS chain applies to them: no service, no signature unless the method asks for one, and no
cross-origin headers but those that the API itself sends.
"""

from __future__ import annotations

import json
import logging

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator.execute_api import addresses
from sandbox.emulator.state import restore

LOG = logging.getLogger(__name__)


class ExecuteApiHandler(Handler):
    """Answers requests whose host or path names an API, and ends the chain there."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        address = addresses.of(context.request)
        if address is None:
            if not self._domain(context, response):
                return
            chain.terminate()
            return
        try:
            serve(address, context, response)
        except Exception:
            LOG.exception("error in the gateway of API %s", address.api_id)
            refuse(response, 500, "Internal server error", "InternalServerErrorException")
        chain.terminate()

    @staticmethod
    def _domain(context: RequestContext, response: Response) -> bool:
        """Answer a request for a custom domain name; False when the host is none."""
        from sandbox.emulator.execute_api import domains

        found = domains.find(context.request.headers.get("Host", ""))
        if found is None:
            return False
        path, query = addresses.target(context.request)
        address = domains.address(found, path, query)
        if address is None:
            refuse(response, 403, "Forbidden", "ForbiddenException")
            return True
        try:
            serve(address, context, response)
        except Exception:
            LOG.exception("error in the gateway of API %s", address.api_id)
            refuse(response, 500, "Internal server error", "InternalServerErrorException")
        return True


def serve(address: addresses.Address, context: RequestContext, response: Response) -> None:
    """Answer one request of an API."""
    restore.ensure("apigateway")
    from sandbox.emulator.apigateway import endpoint as rest

    if rest.knows(address.api_id):
        rest.serve(address, context, response)
        return
    restore.ensure("apigatewayv2")
    from sandbox.emulator.apigatewayv2 import endpoint as http

    if http.knows(address.api_id):
        http.serve(address, context, response)
        return
    refuse(response, 403, "Forbidden", "ForbiddenException")


def refuse(response: Response, status: int, message: str, kind: str) -> None:
    """An answer in the words of API Gateway's own layer, which knows no API."""
    response.status_code = status
    response.data = json.dumps({"message": message}, separators=(",", ":")).encode()
    response.headers["Content-Type"] = "application/json"
    response.headers["x-amzn-ErrorType"] = kind
