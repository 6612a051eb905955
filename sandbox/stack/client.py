"""The command's way to the running emulator: its `/_sandbox/...` routes."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from sandbox.stack.errors import StackError

TOKEN_HEADER = "X-Sandbox-Token"
# A machine-wide proxy setting must not swallow calls to loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(
    endpoint: str,
    method: str,
    path: str,
    body: Any = None,
    token: str | None = None,
    timeout: float = 30,
) -> Any:
    """One call to `/_sandbox` + `path`; returns the decoded JSON answer.

    Raises StackError when nothing answers or the emulator refuses (its message is passed on).
    """
    request = urllib.request.Request(
        f"{endpoint}/_sandbox{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", TOKEN_HEADER: token or ""},
    )
    try:
        with _opener.open(request, timeout=timeout) as reply:
            return json.loads(reply.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            message = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            message = f"The sandbox answered {error.code} to {method} {path}."
        raise StackError(message) from None
    except (urllib.error.URLError, OSError, TimeoutError):
        raise StackError(
            f"The sandbox does not answer at {endpoint}.", "Start it: sandbox up"
        ) from None
