"""Identities and their AWS credentials: the enhanced flow and the parts of the basic one.

https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
"""

from __future__ import annotations

import uuid
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext

from sandbox.emulator import clock
from sandbox.emulator.cognito.errors import error, invalid, not_authorized, not_found
from sandbox.emulator.cognito.identity import logins as proof
from sandbox.emulator.cognito.identity import models, open_id, roles
from sandbox.emulator.cognito.identity.logins import Login
from sandbox.emulator.cognito.identity.models import Identity, IdentityPool
from sandbox.emulator.cognito.identity.pools import own_pool
from sandbox.emulator.cognito.models import LOCK
from sandbox.emulator.cognito.operations.base import Request, operation
from sandbox.emulator.iam import web_identity
from sandbox.emulator.state import restore, saver

SESSION_NAME = "CognitoIdentityCredentials"
SECONDS = 3600
GUEST = ["unauthenticated"]
NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


class CredentialOperations:
    """What an app calls; no signature is needed."""

    @operation("GetId")
    def get_id(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The identity of the logins, or a new guest."""
        pool = _pool(request["IdentityPoolId"])
        if proof.DEVELOPER in (request.get("Logins") or {}):
            raise not_authorized("Invalid login token. Can't pass in a Cognito token.")
        proven = proof.check(pool, request.get("Logins"))
        identity = _identity_of(pool, proven)
        # Its name begins with Get, and still it changes what is saved.
        saver.mark("cognito-identity")
        return {"IdentityId": identity.id}

    @operation("GetCredentialsForIdentity")
    def get_credentials_for_identity(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Credentials of the role that the pool gives to the identity, for an hour."""
        pool, identity, proven = _checked(request)
        role = roles.of_identity(pool, proven, request.get("CustomRoleArn"))
        amr = proven[0].amr if proven else GUEST
        who = web_identity.of_cognito(pool.id, identity.id, amr)
        try:
            issued, _role = web_identity.assume(
                context, role, SESSION_NAME, SECONDS, who, tags=_tags(pool, proven)
            )
        except CommonServiceException:
            # Cognito asks STS for the app, and tells only that its own settings do not work.
            raise roles.misconfigured() from None
        restore.ensure("sts")
        saver.mark("sts")
        return {
            "IdentityId": identity.id,
            "Credentials": {
                "AccessKeyId": issued["AccessKeyId"],
                "SecretKey": issued["SecretAccessKey"],
                "SessionToken": issued["SessionToken"],
                "Expiration": issued["Expiration"],
            },
        }

    @operation("GetOpenIdToken")
    def get_open_id_token(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A token for AssumeRoleWithWebIdentity, where the pool allows the basic flow."""
        pool, identity, proven = _checked(request)
        if not pool.settings.get("AllowClassicFlow"):
            raise invalid("Basic (classic) flow is not enabled, please use enhanced flow.")
        amr = proven[0].amr if proven else GUEST
        return {
            "IdentityId": identity.id,
            "Token": open_id.make(pool.id, identity.id, amr),
        }

    @operation("GetOpenIdTokenForDeveloperIdentity")
    def get_open_id_token_for_developer_identity(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """A token for a user whom the student's own server has authenticated."""
        pool = own_pool(context, request)
        provider = pool.settings.get("DeveloperProviderName")
        given = dict(request["Logins"])
        if not provider or provider not in given:
            raise invalid("Please provide the login of the pool's developer provider.")
        user = given.pop(provider)
        amr = ["authenticated", provider, f"{provider}:{pool.region}:{pool.id}:{user}"]
        login = Login(provider, user, {}, amr, request.get("IdentityId"))
        identity = _identity_of(pool, [login, *proof.check(pool, given)])
        saver.mark("cognito-identity")
        seconds = request.get("TokenDuration") or 900
        return {
            "IdentityId": identity.id,
            "Token": open_id.make(pool.id, identity.id, amr, seconds),
        }

    @operation("UnlinkIdentity")
    def unlink_identity(self, context: RequestContext, request: Request) -> None:
        """Take logins away from an identity."""
        pool, identity, _proven = _checked(request)
        for provider in request["LoginsToRemove"]:
            identity.logins.pop(provider, None)


def _pool(pool_id: str) -> IdentityPool:
    found = models.find_pool(pool_id)
    if found is None:
        raise proof.missing_pool(pool_id)
    return found


def _identity_of(pool: IdentityPool, proven: list[Login]) -> Identity:
    now = clock.time()
    with LOCK:
        if not proven:
            if not pool.settings.get("AllowUnauthenticatedIdentities"):
                raise not_authorized(NO_GUESTS)
            return _new(pool, now)
        for login in proven:
            if login.identity_id and login.identity_id in pool.identities:
                found = pool.identities[login.identity_id]
                break
        else:
            found = next(
                (
                    identity
                    for login in proven
                    for identity in pool.identities.values()
                    if identity.logins.get(login.provider) == login.user
                ),
                None,
            ) or _new(pool, now)
        _link(pool, found, proven)
        return found


def _new(pool: IdentityPool, now: float) -> Identity:
    made = Identity(f"{pool.region}:{uuid.uuid4()}", now, now)
    pool.identities[made.id] = made
    return made


def _link(pool: IdentityPool, identity: Identity, proven: list[Login]) -> None:
    for login in proven:
        if login.provider == proof.DEVELOPER:
            continue
        known = identity.logins.get(login.provider)
        holder = next(
            (
                other
                for other in pool.identities.values()
                if other is not identity and other.logins.get(login.provider) == login.user
            ),
            None,
        )
        if (known is not None and known != login.user) or holder is not None:
            raise error(
                "ResourceConflictException",
                "The login is already linked to another identity.",
            )
        if known is None:
            identity.logins[login.provider] = login.user
            identity.modified = clock.time()


def _checked(request: Request) -> tuple[IdentityPool, Identity, list[Login]]:
    """Pool, identity and proven logins of a request on an identity."""
    name = request["IdentityId"]
    found = models.find_identity(name)
    if found is None:
        raise not_found(f"Identity '{name}' not found.")
    pool, identity = found
    proven = proof.check(pool, request.get("Logins"))
    if not proven:
        if identity.logins:
            raise not_authorized(f"Access to Identity '{name}' is forbidden.")
        if not pool.settings.get("AllowUnauthenticatedIdentities"):
            raise not_authorized(NO_GUESTS)
        return pool, identity, proven
    fits = any(
        login.identity_id == name or identity.logins.get(login.provider, login.user) == login.user
        for login in proven
    )
    if not fits:
        raise not_authorized(
            "Logins don't match. Please include at least one valid login for this identity or "
            "identity pool."
        )
    with LOCK:
        _link(pool, identity, proven)
    return pool, identity, proven


def _tags(pool: IdentityPool, proven: list[Login]) -> dict[str, str]:
    if not proven:
        return {}
    mapped = (pool.principal_tags.get(proven[0].provider) or {}).get("PrincipalTags") or {}
    claims = proven[0].claims
    return {
        name: str(claims[claim])[:256]
        for name, claim in mapped.items()
        if claims.get(claim) not in (None, "")
    }
