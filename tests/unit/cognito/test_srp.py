"""The server's side of SRP against a client that nobody here wrote."""

from __future__ import annotations

import base64

import pytest
from pycognito.aws_srp import AWSSRP

from sandbox.emulator.cognito import srp

POOL = "us-east-1_AbCdEfGhI"


class NoClient:
    """pycognito wants a boto3 client that it does not use here."""


def exchange(typed: str, stored: str) -> tuple[str, str]:
    """The claim that a client sends who types a password, and the one the server expects."""
    salt, verifier = srp.make_verifier(srp.pool_name(POOL), "ada", stored)
    client = AWSSRP(username="ada", password=typed, pool_id=POOL, client_id="c", client=NoClient())
    public_a = int(client.get_auth_params()["SRP_A"], 16)
    secret, public_b = srp.challenge(verifier)
    block = base64.b64encode(b"block").decode()
    answer = client.process_challenge(
        {
            "SALT": salt,
            "SRP_B": f"{public_b:x}",
            "SECRET_BLOCK": block,
            "USERNAME": "ada",
            "USER_ID_FOR_SRP": "ada",
        },
        {"USERNAME": "ada"},
    )
    key = srp.session_key(public_a, public_b, secret, verifier)
    assert key is not None
    wanted = srp.claim_signature(key, srp.pool_name(POOL), "ada", b"block", answer["TIMESTAMP"])
    return answer["PASSWORD_CLAIM_SIGNATURE"], base64.b64encode(wanted).decode()


@pytest.mark.parametrize("_again", range(12))
def test_the_right_password_gives_the_same_key(_again):
    given, wanted = exchange("Secret-123", "Secret-123")
    assert given == wanted


def test_a_wrong_password_does_not():
    given, wanted = exchange("Secret-124", "Secret-123")
    assert given != wanted


@pytest.mark.parametrize("multiple", [0, 1, 2])
def test_public_values_that_give_the_key_away_are_refused(multiple):
    _salt, verifier = srp.make_verifier("p", "ada", "x")
    secret, public_b = srp.challenge(verifier)
    assert srp.session_key(multiple * srp.N, public_b, secret, verifier) is None


@pytest.mark.parametrize(
    ("base", "exponent"),
    [(2, 1), (2, 0), (1, 7), (0, 7), (5, 12345), (3, 1 << 255), (srp.N - 1, 3), (2, srp.N - 2)],
)
def test_powers_are_the_same_as_pythons(base, exponent):
    assert srp.power(base, exponent) == pow(base, exponent, srp.N)


def test_numbers_are_padded_as_clients_do():
    assert srp.padded(0x7F) == b"\x7f"
    assert srp.padded(0x80) == b"\x00\x80"
    assert srp.padded(0x0ABC) == b"\x0a\xbc"
