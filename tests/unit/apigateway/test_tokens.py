"""Tokens of callers: what is verified, what is remembered, what is refused."""

from __future__ import annotations

import time

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.emulator.apigateway.authorizers import cognito
from sandbox.emulator.execute_api import tokens

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"
KEY = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    """An issuer with one key; counts how often it is asked."""
    asked = []

    def fetch(issuer: str):
        asked.append(issuer)
        return {"one": KEY} if issuer == ISSUER else {}

    monkeypatch.setattr(tokens, "_fetch", fetch)
    monkeypatch.setattr(tokens, "keys", tokens.Keys())
    tokens._verified.clear()
    return asked


def token(key: RSAKey = KEY, kid: str = "one", **claims) -> str:
    now = int(time.time())
    found = {"iss": ISSUER, "sub": "s", "iat": now, "exp": now + 60} | claims
    return jwt.encode({"alg": "RS256", "kid": kid}, found, key)


def test_a_good_token_is_verified_once(keys, monkeypatch):
    made = token()
    assert tokens.verify(made, (ISSUER,))["sub"] == "s"
    monkeypatch.setattr(tokens, "_check_signature", lambda *_: pytest.fail("verified again"))
    assert tokens.verify(made, (ISSUER,))["sub"] == "s"
    assert keys == [ISSUER]


def test_a_remembered_token_still_needs_its_issuer_and_its_time(monkeypatch):
    made = token()
    tokens.verify(made, (ISSUER,))
    with pytest.raises(tokens.Refused):
        tokens.verify(made, ("https://other",))
    monkeypatch.setattr(tokens.clock, "time", lambda: time.time() + 61)
    with pytest.raises(tokens.Expired):
        tokens.verify(made, (ISSUER,))


def test_unknown_key_ids_do_not_make_us_ask_for_ever(keys):
    for number in range(20):
        with pytest.raises(tokens.Refused):
            tokens.verify(token(kid=f"k{number}"), (ISSUER,))
    assert len(keys) == 1


@pytest.mark.parametrize(
    "made",
    [
        lambda: "",
        lambda: "a.b.c",
        lambda: "..",
        lambda: token()[:-4] + "AAAA",
        lambda: token(RSAKey.generate_key(2048, {"kid": "one"})),
        lambda: token(exp="soon"),
        lambda: token(nbf=int(time.time()) + 3600),
        lambda: token(iat=int(time.time()) + 3600),
        lambda: "x" * 20_000 + ".y.z",
    ],
)
def test_what_proves_nothing_is_refused(made):
    with pytest.raises(tokens.Refused):
        tokens.verify(made(), (ISSUER,))


def test_an_issuer_elsewhere_is_not_asked():
    with pytest.raises(tokens.Refused):
        tokens._json("https://accounts.example.com/.well-known/openid-configuration")


def test_the_claims_of_a_rest_api_are_texts():
    authorizer = {
        "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc"]
    }
    made = token(
        token_use="id",
        email_verified=True,
        auth_time=1700000000,
        exp=4102444800,
        **{"cognito:groups": ["a", "b"]},
    )
    claims = cognito.authorize(authorizer, None, made)["claims"]
    assert claims["email_verified"] == "true"
    assert claims["auth_time"] == "1700000000"
    assert claims["exp"] == "Fri Jan 01 00:00:00 UTC 2100"
    assert claims["cognito:groups"] == "a,b"
