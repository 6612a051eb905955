"""InitiateAuth, its administrator's twin, refreshing and revoking."""

from __future__ import annotations

import hmac
from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito import tokens, users
from sandbox.emulator.cognito.errors import error, not_authorized
from sandbox.emulator.cognito.flows import refresh, signin
from sandbox.emulator.cognito.models import Client, UserPool
from sandbox.emulator.cognito.operations.base import (
    Request,
    any_client,
    client_of,
    operation,
    pool_of,
    user_of,
)


class SignInOperations:
    """Every way to get tokens by the API, and to end them."""

    @operation("InitiateAuth")
    def initiate_auth(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Start a sign-in."""
        pool, client = any_client(request["ClientId"])
        return _initiate(pool, client, request, admin=False)

    @operation("AdminInitiateAuth")
    def admin_initiate_auth(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Start a sign-in from a server with AWS credentials."""
        pool = pool_of(context, request)
        return _initiate(pool, client_of(pool, request["ClientId"]), request, admin=True)

    @operation("RespondToAuthChallenge")
    def respond_to_auth_challenge(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Answer a challenge."""
        pool, client = any_client(request["ClientId"])
        return _respond(pool, client, request)

    @operation("AdminRespondToAuthChallenge")
    def admin_respond_to_auth_challenge(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Answer a challenge of AdminInitiateAuth."""
        pool = pool_of(context, request)
        return _respond(pool, client_of(pool, request["ClientId"]), request)

    @operation("GetTokensFromRefreshToken")
    def get_tokens_from_refresh_token(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """New tokens for a refresh token; also for clients that rotate them."""
        from sandbox.emulator.state import saver

        pool, client = any_client(request["ClientId"])
        _check_secret(client, request.get("ClientSecret"))
        found, user = refresh.find(pool, client, request["RefreshToken"])
        result = refresh.renew(pool, client, found, user, request.get("ClientMetadata"))
        # Its name begins with Get, and still it may change what is saved.
        saver.mark("cognito-idp")
        return {"AuthenticationResult": result}

    @operation("RevokeToken")
    def revoke_token(self, context: RequestContext, request: Request) -> None:
        """End a refresh token and the access tokens that came with it."""
        pool, client = any_client(request["ClientId"])
        _check_secret(client, request.get("ClientSecret"))
        revoke(pool, client, request["Token"])

    @operation("GlobalSignOut")
    def global_sign_out(self, context: RequestContext, request: Request) -> None:
        """End every token of the user."""
        pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        tokens.sign_out_everywhere(pool, user)

    @operation("AdminUserGlobalSignOut")
    def admin_user_global_sign_out(self, context: RequestContext, request: Request) -> None:
        """End every token of a user."""
        pool, user = user_of(context, request)
        tokens.sign_out_everywhere(pool, user)


def _initiate(pool: UserPool, client: Client, request: Request, *, admin: bool) -> dict[str, Any]:
    return signin.initiate(
        pool,
        client,
        request["AuthFlow"],
        dict(request.get("AuthParameters") or {}),
        request.get("ClientMetadata"),
        admin=admin,
    )


def _respond(pool: UserPool, client: Client, request: Request) -> dict[str, Any]:
    return signin.respond(
        pool,
        client,
        request["ChallengeName"],
        request.get("Session"),
        dict(request.get("ChallengeResponses") or {}),
        request.get("ClientMetadata"),
    )


def _check_secret(client: Client, given: str | None) -> None:
    if client.secret and not hmac.compare_digest(client.secret, given or ""):
        raise not_authorized("Invalid client secret" if given else "Client secret is required")


def revoke(pool: UserPool, client: Client, token: str) -> None:
    """RevokeToken for a client whose secret was checked."""
    if client.settings.get("EnableTokenRevocation") is False:
        raise error(
            "UnsupportedOperationException", "Token revocation is not enabled for this client."
        )
    found = pool.refresh_tokens.get(tokens.hash_of(token))
    if found is None:
        if token.count(".") == 2:
            raise error("UnsupportedTokenTypeException", "Unsupported token type")
        # An unknown token is as good as a revoked one (RFC 7009, section 2.2).
        return
    if found.client_id != client.id:
        raise error("UnauthorizedException", "Refresh token was not issued to this client")
    if users.find(pool, found.username):
        tokens.revoke(pool, found)
