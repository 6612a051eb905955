"""Identity pools, their roles and their identities."""

from __future__ import annotations

import uuid
from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito.errors import invalid, not_found, not_supported
from sandbox.emulator.cognito.identity import models
from sandbox.emulator.cognito.identity.logins import missing_pool
from sandbox.emulator.cognito.identity.models import Identity, IdentityPool
from sandbox.emulator.cognito.operations.base import Request, operation, page, with_token

SETTINGS = (
    "IdentityPoolName",
    "AllowUnauthenticatedIdentities",
    "AllowClassicFlow",
    "SupportedLoginProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "CognitoIdentityProviders",
    "SamlProviderARNs",
)
DEVELOPERS = "looking up, merging and unlinking developer identities"
OUTSIDE = ("SupportedLoginProviders", "OpenIdConnectProviderARNs", "SamlProviderARNs")


class IdentityPoolOperations:
    """What an administrator sets up; signed requests."""

    @operation("CreateIdentityPool")
    def create_identity_pool(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A new pool without roles."""
        pool = IdentityPool(
            f"{context.region}:{uuid.uuid4()}",
            context.region,
            context.account_id,
            _settings(request),
            dict(request.get("IdentityPoolTags") or {}),
        )
        models.stores[context.account_id][context.region].pools[pool.id] = pool
        return _shown(pool)

    @operation("UpdateIdentityPool")
    def update_identity_pool(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Replace the settings."""
        pool = own_pool(context, request)
        pool.settings = _settings(request)
        if request.get("IdentityPoolTags") is not None:
            pool.tags = dict(request["IdentityPoolTags"])
        return _shown(pool)

    @operation("DescribeIdentityPool")
    def describe_identity_pool(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The settings."""
        return _shown(own_pool(context, request))

    @operation("DeleteIdentityPool")
    def delete_identity_pool(self, context: RequestContext, request: Request) -> None:
        """Delete the pool and its identities."""
        pool = own_pool(context, request)
        del models.stores[context.account_id][context.region].pools[pool.id]

    @operation("ListIdentityPools")
    def list_identity_pools(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Ids and names."""
        pools = list(models.stores[context.account_id][context.region].pools.values())
        found, token = page(pools, request.get("NextToken"), request["MaxResults"])
        shown = [
            {"IdentityPoolId": pool.id, "IdentityPoolName": pool.settings["IdentityPoolName"]}
            for pool in found
        ]
        return with_token({"IdentityPools": shown}, "NextToken", token)

    @operation("SetIdentityPoolRoles")
    def set_identity_pool_roles(self, context: RequestContext, request: Request) -> None:
        """The roles of users and guests, and rules that choose others."""
        pool = own_pool(context, request)
        for kind in request["Roles"]:
            if kind not in ("authenticated", "unauthenticated"):
                raise invalid(
                    f"Invalid role type {kind}. Valid types are: authenticated, unauthenticated"
                )
        mappings = request.get("RoleMappings") or {}
        for mapping in mappings.values():
            if not mapping.get("AmbiguousRoleResolution"):
                raise invalid("AmbiguousRoleResolution must be specified.")
            if mapping["Type"] == "Rules" and not mapping.get("RulesConfiguration"):
                raise invalid("RulesConfiguration must be specified for the type Rules.")
        pool.roles = dict(request["Roles"])
        pool.role_mappings = dict(mappings)

    @operation("GetIdentityPoolRoles")
    def get_identity_pool_roles(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The roles."""
        pool = own_pool(context, request)
        found: dict[str, Any] = {"IdentityPoolId": pool.id, "Roles": pool.roles}
        if pool.role_mappings:
            found["RoleMappings"] = pool.role_mappings
        return found

    @operation("SetPrincipalTagAttributeMap")
    def set_principal_tag_attribute_map(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Which claims become session tags."""
        pool = own_pool(context, request)
        provider = request["IdentityProviderName"]
        default = {"username": "sub", "client": "aud"}
        tags = default if request.get("UseDefaults") else dict(request.get("PrincipalTags") or {})
        pool.principal_tags[provider] = {
            "UseDefaults": bool(request.get("UseDefaults")),
            "PrincipalTags": tags,
        }
        return _tag_map(pool, provider)

    @operation("GetPrincipalTagAttributeMap")
    def get_principal_tag_attribute_map(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Which claims become session tags."""
        pool = own_pool(context, request)
        provider = request["IdentityProviderName"]
        if provider not in pool.principal_tags:
            raise not_found(f"No principal tags are mapped for {provider}.")
        return _tag_map(pool, provider)

    @operation("ListIdentities")
    def list_identities(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The identities of a pool."""
        pool = own_pool(context, request)
        hide = request.get("HideDisabled")
        identities = [] if hide and not pool.identities else list(pool.identities.values())
        found, token = page(identities, request.get("NextToken"), request["MaxResults"])
        shown = {"IdentityPoolId": pool.id, "Identities": [_identity(item) for item in found]}
        return with_token(shown, "NextToken", token)

    @operation("DescribeIdentity")
    def describe_identity(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """One identity."""
        found = models.find_identity(request["IdentityId"])
        if found is None or found[0].account != context.account_id:
            raise not_found(f"Identity '{request['IdentityId']}' not found.")
        return _identity(found[1])

    @operation("DeleteIdentities")
    def delete_identities(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Forget identities."""
        for name in request["IdentityIdsToDelete"]:
            found = models.find_identity(name)
            if found is not None and found[0].account == context.account_id:
                del found[0].identities[name]
        return {"UnprocessedIdentityIds": []}

    @operation("TagResource")
    def tag_resource(self, context: RequestContext, request: Request) -> None:
        """Set tags."""
        _by_arn(context, request).tags.update(request["Tags"])

    @operation("UntagResource")
    def untag_resource(self, context: RequestContext, request: Request) -> None:
        """Remove tags."""
        pool = _by_arn(context, request)
        for name in request["TagKeys"]:
            pool.tags.pop(name, None)

    @operation("ListTagsForResource")
    def list_tags_for_resource(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The tags."""
        return {"Tags": _by_arn(context, request).tags}

    @operation("LookupDeveloperIdentity")
    def lookup_developer_identity(self, context: RequestContext, request: Request) -> None:
        """Refused."""
        raise not_supported(DEVELOPERS)

    @operation("MergeDeveloperIdentities")
    def merge_developer_identities(self, context: RequestContext, request: Request) -> None:
        """Refused."""
        raise not_supported(DEVELOPERS)

    @operation("UnlinkDeveloperIdentity")
    def unlink_developer_identity(self, context: RequestContext, request: Request) -> None:
        """Refused."""
        raise not_supported(DEVELOPERS)


def own_pool(context: RequestContext, request: Request) -> IdentityPool:
    """The caller's pool of `IdentityPoolId`."""
    pool_id = request["IdentityPoolId"]
    found = models.stores[context.account_id][context.region].pools.get(pool_id)
    if found is None:
        raise missing_pool(pool_id)
    return found


def _settings(request: Request) -> dict[str, Any]:
    made = {name: request[name] for name in SETTINGS if request.get(name) is not None}
    for name in OUTSIDE:
        if made.get(name):
            raise not_supported(name)
    made.setdefault("AllowClassicFlow", False)
    return made


def _shown(pool: IdentityPool) -> dict[str, Any]:
    return {"IdentityPoolId": pool.id, **pool.settings, "IdentityPoolTags": pool.tags}


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "IdentityId": identity.id,
        "Logins": list(identity.logins),
        "CreationDate": identity.created,
        "LastModifiedDate": identity.modified,
    }


def _tag_map(pool: IdentityPool, provider: str) -> dict[str, Any]:
    return {
        "IdentityPoolId": pool.id,
        "IdentityProviderName": provider,
        **pool.principal_tags[provider],
    }


def _by_arn(context: RequestContext, request: Request) -> IdentityPool:
    pool_id = request["ResourceArn"].rpartition("identitypool/")[2]
    return own_pool(context, {"IdentityPoolId": pool_id})
