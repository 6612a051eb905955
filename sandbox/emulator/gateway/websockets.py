"""Websockets that no route took: AWS's services speak plain HTTP."""

from __future__ import annotations

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response
from rolo.websocket.request import WebSocketRequest


class WebSocketHandler(Handler):
    """Refuses the handshake with 404, before it is taken for a call of a service."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if isinstance(context.request, WebSocketRequest):
            response.status_code = 404
            response.set_json({"message": "Not Found"})
            chain.stop()
