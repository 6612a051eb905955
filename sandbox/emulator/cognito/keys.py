"""The RSA keys of user pools: made ahead, because a pool needs two and a student should not wait."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import deque
from functools import lru_cache
from typing import Any

from sandbox.emulator.cognito.models import SigningKey

BITS = 2048
PER_POOL = 2
_reserve: deque[SigningKey] = deque()
_filling = threading.Lock()


def pair() -> list[SigningKey]:
    """Two new keys: the first signs ID tokens, the second access tokens."""
    found = [_next() for _ in range(PER_POOL)]
    threading.Thread(target=fill, name="sandbox-cognito-keys", daemon=True).start()
    return found


def fill() -> None:
    """Make keys until the next pool's are there; harmless when called twice at once."""
    if not _filling.acquire(blocking=False):
        return
    try:
        while len(_reserve) < PER_POOL:
            _reserve.append(_generate())
    finally:
        _filling.release()


def _next() -> SigningKey:
    try:
        return _reserve.popleft()
    except IndexError:
        return _generate()


def _generate() -> SigningKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    numbers = private.public_key().public_numbers()
    der = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    modulus = _number(numbers.n)
    kid = base64.b64encode(hashlib.sha256(modulus.encode()).digest()).decode()
    jwk = {
        "alg": "RS256",
        "e": _number(numbers.e),
        "kid": kid,
        "kty": "RSA",
        "n": modulus,
        "use": "sig",
    }
    return SigningKey(kid, der, jwk)


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def private_key(der: bytes) -> Any:
    """The key object; reading it anew for every token would cost more than signing."""
    from cryptography.hazmat.primitives import serialization

    # We wrote it ourselves: checking the primes takes 50 ms.
    return serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


def sign(key: SigningKey, message: bytes) -> bytes:
    """An RS256 signature (RFC 7518, section 3.3)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return private_key(key.der).sign(message, padding.PKCS1v15(), hashes.SHA256())


def verifies(key: SigningKey, message: bytes, signature: bytes) -> bool:
    """Whether `key` made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    public = private_key(key.der).public_key()
    try:
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
