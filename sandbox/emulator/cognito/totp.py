"""Time-based one-time passwords (RFC 6238) of authenticator apps: six digits, 30 seconds, SHA-1."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import time

from sandbox.emulator import clock

STEP_SECONDS = 30
# Steps before and after the present one that still count.
TOLERANCE = 1
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret in Base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def code_at(secret: str, step: int) -> str:
    """The code of a step (RFC 4226, section 5.3)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def matching_step(secret: str, code: str) -> int | None:
    """The step that `code` belongs to; None when it is none of now.

    A phone knows the machine's time, not the sandbox's: codes of both count.
    """
    for now in {int(clock.time()), int(time.time())}:
        step = now // STEP_SECONDS
        for candidate in range(step - TOLERANCE, step + TOLERANCE + 1):
            if hmac.compare_digest(code_at(secret, candidate).encode(), code.encode()):
                return candidate
    return None
