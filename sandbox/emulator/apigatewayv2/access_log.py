"""Access logs of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
"""

from __future__ import annotations

from typing import Any

from localstack.http import Response

from sandbox.emulator.apigatewayv2.call import Call
from sandbox.emulator.execute_api import logs


def write(call: Call, response: Response) -> None:
    """Write the line that the stage's format makes of a call."""
    settings = call.stage["AccessLogSettings"]
    group = logs.group_of(settings.get("DestinationArn") or "")
    if not group:
        return

    def lookup(path: str) -> Any:
        if path == "status":
            return response.status_code
        if path == "responseLength":
            return len(response.data)
        return call.context(path)

    line = logs.formatted(settings.get("Format") or "$context.requestId", lookup)
    logs.write(call.api.account, call.api.region, group, call.stage_name, line)
