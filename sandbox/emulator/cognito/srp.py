"""The server's side of the Secure Remote Password protocol as Cognito's clients speak it.

SRP-6a over the 3072-bit group of RFC 5054 with SHA-256; Cognito's own are the identity (pool name and
user name without a colon), the key derivation ("Caldera Derived Key") and the signed claim.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache

from cryptography.hazmat.primitives.asymmetric import dh

# RFC 3526, section 4: the 3072-bit MODP group.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
INFO = b"Caldera Derived Key"
SALT_BYTES = 16
SECRET_BITS = 256


def power(base: int, exponent: int) -> int:
    """base^exponent modulo N; eight times faster than `pow`, by OpenSSL's Diffie-Hellman in the same group.

    OpenSSL refuses bases outside the group's large subgroup, where no honest client's values are; for
    those Python's own arithmetic answers.
    """
    if exponent < 2 or not 1 < base < N - 1:
        return pow(base, exponent, N)
    try:
        private = dh.DHPrivateNumbers(exponent, dh.DHPublicNumbers(G, _group())).private_key()
        shared = private.exchange(dh.DHPublicNumbers(base, _group()).public_key())
    except ValueError:
        return pow(base, exponent, N)
    return int.from_bytes(shared, "big")


@cache
def _group() -> dh.DHParameterNumbers:
    return dh.DHParameterNumbers(N, G)


def padded(value: int) -> bytes:
    """A number as clients hash it: big endian, with a zero byte in front where it would look negative."""
    raw = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return b"\0" + raw if raw[0] & 0x80 else raw


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = _hash(padded(N), padded(G))


def pool_name(pool_id: str) -> str:
    """The part of a pool's id behind the region: `us-east-1_AbC` is `AbC`."""
    return pool_id.partition("_")[2]


def exponent(pool: str, username: str, password: str, salt: int) -> int:
    """The private value x of a password; `pool` is the pool's name without its region."""
    inner = hashlib.sha256(f"{pool}{username}:{password}".encode()).digest()
    return _hash(padded(salt), inner)


def make_verifier(pool: str, username: str, password: str) -> tuple[str, str]:
    """A new salt and its verifier, both hexadecimal: what is kept instead of the password."""
    salt = int.from_bytes(secrets.token_bytes(SALT_BYTES), "big")
    return f"{salt:x}", f"{power(G, exponent(pool, username, password, salt)):x}"


def matches(pool: str, username: str, password: str, salt: str, verifier: str) -> bool:
    """Whether a password, sent in the clear, is the one that the verifier was made of."""
    found = power(G, exponent(pool, username, password, int(salt, 16)))
    return hmac.compare_digest(f"{found:x}", verifier)


def challenge(verifier: str) -> tuple[int, int]:
    """The server's secret b and public B = k*v + g^b."""
    secret = secrets.randbits(SECRET_BITS)
    return secret, (K * int(verifier, 16) + power(G, secret)) % N


def session_key(public_a: int, public_b: int, secret_b: int, verifier: str) -> bytes | None:
    """The 16 bytes that sign the claim; None where the client's public value is not acceptable."""
    if public_a % N == 0:
        return None
    scrambler = _hash(padded(public_a), padded(public_b))
    if scrambler == 0:
        return None
    shared = power(public_a * power(int(verifier, 16), scrambler) % N, secret_b)
    pseudo_random = hmac.new(padded(scrambler), padded(shared), hashlib.sha256).digest()
    return hmac.new(pseudo_random, INFO + b"\1", hashlib.sha256).digest()[:16]


def claim_signature(
    key: bytes, pool: str, username: str, secret_block: bytes, timestamp: str
) -> bytes:
    """The signature that PASSWORD_CLAIM_SIGNATURE has to be."""
    message = pool.encode() + username.encode() + secret_block + timestamp.encode()
    return hmac.new(key, message, hashlib.sha256).digest()
