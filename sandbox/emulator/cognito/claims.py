"""What tokens say about a user, before and after the pre token generation trigger.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.cognito import attributes, triggers
from sandbox.emulator.cognito.models import Client, User, UserPool

OWN_SCOPE = "aws.cognito.signin.user.admin"
# What each scope adds to an ID token; `openid` alone adds everything that the client may read.
SCOPED = {
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "profile": (
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"),
        *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"),
        *("updated_at", "address"),
    ),
}
# A trigger cannot change what makes the token valid.
FIXED_ID = {
    *("acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss", "jti", "nbf", "nonce"),
    *("origin_jti", "sub", "token_use", "cognito:username", "aud", "cognito:groups", "event_id"),
}
FIXED_ACCESS = {
    *("acr", "amr", "at_hash", "auth_time", "azp", "client_id", "exp", "iat", "iss", "jti", "nbf"),
    *("nonce", "origin_jti", "sub", "token_use", "username", "scope", "version", "event_id"),
    "cognito:groups",
}


@dataclass
class Claims:
    """The payloads of an ID token and an access token."""

    id: dict[str, Any]
    access: dict[str, Any]


def of_user(
    pool: UserPool,
    client: Client,
    user: User,
    *,
    source: str,
    scopes: list[str] | None,
    metadata: dict[str, str] | None,
    common: dict[str, Any],
    access_seconds: int,
    id_seconds: int,
    nonce: str,
) -> Claims:
    """The claims of one sign-in or refresh; see `tokens.issue` for the arguments."""
    groups = group_names(pool, user)
    roles = [role for name in groups if (role := pool.groups[name].role_arn)]
    preferred = preferred_role(pool, groups)
    overrides = _overrides(pool, client, user, source, scopes, metadata, groups, roles, preferred)
    if overrides.groups is not None:
        groups = overrides.groups
    if overrides.roles is not None:
        roles = overrides.roles
    if overrides.preferred is not None:
        preferred = overrides.preferred
    grouped: dict[str, Any] = {"cognito:groups": groups} if groups else {}
    if client.settings.get("EnableTokenRevocation") is False:
        common = {name: value for name, value in common.items() if name != "origin_jti"}
    base = {"sub": user.sub, "iss": pool.issuer, **grouped, **common}
    identity = {
        **shown_attributes(pool, client, user, scopes),
        **base,
        "cognito:username": user.username,
        "aud": client.id,
        "token_use": "id",
        "exp": common["iat"] + id_seconds,
        "jti": str(uuid.uuid4()),
    }
    if roles:
        identity["cognito:roles"] = roles
    if preferred:
        identity["cognito:preferred_role"] = preferred
    if nonce:
        identity["nonce"] = nonce
    wanted = [OWN_SCOPE] if scopes is None else list(scopes)
    wanted = [scope for scope in wanted if scope not in overrides.scopes_removed]
    wanted += [scope for scope in overrides.scopes_added if scope not in wanted]
    access = {
        **base,
        "client_id": client.id,
        "token_use": "access",
        "scope": " ".join(wanted),
        "exp": common["iat"] + access_seconds,
        "jti": str(uuid.uuid4()),
        "username": user.username,
    }
    if scopes is not None:
        access["version"] = 2
    _apply(identity, overrides.id_added, overrides.id_removed, FIXED_ID)
    _apply(access, overrides.access_added, overrides.access_removed, FIXED_ACCESS)
    return Claims(identity, access)


def group_names(pool: UserPool, user: User) -> list[str]:
    """The user's groups, the one with the lowest precedence first."""

    def rank(name: str) -> tuple[int, float]:
        group = pool.groups[name]
        return (group.precedence if group.precedence is not None else 1 << 31, group.created)

    return sorted((name for name in user.groups if name in pool.groups), key=rank)


