"""Lists a page at a time: `limit` items from `position` on.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from localstack.aws.api.apigateway import BadRequestException

STANDARD_LIMIT, LARGEST_LIMIT = 25, 500


def page(operation: str, request: Mapping[str, Any], answer: Any, *, everything: bool) -> Any:
    """The answer of a list operation cut to the page that was asked for.

    `everything` is for callers inside the sandbox, who get all items unless they ask for a page.
    """
    if (
        not operation.startswith("Get")
        or not isinstance(answer, dict)
        or not isinstance(answer.get("items"), list)
        or operation == "GetUsage"
    ):
        return answer
    items = answer["items"]
    limit, position = request.get("limit"), request.get("position")
    answer.pop("position", None)
    if limit is None and position is None and everything:
        return answer
    start = _start(position) if position else 0
    size = min(int(limit), LARGEST_LIMIT) if limit is not None else STANDARD_LIMIT
    if size < 1:
        raise BadRequestException("Invalid limit specified. Must be greater than 0")
    answer["items"] = items[start : start + size]
    if start + size < len(items):
        answer["position"] = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
    return answer


def _start(position: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(position.encode()).decode().partition(":")
        if word == "from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise BadRequestException("Invalid position parameter")
