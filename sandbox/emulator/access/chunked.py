"""The signatures inside an aws-chunked body.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import hashlib
from typing import IO

from sandbox.emulator.access import signature

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
LONGEST_LINE = 16 * 1024


def verify(body: IO[bytes], claim: signature.Claim, secret: str, *, trailer: bool) -> bool:
    """Whether every chunk of `body` is signed, from its current position; the position is moved.

    The chain starts with the signature of the request itself.
    """
    previous = claim.signature
    while True:
        line = body.readline(LONGEST_LINE)
        size_text, _, rest = line.strip().partition(b";")
        name, _, given = rest.partition(b"=")
        try:
            size = int(size_text, 16)
        except ValueError:
            return False
        if name.strip() != b"chunk-signature":
            return False
        digest = hashlib.sha256()
        left = size
        while left:
            block = body.read(min(left, 1 << 20))
            if not block:
                return False
            digest.update(block)
            left -= len(block)
        text = (
            f"AWS4-HMAC-SHA256-PAYLOAD\n{claim.date}\n{claim.scope}\n{previous}\n"
            f"{signature.EMPTY_HASH}\n{digest.hexdigest()}"
        )
        expected = signature.sign(secret, claim, text)
        if not signature.same(expected, given.decode("latin-1").strip()):
            return False
        previous = expected
        if size == 0:
            break
        if body.readline(LONGEST_LINE) not in (b"\r\n", b"\n"):
            return False
    return _trailer_signed(body, claim, secret, previous) if trailer else True


def _trailer_signed(body: IO[bytes], claim: signature.Claim, secret: str, previous: str) -> bool:
    lines: list[bytes] = []
    given = None
    for raw in iter(lambda: body.readline(LONGEST_LINE), b""):
        line = raw.strip()
        if not line:
            continue
        if line.lower().startswith(b"x-amz-trailer-signature:"):
            given = line.split(b":", 1)[1].strip().decode("latin-1")
            break
        lines.append(line)
    if given is None:
        return False
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    text = f"AWS4-HMAC-SHA256-TRAILER\n{claim.date}\n{claim.scope}\n{previous}\n{digest}"
    return signature.same(signature.sign(secret, claim, text), given)