def preferred_role(pool: UserPool, groups: list[str]) -> str | None:
    """The role of the group with the lowest precedence; none where two such groups disagree."""
    ranked = [
        (group.precedence, group.role_arn)
        for name in groups
        if (group := pool.groups[name]).role_arn and group.precedence is not None
    ]
    if not ranked:
        return None
    lowest = min(precedence for precedence, _role in ranked if precedence is not None)
    first = {role for precedence, role in ranked if precedence == lowest}
    return first.pop() if len(first) == 1 else None


def shown_attributes(
    pool: UserPool, client: Client, user: User, scopes: list[str] | None
) -> dict[str, Any]:
    """The user's attributes as claims: flags as booleans, the address as an object, all else as text."""
    found = attributes.readable(pool, client, user)
    if scopes is not None and any(scope in SCOPED for scope in scopes):
        allowed = {name for scope in scopes for name in SCOPED.get(scope, ())}
        found = {
            name: value
            for name, value in found.items()
            if name in allowed or ("profile" in scopes and name.startswith("custom:"))
        }
    made: dict[str, Any] = {}
    for name, value in found.items():
        if name == "sub":
            continue
        if name.endswith("_verified"):
            made[name] = value == "true"
        elif name == "address":
            made[name] = {"formatted": value}
        elif name == "updated_at" and value.isdigit():
            made[name] = int(value)
        else:
            made[name] = value
    return made


@dataclass
class _Overrides:
    id_added: dict[str, Any]
    id_removed: list[str]
    access_added: dict[str, Any]
    access_removed: list[str]
    scopes_added: list[str]
    scopes_removed: list[str]
    groups: list[str] | None = None
    roles: list[str] | None = None
    preferred: str | None = None


def _overrides(
    pool: UserPool,
    client: Client,
    user: User,
    source: str,
    scopes: list[str] | None,
    metadata: dict[str, str] | None,
    groups: list[str],
    roles: list[str],
    preferred: str | None,
) -> _Overrides:
    found = _Overrides({}, [], {}, [], [], [])
    config = (pool.settings.get("LambdaConfig") or {}).get("PreTokenGenerationConfig") or {}
    version = (config.get("LambdaVersion") or "V1_0")[1]
    if not triggers.configured(pool, "PreTokenGeneration"):
        return found
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "groupConfiguration": {
            "groupsToOverride": groups,
            "iamRolesToOverride": roles,
            "preferredRole": preferred,
        },
    }
    if version != "1":
        request["scopes"] = [OWN_SCOPE] if scopes is None else list(scopes)
    key = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
    answer = triggers.call(
        pool,
        "PreTokenGeneration",
        f"TokenGeneration_{source}",
        username=user.username,
        client_id=client.id,
        request=triggers.client_metadata(request, metadata),
        response={key: None},
        version=version,
    )
    details = (answer or {}).get(key) or {}
    if version == "1":
        found.id_added = details.get("claimsToAddOrOverride") or {}
        found.id_removed = details.get("claimsToSuppress") or []
    else:
        identity = details.get("idTokenGeneration") or {}
        access = details.get("accessTokenGeneration") or {}
        found.id_added = identity.get("claimsToAddOrOverride") or {}
        found.id_removed = identity.get("claimsToSuppress") or []
        found.access_added = access.get("claimsToAddOrOverride") or {}
        found.access_removed = access.get("claimsToSuppress") or []
        found.scopes_added = access.get("scopesToAdd") or []
        found.scopes_removed = access.get("scopesToSuppress") or []
    if changed := details.get("groupOverrideDetails"):
        found.groups = changed.get("groupsToOverride") or []
        found.roles = changed.get("iamRolesToOverride") or []
        found.preferred = changed.get("preferredRole") or ""
    return found


def _apply(
    payload: dict[str, Any], added: dict[str, Any], removed: list[str], fixed: set[str]
) -> None:
    for name, value in added.items():
        if name not in fixed:
            payload[name] = value
    for name in removed:
        if name not in fixed:
            payload.pop(name, None)
