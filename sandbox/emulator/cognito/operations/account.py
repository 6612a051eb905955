"""What users do with their own account, holding an access token.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito import (
    attributes,
    codes,
    delivery,
    passwords,
    tokens,
    users,
)
from sandbox.emulator.cognito.errors import invalid, not_authorized, not_supported
from sandbox.emulator.cognito.flows import completion, lockout
from sandbox.emulator.cognito.models import LOCK, Client, User, UserPool
from sandbox.emulator.cognito.operations.base import Request, operation


class AccountOperations:
    """GetUser to DeleteUser."""

    @operation("GetUser")
    def get_user(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The attributes that the client may read."""
        pool, client, user, _claims = tokens.authenticate(request["AccessToken"])
        shown: dict[str, Any] = {
            "Username": user.username,
            "UserAttributes": attributes.as_list(attributes.readable(pool, client, user)),
        }
        return shown | mfa_of(user)

    @operation("ChangePassword")
    def change_password(self, context: RequestContext, request: Request) -> None:
        """A new password for the old one."""
        pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        new = request["ProposedPassword"]
        lockout.check(user)
        old = request.get("PreviousPassword") or ""
        if user.has_password and not passwords.is_right(pool, user, old):
            lockout.wrong(user)
            raise not_authorized()
        passwords.check(pool, new)
        passwords.check_history(pool, user, new)
        passwords.store(pool, user, new)
        users.touch(user)

    @operation("UpdateUserAttributes")
    def update_user_attributes(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Change attributes; a new address gets a code."""
        pool, client, user, _claims = tokens.authenticate(request["AccessToken"])
        given = attributes.as_dict(request["UserAttributes"])
        attributes.check_writable(client, given)
        sent = change(
            pool, client, user, given, metadata=request.get("ClientMetadata"), admin=False
        )
        return {"CodeDeliveryDetailsList": sent}

    @operation("DeleteUserAttributes")
    def delete_user_attributes(self, context: RequestContext, request: Request) -> None:
        """Remove attributes."""
        pool, client, user, _claims = tokens.authenticate(request["AccessToken"])
        attributes.check_writable(client, request["UserAttributeNames"])
        remove(pool, user, request["UserAttributeNames"])

    @operation("GetUserAttributeVerificationCode")
    def get_user_attribute_verification_code(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Send the code for an address again."""
        from sandbox.emulator.state import saver

        pool, client, user, _claims = tokens.authenticate(request["AccessToken"])
        name = request["AttributeName"]
        if name not in attributes.VERIFIABLE:
            raise invalid("Attribute cannot be verified.")
        address = user.pending.get(name) or user.attributes.get(name)
        if not address:
            raise invalid(f"User does not have {name} attribute.")
        if name not in user.pending and user.attributes.get(f"{name}_verified") == "true":
            raise invalid("Attribute is already verified.")
        codes.count_sent(user, f"attribute-{name}")
        metadata = request.get("ClientMetadata")
        found = _send(pool, client, user, name, address, "VerifyUserAttribute", metadata)
        saver.mark("cognito-idp")
        return {"CodeDeliveryDetails": found}

    @operation("VerifyUserAttribute")
    def verify_user_attribute(self, context: RequestContext, request: Request) -> None:
        """Verify an address with its code."""
        pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        name = request["AttributeName"]
        if name not in attributes.VERIFIABLE:
            raise invalid("Attribute cannot be verified.")
        with LOCK:
            code = user.attribute_codes.get(name)
            codes.check(user, code, request["Code"], f"attribute-{name}")
            address = user.pending.get(name) or user.attributes[name]
            users.claim_alias(pool, user, name, address, force=False)
            users.check_unique_addresses(pool, {name: address}, user)
            user.attributes[name] = address
            user.attributes[f"{name}_verified"] = "true"
            user.pending.pop(name, None)
            user.attribute_codes.pop(name, None)
            users.touch(user)

    @operation("DeleteUser")
    def delete_user(self, context: RequestContext, request: Request) -> None:
        """Delete the own account."""
        pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        users.remove(pool, user)

    @operation("GetUserAuthFactors")
    def get_user_auth_factors(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """How the user can sign in."""
        from sandbox.emulator.cognito.flows.choice import available_to

        pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        factors = [name for name in available_to(pool, user) if name != "PASSWORD_SRP"]
        return {
            "Username": user.username,
            "ConfiguredUserAuthFactors": factors,
            **{k: v for k, v in mfa_of(user).items() if k != "MFAOptions"},
        }

    @operation("SetUserSettings")
    def set_user_settings(self, context: RequestContext, request: Request) -> None:
        """The older way to switch text messages on."""
        _pool, _client, user, _claims = tokens.authenticate(request["AccessToken"])
        old_mfa_options(user, request["MFAOptions"])

    @operation("ListDevices")
    def list_devices(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """No devices: they are not tracked."""
        tokens.authenticate(request["AccessToken"])
        return {"Devices": []}

    @operation("ConfirmDevice")
    def confirm_device(self, context: RequestContext, request: Request) -> None:
        """Refused."""
        raise not_supported("device tracking")


def mfa_of(user: User) -> dict[str, Any]:
    """Which second factors the user has chosen."""
    shown: dict[str, Any] = {}
    if user.mfa:
        shown["UserMFASettingList"] = list(user.mfa)
    if user.preferred_mfa:
        shown["PreferredMfaSetting"] = user.preferred_mfa
    return shown


def old_mfa_options(user: User, options: list[dict[str, str]]) -> None:
    """MFAOptions of SetUserSettings: text messages or nothing."""
    wanted = any(option.get("DeliveryMedium") == "SMS" for option in options)
    others = [name for name in user.mfa if name != completion.SMS]
    user.mfa = [*others, completion.SMS] if wanted else others


def change(
    pool: UserPool,
    client: Client | None,
    user: User,
    given: dict[str, str],
    *,
    admin: bool,
    metadata: dict[str, str] | None = None,
) -> list[dict[str, str]]:
    """Change attributes; returns the delivery details of codes that were sent."""
    attributes.check_new(pool, given, required=False)
    attributes.check_mutable(pool, given)
    with LOCK:
        users.check_unique_addresses(pool, given, user)
        if (name := given.get("preferred_username")) and "preferred_username" in (
            pool.alias_attributes
        ):
            users.claim_alias(pool, user, "preferred_username", name, force=False)
        for attribute in attributes.VERIFIABLE:
            if admin and given.get(f"{attribute}_verified") == "true":
                address = given.get(attribute) or user.attributes.get(attribute, "")
                users.claim_alias(pool, user, attribute, address, force=True)
        kept = pool.settings.get("UserAttributeUpdateSettings") or {}
        wait = kept.get("AttributesRequireVerificationBeforeUpdate") or ()
        automatic = pool.settings.get("AutoVerifiedAttributes") or ()
        ask = []
        for name, value in given.items():
            new = name in attributes.VERIFIABLE and user.attributes.get(name) != value
            if new and f"{name}_verified" not in given and name in automatic:
                ask.append((name, value))
                if name in wait and user.attributes.get(f"{name}_verified") == "true":
                    user.pending[name] = value
                    continue
            if value == "" and name in user.attributes:
                del user.attributes[name]
                continue
            user.attributes[name] = value
            if new and f"{name}_verified" not in given:
                user.attributes[f"{name}_verified"] = "false"
                user.pending.pop(name, None)
        users.touch(user)
    return [
        _send(pool, client, user, name, value, "UpdateUserAttribute", metadata)
        for name, value in ask
        if value
    ]


def remove(pool: UserPool, user: User, names: list[str]) -> None:
    """Delete attributes that are neither required nor the user's identity."""
    for name in names:
        if name not in pool.schema:
            raise invalid(f"user.{name}: Attribute does not exist in the schema.\n")
        if pool.schema[name]["Required"]:
            raise invalid(f"user.{name}: Required attribute cannot be deleted.\n")
        if not pool.schema[name]["Mutable"]:
            raise invalid(f"user.{name}: Attribute cannot be updated.\n")
        if name in pool.username_attributes and name in user.attributes:
            raise invalid("Username attributes cannot be deleted.")
    for name in names:
        user.attributes.pop(name, None)
        if name in attributes.VERIFIABLE:
            user.attributes.pop(f"{name}_verified", None)
    users.touch(user)


def _send(
    pool: UserPool,
    client: Client | None,
    user: User,
    name: str,
    address: str,
    source: str,
    metadata: dict[str, str] | None,
) -> dict[str, str]:
    code = codes.new(codes.ATTRIBUTE_SECONDS, name)
    user.attribute_codes[name] = code
    return delivery.send_code(
        pool,
        user,
        source,
        name,
        address,
        code.value,
        client_id=client.id if client else None,
        metadata=metadata,
    )
