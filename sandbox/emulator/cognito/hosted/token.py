"""The endpoints that programs call: `/oauth2/token`, `/oauth2/userInfo`, `/oauth2/revoke`.

https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import unquote

from localstack.aws.api import CommonServiceException
from localstack.http import Request, Response

from sandbox.emulator import clock
from sandbox.emulator.cognito import attributes, tokens, users
from sandbox.emulator.cognito.flows import refresh
from sandbox.emulator.cognito.models import LOCK, Client, UserPool
from sandbox.emulator.cognito.operations import signing_in


class OAuthError(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.status = status


def serve(pool: UserPool, path: str, request: Request, response: Response) -> None:
    """Answer one of the three endpoints."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        response.headers["Access-Control-Allow-Headers"] = wanted or "authorization, content-type"
        response.headers["Access-Control-Max-Age"] = "3600"
        response.status_code = 200
        return
    try:
        if path == "/oauth2/userinfo":
            found: Any = _user_info(pool, request)
        elif request.method != "POST":
            raise OAuthError("invalid_request", "POST is required", 405)
        elif path == "/oauth2/token":
            found = _token(pool, request)
        else:
            _revoke(pool, request)
            found = None
    except OAuthError as error:
        body = {"error": error.code}
        if error.description:
            body["error_description"] = error.description
        response.set_json(body)
        response.status_code = error.status
        if error.status == 401:
            response.headers["WWW-Authenticate"] = (
                f'Bearer error="{error.code}", error_description="{error.description}"'
            )
        return
    if found is None:
        response.status_code = 200
        return
    response.set_json(found)
    response.status_code = 200


def _client(pool: UserPool, request: Request) -> Client:
    """The client that a request proves to be; raises invalid_client."""
    name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    header = request.headers.get("Authorization", "")
    if header.lower().startswith("basic "):
        try:
            text = base64.b64decode(header[6:].strip(), validate=True).decode()
        except (ValueError, binascii.Error):
            raise OAuthError("invalid_client") from None
        basic_name, _, secret = (unquote(part) for part in text.partition(":"))
        if name and name != basic_name:
            raise OAuthError("invalid_client")
        name = basic_name
    if not name:
        raise OAuthError("invalid_request", "client_id is missing")
    client = pool.clients.get(name)
    if client is None:
        raise OAuthError("invalid_client")
    if client.secret and not hmac.compare_digest(client.secret.encode(), secret.encode()):
        raise OAuthError("invalid_client")
    if secret and not client.secret:
        raise OAuthError("invalid_client")
    return client


def _token(pool: UserPool, request: Request) -> dict[str, Any]:
    client = _client(pool, request)
    kind = request.form.get("grant_type", "")
    allowed = client.settings.get("AllowedOAuthFlows") or []
    if kind == "authorization_code":
        if "code" not in allowed:
            raise OAuthError("unauthorized_client")
        return _by_code(pool, client, request)
    if kind == "refresh_token":
        return _by_refresh(pool, client, request)
    if kind == "client_credentials":
        if "client_credentials" not in allowed or not client.secret:
            raise OAuthError("unauthorized_client")
        return _by_client(pool, client, request)
    raise OAuthError("unsupported_grant_type" if kind else "invalid_request")


def _by_code(pool: UserPool, client: Client, request: Request) -> dict[str, Any]:
    with LOCK:
        grant = pool.grants.pop(request.form.get("code", ""), None)
    if grant is None or clock.time() > grant.expires or grant.client_id != client.id:
        raise OAuthError("invalid_grant")
    if request.form.get("redirect_uri", "") != grant.redirect_uri:
        raise OAuthError("invalid_grant")
    verifier = request.form.get("code_verifier", "")
    if grant.challenge:
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not hmac.compare_digest(made, grant.challenge):
            raise OAuthError("invalid_grant")
    elif verifier:
        raise OAuthError("invalid_grant")
    user = users.find(pool, grant.username)
    if user is None or not user.enabled:
        raise OAuthError("invalid_grant")
    try:
        found = tokens.issue(
            pool,
            client,
            user,
            source="HostedAuth",
            scopes=grant.scopes,
            nonce=grant.nonce,
            auth_time=grant.auth_time,
        )
    except CommonServiceException as refusal:
        raise OAuthError("invalid_grant", str(refusal.message)) from refusal
    return _answer(found)


def _by_refresh(pool: UserPool, client: Client, request: Request) -> dict[str, Any]:
    try:
        found, user = refresh.find(pool, client, request.form.get("refresh_token", ""))
        return _answer(refresh.renew(pool, client, found, user))
    except CommonServiceException as refusal:
        raise OAuthError("invalid_grant", str(refusal.message)) from refusal


def _by_client(pool: UserPool, client: Client, request: Request) -> dict[str, Any]:
    allowed = client.settings.get("AllowedOAuthScopes") or []
    scopes = request.form.get("scope", "").split() or list(allowed)
    if not set(scopes) <= set(allowed):
        raise OAuthError("invalid_scope")
    return tokens.machine_token(pool, client, scopes) | {"token_type": "Bearer"}


def _answer(found: dict[str, Any]) -> dict[str, Any]:
    names = (
        ("id_token", "IdToken"),
        ("access_token", "AccessToken"),
        ("refresh_token", "RefreshToken"),
        ("expires_in", "ExpiresIn"),
        ("token_type", "TokenType"),
    )
    return {ours: found[theirs] for ours, theirs in names if theirs in found}


def _user_info(pool: UserPool, request: Request) -> dict[str, Any]:
    header = request.headers.get("Authorization", "")
    token = header[7:].strip() if header.lower().startswith("bearer ") else ""
    if not token:
        raise OAuthError("invalid_request", "Access token is missing", 401)
    try:
        owner, client, user, claims = tokens.authenticate(token, scope=None)
    except CommonServiceException as refusal:
        raise OAuthError("invalid_token", str(refusal.message), 401) from refusal
    scopes = claims.get("scope", "").split()
    if owner is not pool:
        raise OAuthError("invalid_token", "Access token was issued by another user pool", 401)
    if "openid" not in scopes:
        raise OAuthError("insufficient_scope", "Access token does not contain openid scope", 403)
    # Unlike the ID token it has every value as text.
    from sandbox.emulator.cognito.claims import shown_attributes

    every = attributes.of_user(user)
    names = shown_attributes(pool, client, user, scopes)
    return {
        "sub": user.sub,
        **{name: every[name] for name in names},
        "username": user.username,
    }


def _revoke(pool: UserPool, request: Request) -> None:
    client = _client(pool, request)
    token = request.form.get("token", "")
    if not token:
        raise OAuthError("invalid_request")
    try:
        signing_in.revoke(pool, client, token)
    except CommonServiceException as refusal:
        code = {
            "UnsupportedTokenTypeException": "unsupported_token_type",
            "UnauthorizedException": "invalid_request",
        }.get(refusal.code, "invalid_request")
        raise OAuthError(code, str(refusal.message)) from refusal
