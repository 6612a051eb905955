"""HTTP calls that integrations make, with a limit of time and connections that are kept.

Names below `.localhost` are this machine, as in browsers; the resolver of the system may not know that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3


class Unreachable(Exception):
    """Nobody answers there, or the answer is none; `invalid` when the address itself is impossible."""

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        self.invalid = invalid


class TimedOut(Exception):
    """No answer in time."""


@dataclass(slots=True)
class Reply:
    """An answer: `headers` as pairs, in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


_pool: Any = None


def _connections() -> Any:
    global _pool
    if _pool is None:
        _pool = urllib3.PoolManager(
            num_pools=32, maxsize=32, retries=False, cert_reqs="CERT_REQUIRED"
        )
    return _pool


def send(
    method: str,
    url: str,
    headers: Mapping[str, str] | list[tuple[str, str]],
    body: bytes | None,
    timeout: float,
) -> Reply:
    """Send a request; raises Unreachable or TimedOut. Redirects are not followed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable(f"Invalid endpoint address: {url}", invalid=True)
    collected = urllib3.HTTPHeaderDict(headers)
    if parts.hostname.endswith(".localhost"):
        if "host" not in collected:
            collected["Host"] = parts.netloc
        port = f":{parts.port}" if parts.port else ""
        url = parts._replace(netloc=f"127.0.0.1{port}").geturl()
    try:
        answer = _connections().request(
            method,
            url,
            headers=collected,
            body=body,
            timeout=urllib3.Timeout(total=timeout),
            redirect=False,
            decode_content=False,
        )
    except (urllib3.exceptions.LocationParseError, urllib3.exceptions.NameResolutionError) as error:
        raise Unreachable(str(error), invalid=True) from error
    except urllib3.exceptions.NewConnectionError as error:
        # urllib3 counts a refused connection among the timeouts.
        raise Unreachable(str(error)) from error
    except urllib3.exceptions.TimeoutError as error:
        raise TimedOut from error
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise Unreachable(str(error)) from error
    return Reply(answer.status, list(answer.headers.items()), answer.data)
