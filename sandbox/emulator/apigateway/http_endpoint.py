"""HTTP and HTTP_PROXY integrations.

https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from localstack.services.apigateway.next_gen.execute_api.context import EndpointResponse
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    InternalServerError,
)
from werkzeug.datastructures import Headers

from sandbox.emulator.apigateway.errors import Coded
from sandbox.emulator.apigateway.lambda_proxy import note, timed_out, timeout_seconds
from sandbox.emulator.execute_api import outgoing

WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}
HOP_BY_HOP = {"transfer-encoding", "connection", "keep-alive"}


class HttpEndpoint:
    """Sends the integration request on, with or without mapping."""

    def invoke(self, context: Any) -> EndpointResponse:
        """Call the endpoint; raises the gateway errors of AWS."""
        request = context.integration_request
        url = request["uri"]
        query = urlencode(request["query_string_parameters"] or {}, doseq=True)
        if query:
            url += ("&" if "?" in url else "?") + query
        body = None if request["http_method"] in WITHOUT_BODY else request["body"]
        if isinstance(body, str):
            body = body.encode()
        headers = [(name, value) for name, value in request["headers"]]
        reply = send(context, request["http_method"], url, headers, body)
        return EndpointResponse(
            body=reply.body,
            status_code=reply.status,
            headers=Headers([h for h in reply.headers if h[0].lower() not in HOP_BY_HOP]),
        )


def send(
    context: Any, method: str, url: str, headers: list[tuple[str, str]], body: bytes | None
) -> outgoing.Reply:
    """One request on behalf of an integration, in the integration's time."""
    try:
        return outgoing.send(method, url, headers, body, timeout_seconds(context.integration))
    except outgoing.TimedOut:
        note(context, "Execution failed due to a timeout error")
        raise timed_out() from None
    except outgoing.Unreachable as problem:
        if problem.invalid:
            note(context, "Execution failed due to configuration error: Invalid endpoint address")
            raise InternalServerError("Internal server error") from None
        note(context, "Execution failed due to a network error communicating with endpoint")
        raise Coded(
            "INTEGRATION_FAILURE",
            "InternalServerErrorException",
            "Network error communicating with endpoint",
            504,
        ) from None
