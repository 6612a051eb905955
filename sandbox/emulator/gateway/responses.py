"""Status lines and headers as AWS writes them, without a trace of the core."""

from __future__ import annotations

import time
from email.utils import formatdate
from http.client import responses as REASONS

UNTOLD = ("x-localstack",)
# Answers of these statuses end with their head (RFC 9110, section 6.4.1).
BODILESS = (204, 304)

Headers = list[tuple[str, str]]


def status_line(status: str) -> str:
    """`403 Forbidden` for `403` or for upstream's own words."""
    code = status.split(" ", 1)[0]
    phrase = REASONS.get(int(code)) if code.isdigit() else None
    return f"{code} {phrase}" if phrase else status


def cleaned(headers: Headers) -> Headers:
    """The headers that leave, `Server` among them: S3 names itself, the others answer with a word."""
    server, of_s3 = "Server", False
    kept: Headers = []
    for name, value in headers:
        lower = name.lower()
        if lower == "server":
            server = value
        elif lower == "x-amz-id-2":
            of_s3 = True
            kept.append((name, value))
        elif lower not in UNTOLD:
            kept.append((name, value))
    kept.append(("Server", "AmazonS3" if of_s3 else server))
    return kept


_date = (0, "")


def date() -> str:
    """The `Date` header of this second."""
    global _date
    second = int(time.time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    return _date[1]
