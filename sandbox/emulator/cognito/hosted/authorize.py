"""`/oauth2/authorize`: what a client asks for, and the answer at its redirect address.

https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from sandbox.emulator import clock
from sandbox.emulator.cognito import tokens
from sandbox.emulator.cognito.models import Client, Grant, User, UserPool

GRANT_SECONDS = 300
# What travels from page to page.
PARAMETERS = (
    *("client_id", "response_type", "scope", "redirect_uri", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
)
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
FLOWS = {"code": "code", "token": "implicit"}


class PageError(Exception):
    """Nothing can be sent back to the client: the user sees `reason` on a page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClientError(Exception):
    """An error that the client learns at its redirect address."""

    def __init__(self, asked: Asked, code: str, description: str = "") -> None:
        super().__init__(code)
        self.asked = asked
        self.code = code
        self.description = description


@dataclass
class Asked:
    """A checked request for authorization."""

    client: Client
    response_type: str
    redirect_uri: str
    scopes: list[str]
    state: str
    nonce: str
    challenge: str
    given: dict[str, str]

    @property
    def query(self) -> str:
        """The parameters for the next page."""
        return urlencode(self.given)


def read(pool: UserPool, given: Mapping[str, str]) -> Asked:
    """Check the parameters of a request; raises PageError and ClientError."""
    client = pool.clients.get(given.get("client_id", ""))
    if client is None:
        raise PageError(
            "Client does not exist."
            if given.get("client_id")
            else "Required String parameter 'client_id' is not present"
        )
    if not client.settings.get("AllowedOAuthFlowsUserPoolClient"):
        raise PageError("unauthorized_client: the client is not enabled for OAuth 2.0 flows.")
    callbacks = client.settings.get("CallbackURLs") or []
    redirect = given.get("redirect_uri") or client.settings.get("DefaultRedirectURI") or ""
    if not redirect and len(callbacks) == 1:
        redirect = callbacks[0]
    if redirect not in callbacks:
        raise PageError("redirect_mismatch")
    asked = Asked(
        client,
        given.get("response_type", ""),
        redirect,
        [],
        given.get("state", ""),
        given.get("nonce", ""),
        given.get("code_challenge", ""),
        {name: given[name] for name in PARAMETERS if given.get(name)},
    )
    if asked.response_type not in FLOWS:
        raise ClientError(asked, "invalid_request", "unsupported response_type")
    if FLOWS[asked.response_type] not in (client.settings.get("AllowedOAuthFlows") or ()):
        raise ClientError(asked, "unauthorized_client")
    allowed = client.settings.get("AllowedOAuthScopes") or []
    asked.scopes = given.get("scope", "").split() or list(allowed)
    if not set(asked.scopes) <= set(allowed):
        raise ClientError(asked, "invalid_scope")
    if asked.challenge:
        if given.get("code_challenge_method") != "S256":
            raise ClientError(asked, "invalid_request", "code_challenge_method must be S256")
        if not CHALLENGE.fullmatch(asked.challenge):
            raise ClientError(asked, "invalid_request", "code_challenge is not valid")
    return asked


def answer(pool: UserPool, asked: Asked, user: User, auth_time: int) -> str:
    """The address that the browser is sent to, with a code or with tokens."""
    if asked.response_type == "code":
        code = secrets.token_hex(16)
        code = f"{code[:8]}-{code[8:12]}-{code[12:16]}-{code[16:20]}-{code[20:]}"
        now = clock.time()
        for old in [name for name, grant in pool.grants.items() if grant.expires < now]:
            pool.grants.pop(old, None)
        pool.grants[code] = Grant(
            user.username,
            asked.client.id,
            asked.redirect_uri,
            asked.scopes,
            now + GRANT_SECONDS,
            auth_time,
            asked.challenge,
            "S256",
            asked.nonce,
        )
        return _with(asked.redirect_uri, {"code": code, "state": asked.state})
    found = tokens.issue(
        pool,
        asked.client,
        user,
        source="HostedAuth",
        scopes=asked.scopes,
        nonce=asked.nonce,
        auth_time=auth_time,
        refresh=False,
    )
    values = {
        "access_token": found["AccessToken"],
        "id_token": found.get("IdToken", ""),
        "token_type": "Bearer",
        "expires_in": str(found["ExpiresIn"]),
        "state": asked.state,
    }
    return f"{asked.redirect_uri}#{urlencode({k: v for k, v in values.items() if v})}"


def failure(error: ClientError) -> str:
    """The address that tells the client of an error."""
    values = {
        "error": error.code,
        "error_description": error.description,
        "state": error.asked.state,
    }
    return _with(error.asked.redirect_uri, values)


def _with(address: str, values: dict[str, str]) -> str:
    mark = "&" if urlsplit(address).query else "?"
    return f"{address}{mark}{urlencode({k: v for k, v in values.items() if v})}"
