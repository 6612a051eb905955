"""User pools themselves.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator import clock
from sandbox.emulator.cognito import attributes, keys, pool_settings
from sandbox.emulator.cognito.errors import invalid, not_found, not_supported
from sandbox.emulator.cognito.models import UserPool
from sandbox.emulator.cognito.operations.base import (
    ALNUM,
    Request,
    letters,
    operation,
    page,
    pool_of,
    store_of,
    with_token,
)

MFA_PARTS = (
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "EmailMfaConfiguration",
    "WebAuthnConfiguration",
)


class PoolOperations:
    """CreateUserPool to SetUserPoolMfaConfig, and the tags of pools."""

    @operation("CreateUserPool")
    def create_user_pool(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A new pool with two signing keys."""
        pool_id = f"{context.region}_{letters(9, ALNUM)}"
        fixed = {name: request[name] for name in pool_settings.FIXED if request.get(name)}
        settings = pool_settings.of_request(request, fixed)
        now = clock.time()
        pool = UserPool(
            id=pool_id,
            name=request["PoolName"],
            arn=f"arn:aws:cognito-idp:{context.region}:{context.account_id}:userpool/{pool_id}",
            account=context.account_id,
            region=context.region,
            created=now,
            modified=now,
            settings=settings,
            schema=attributes.schema_of_request(request.get("Schema") or ()),
            keys=keys.pair(),
            tags=dict(request.get("UserPoolTags") or {}),
            mfa_settings=_mfa(request),
        )
        store_of(context).pools[pool_id] = pool
        return {"UserPool": pool_settings.as_type(pool)}

    @operation("DescribeUserPool")
    def describe_user_pool(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The pool with all its settings."""
        return {"UserPool": pool_settings.as_type(pool_of(context, request))}

    @operation("UpdateUserPool")
    def update_user_pool(self, context: RequestContext, request: Request) -> None:
        """Replace the settings; as on AWS, what the request leaves out goes back to its default."""
        pool = pool_of(context, request)
        pool.settings = pool_settings.of_request(request, pool.settings)
        if request.get("MfaConfiguration"):
            pool.mfa_settings = pool.mfa_settings | _mfa(request)
        if request.get("PoolName"):
            pool.name = request["PoolName"]
        if request.get("UserPoolTags") is not None:
            pool.tags = dict(request["UserPoolTags"])
        pool.modified = clock.time()

    @operation("DeleteUserPool")
    def delete_user_pool(self, context: RequestContext, request: Request) -> None:
        """Delete the pool and everything in it."""
        pool = pool_of(context, request)
        if pool.settings.get("DeletionProtection") == "ACTIVE":
            raise invalid(
                "The user pool cannot be deleted because deletion protection is activated. "
                "Deletion protection must be inactivated first."
            )
        if pool.domain or pool.custom_domains:
            raise invalid(
                "User pool cannot be deleted. It has a domain configured that should be deleted first."
            )
        del store_of(context).pools[pool.id]

    @operation("ListUserPools")
    def list_user_pools(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The account's pools in the region."""
        found, token = page(
            list(store_of(context).pools.values()),
            request.get("NextToken"),
            request["MaxResults"],
        )
        pools = [
            {
                "Id": pool.id,
                "Name": pool.name,
                "LambdaConfig": pool.settings["LambdaConfig"],
                "LastModifiedDate": pool.modified,
                "CreationDate": pool.created,
            }
            for pool in found
        ]
        return with_token({"UserPools": pools}, "NextToken", token)

    @operation("AddCustomAttributes")
    def add_custom_attributes(self, context: RequestContext, request: Request) -> None:
        """More custom attributes; they cannot be removed again."""
        pool = pool_of(context, request)
        made = [attributes.custom(item) for item in request["CustomAttributes"]]
        for item in made:
            if item["Name"] in pool.schema:
                raise invalid(
                    f"{item['Name']}: Existing attribute already has name {item['Name']}."
                )
        pool.schema |= {item["Name"]: item for item in made}
        pool.modified = clock.time()

    @operation("GetUserPoolMfaConfig")
    def get_user_pool_mfa_config(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Which second factors the pool has."""
        return {"MfaConfiguration": "OFF", **pool_of(context, request).mfa_settings}

    @operation("SetUserPoolMfaConfig")
    def set_user_pool_mfa_config(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Choose the second factors."""
        pool = pool_of(context, request)
        mode = request.get("MfaConfiguration") or "OFF"
        made = {name: request[name] for name in MFA_PARTS if request.get(name)}
        totp = (made.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
        if mode != "OFF" and not (
            totp or made.get("SmsMfaConfiguration") or made.get("EmailMfaConfiguration")
        ):
            raise invalid("Invalid MFA configuration given, can't turn on MFA without an MFA type.")
        pool.mfa_settings = made | {"MfaConfiguration": mode}
        pool.modified = clock.time()
        return dict(pool.mfa_settings)

    @operation("GetSigningCertificate")
    def get_signing_certificate(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Refused: there is no SAML here whose requests it would sign."""
        pool_of(context, request)
        raise not_supported("SAML providers")

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
        """The pool's tags."""
        return {"Tags": _by_arn(context, request).tags}


def _mfa(request: Request) -> dict[str, Any]:
    mode = request.get("MfaConfiguration") or "OFF"
    made: dict[str, Any] = {"MfaConfiguration": mode}
    if request.get("SmsConfiguration"):
        made["SmsMfaConfiguration"] = {"SmsConfiguration": request["SmsConfiguration"]}
    if mode != "OFF" and not request.get("SmsConfiguration"):
        raise invalid(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
        )
    return made


def _by_arn(context: RequestContext, request: Request) -> UserPool:
    arn = request["ResourceArn"]
    for pool in store_of(context).pools.values():
        if pool.arn == arn:
            return pool
    raise not_found(f"Resource {arn} does not exist.")
