"""What administrators do with users: signed requests, decided by IAM policies.

https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito import (
    attributes,
    codes,
    delivery,
    passwords,
    search,
    tokens,
    users,
)
from sandbox.emulator.cognito.errors import error, invalid, no_user, not_authorized, not_supported
from sandbox.emulator.cognito.models import LOCK, User, UserPool
from sandbox.emulator.cognito.operations import account, sign_up
from sandbox.emulator.cognito.operations.base import (
    Request,
    operation,
    page,
    pool_of,
    user_of,
    with_token,
)


class AdministrationOperations:
    """AdminCreateUser to ListUsers."""

    @operation("AdminCreateUser")
    def admin_create_user(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Invite a user with a temporary password, or with RESEND do it again."""
        pool = pool_of(context, request)
        metadata = request.get("ClientMetadata")
        mediums = request.get("DesiredDeliveryMediums") or []
        password = request.get("TemporaryPassword")
        if request.get("MessageAction") == "RESEND":
            user = users.find(pool, request["Username"])
            if user is None:
                raise no_user()
            if user.status != "FORCE_CHANGE_PASSWORD":
                raise error(
                    "UnsupportedUserStateException",
                    "Resend not possible. User is not in FORCE_CHANGE_PASSWORD state.",
                )
            password = _set_temporary(pool, user, password)
            delivery.send_invitation(pool, user, password, mediums, metadata)
            return {"User": users.as_type(user)}
        given = attributes.as_dict(request.get("UserAttributes"))
        if password:
            passwords.check(pool, password)
        user = _invite(pool, request, given)
        password = _set_temporary(pool, user, password)
        if request.get("MessageAction") != "SUPPRESS":
            delivery.send_invitation(pool, user, password, mediums, metadata)
        return {"User": users.as_type(user)}

    @operation("AdminGetUser")
    def admin_get_user(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A user with all attributes."""
        _pool, user = user_of(context, request)
        return {
            "Username": user.username,
            "UserAttributes": attributes.as_list(attributes.of_user(user)),
            "UserCreateDate": user.created,
            "UserLastModifiedDate": user.modified,
            "Enabled": user.enabled,
            "UserStatus": user.status,
            **account.mfa_of(user),
        }

    @operation("AdminConfirmSignUp")
    def admin_confirm_sign_up(self, context: RequestContext, request: Request) -> None:
        """Confirm without a code; addresses stay unverified."""
        pool, user = user_of(context, request)
        if user.status != "UNCONFIRMED":
            raise not_authorized(f"User cannot be confirmed. Current status is {user.status}")
        user.status = "CONFIRMED"
        user.confirmation = None
        users.touch(user)
        sign_up.after_confirmation(pool, None, user, "ConfirmSignUp", request.get("ClientMetadata"))

    @operation("AdminSetUserPassword")
    def admin_set_user_password(self, context: RequestContext, request: Request) -> None:
        """A password, temporary unless `Permanent`."""
        pool, user = user_of(context, request)
        passwords.check(pool, request["Password"])
        passwords.store(pool, user, request["Password"])
        user.status = "CONFIRMED" if request.get("Permanent") else "FORCE_CHANGE_PASSWORD"
        user.attempts.pop("password", None)
        user.locked_until = 0.0
        user.reset = None
        users.touch(user)

    @operation("AdminResetUserPassword")
    def admin_reset_user_password(self, context: RequestContext, request: Request) -> None:
        """The user must set a new password with the code that is sent now."""
        pool, user = user_of(context, request)
        if user.status not in ("CONFIRMED", "RESET_REQUIRED"):
            raise not_authorized("User password cannot be reset in the current state.")
        attribute = sign_up.recovery_address(pool, user)
        if attribute is None:
            raise invalid(
                "Cannot reset password for the user as there is no registered/verified email or "
                "phone_number"
            )
        user.status = "RESET_REQUIRED"
        user.reset = codes.new(codes.RESET_SECONDS, attribute)
        users.touch(user)
        delivery.send_code(
            pool,
            user,
            "ForgotPassword",
            attribute,
            user.attributes[attribute],
            user.reset.value,
            client_id=None,
            metadata=request.get("ClientMetadata"),
        )

    @operation("AdminUpdateUserAttributes")
    def admin_update_user_attributes(self, context: RequestContext, request: Request) -> None:
        """Change attributes, verified flags included."""
        pool, user = user_of(context, request)
        given = attributes.as_dict(request["UserAttributes"])
        account.change(pool, None, user, given, admin=True, metadata=request.get("ClientMetadata"))

    @operation("AdminDeleteUserAttributes")
    def admin_delete_user_attributes(self, context: RequestContext, request: Request) -> None:
        """Remove attributes."""
        pool, user = user_of(context, request)
        account.remove(pool, user, request["UserAttributeNames"])

    @operation("AdminEnableUser")
    def admin_enable_user(self, context: RequestContext, request: Request) -> None:
        """Let the user sign in again."""
        _pool, user = user_of(context, request)
        user.enabled = True
        users.touch(user)

    @operation("AdminDisableUser")
    def admin_disable_user(self, context: RequestContext, request: Request) -> None:
        """The user cannot sign in, and its tokens end."""
        pool, user = user_of(context, request)
        user.enabled = False
        users.touch(user)
        tokens.sign_out_everywhere(pool, user)

    @operation("AdminDeleteUser")
    def admin_delete_user(self, context: RequestContext, request: Request) -> None:
        """Delete a user."""
        pool, user = user_of(context, request)
        users.remove(pool, user)

    @operation("AdminSetUserSettings")
    def admin_set_user_settings(self, context: RequestContext, request: Request) -> None:
        """The older way to switch text messages on."""
        _pool, user = user_of(context, request)
        account.old_mfa_options(user, request["MFAOptions"])

    @operation("ListUsers")
    def list_users(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Users that fit the filter."""
        pool = pool_of(context, request)
        fits = search.parse(request.get("Filter"))
        names = request.get("AttributesToGet")
        for name in names or ():
            if name not in pool.schema:
                raise invalid(f"One or more requested attributes do not exist: {name}")
        limit = request.get("Limit")
        found, token = page(
            [user for user in list(pool.users.values()) if fits(user)],
            request.get("PaginationToken"),
            60 if limit is None else limit,
        )
        shown = [users.as_type(user, names=names) for user in found]
        return with_token({"Users": shown}, "PaginationToken", token)

    @operation("AdminListDevices")
    def admin_list_devices(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """No devices: they are not tracked."""
        user_of(context, request)
        return {"Devices": []}

    @operation("AdminListUserAuthEvents")
    def admin_list_user_auth_events(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Refused: threat protection's log."""
        raise not_supported("threat protection")


def _invite(pool: UserPool, request: Request, given: dict[str, str]) -> User:
    with LOCK:
        username, sub = users.internal_name(pool, request["Username"], given)
        attributes.check_new(pool, given, required=False)
        users.check_unique_addresses(pool, given, None)
        for attribute in attributes.VERIFIABLE:
            if given.get(f"{attribute}_verified") == "true":
                holder = User("", "", {}, 0, 0)
                force = bool(request.get("ForceAliasCreation"))
                if attribute in pool.alias_attributes and given.get(attribute):
                    users.claim_alias(pool, holder, attribute, given[attribute], force=force)
            elif attribute in given:
                given.setdefault(f"{attribute}_verified", "false")
        user = users.add(pool, username, sub, given, "FORCE_CHANGE_PASSWORD")
    try:
        sign_up.before_sign_up(
            pool,
            None,
            user,
            "AdminCreateUser",
            attributes.as_dict(request.get("ValidationData")),
            request.get("ClientMetadata"),
        )
    except Exception:
        users.remove(pool, user)
        raise
    return user


def _set_temporary(pool: UserPool, user: User, password: str | None) -> str:
    chosen = password or passwords.temporary(pool)
    passwords.check(pool, chosen)
    passwords.store(pool, user, chosen)
    return chosen
