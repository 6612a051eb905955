"""Binary media types: which bodies pass as bytes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
"""

from __future__ import annotations

from collections.abc import Iterable


def is_binary(value: str | None, types: Iterable[str]) -> bool:
    """Whether a Content-Type or Accept header names a binary type; of several the first counts."""
    types = tuple(types or ())
    if not types:
        return False
    if "*/*" in types:
        return True
    if not value:
        return False
    first = value.split(",")[0].split(";")[0].strip().lower()
    stem = first.partition("/")[0]
    return any(known.lower() in (first, f"{stem}/*") for known in types)
