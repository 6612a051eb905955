"""App clients.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator import clock
from sandbox.emulator.cognito.errors import error, invalid, not_supported
from sandbox.emulator.cognito.models import Client, UserPool
from sandbox.emulator.cognito.operations.base import (
    Request,
    client_of,
    letters,
    operation,
    page,
    pool_of,
    with_token,
)
from sandbox.emulator.cognito.tokens import UNITS

PLAIN = (
    "AccessTokenValidity",
    "IdTokenValidity",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "RefreshTokenRotation",
)
DEFAULT_FLOWS = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
OLD_FLOWS = {"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"}
SYSTEM_SCOPES = {"phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"}
ID_LETTERS, SECRET_LETTERS = 26, 51
# Kind -> (shortest, longest) in seconds.
BOUNDS = {
    "Access": (300, 86400, "hours"),
    "Id": (300, 86400, "hours"),
    "Refresh": (3600, 315_360_000, "days"),
}


class ClientOperations:
    """CreateUserPoolClient and its like."""

    @operation("CreateUserPoolClient")
    def create_user_pool_client(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A new client, with a secret when GenerateSecret asks for one."""
        pool = pool_of(context, request)
        settings = _settings(pool, request)
        now = clock.time()
        client = Client(
            letters(ID_LETTERS),
            request["ClientName"],
            now,
            now,
            letters(SECRET_LETTERS) if request.get("GenerateSecret") else "",
            settings,
        )
        pool.clients[client.id] = client
        return {"UserPoolClient": as_type(pool, client)}

    @operation("DescribeUserPoolClient")
    def describe_user_pool_client(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """The client with its secret."""
        pool = pool_of(context, request)
        return {"UserPoolClient": as_type(pool, client_of(pool, request["ClientId"]))}

    @operation("UpdateUserPoolClient")
    def update_user_pool_client(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Replace the settings; what the request leaves out goes back to its default."""
        pool = pool_of(context, request)
        client = client_of(pool, request["ClientId"])
        client.settings = _settings(pool, request)
        client.name = request.get("ClientName") or client.name
        client.modified = clock.time()
        return {"UserPoolClient": as_type(pool, client)}

    @operation("DeleteUserPoolClient")
    def delete_user_pool_client(self, context: RequestContext, request: Request) -> None:
        """Delete the client; its tokens end."""
        pool = pool_of(context, request)
        client = client_of(pool, request["ClientId"])
        del pool.clients[client.id]
        for digest in [d for d, t in pool.refresh_tokens.items() if t.client_id == client.id]:
            del pool.refresh_tokens[digest]

    @operation("ListUserPoolClients")
    def list_user_pool_clients(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Ids and names of the clients."""
        pool = pool_of(context, request)
        found, token = page(
            list(pool.clients.values()), request.get("NextToken"), request.get("MaxResults") or 60
        )
        shown = [
            {"ClientId": client.id, "UserPoolId": pool.id, "ClientName": client.name}
            for client in found
        ]
        return with_token({"UserPoolClients": shown}, "NextToken", token)


def _settings(pool: UserPool, request: Request) -> dict[str, Any]:
    made = {name: request[name] for name in PLAIN if request.get(name) is not None}
    for name in made.get("SupportedIdentityProviders") or ():
        if name != "COGNITO":
            raise invalid(f"The provider {name} does not exist for User Pool {pool.id}.")
    if made.get("AnalyticsConfiguration"):
        raise not_supported("Amazon Pinpoint analytics (AnalyticsConfiguration)")
    _check_flows(made.get("ExplicitAuthFlows") or [])
    made["RefreshTokenValidity"] = request.get("RefreshTokenValidity") or 30
    made["TokenValidityUnits"] = request.get("TokenValidityUnits") or {}
    _check_validity(made)
    made["AllowedOAuthFlowsUserPoolClient"] = bool(request.get("AllowedOAuthFlowsUserPoolClient"))
    revocation = request.get("EnableTokenRevocation")
    made["EnableTokenRevocation"] = True if revocation is None else revocation
    made["EnablePropagateAdditionalUserContextData"] = bool(
        request.get("EnablePropagateAdditionalUserContextData")
    )
    made["AuthSessionValidity"] = request.get("AuthSessionValidity") or 3
    _check_attributes(pool, made)
    _check_oauth(pool, made)
    if not made["TokenValidityUnits"]:
        del made["TokenValidityUnits"]
    return made


def _check_flows(flows: list[str]) -> None:
    if flows and any(flow.startswith("ALLOW_") for flow in flows) and OLD_FLOWS & set(flows):
        raise invalid(
            "The ExplicitAuthFlows parameter cannot contain values with and without the ALLOW_ prefix."
        )


def _check_validity(settings: dict[str, Any]) -> None:
    for kind, (low, high, default_unit) in BOUNDS.items():
        value = settings.get(f"{kind}TokenValidity")
        if not value:
            continue
        unit = settings["TokenValidityUnits"].get(f"{kind}Token") or default_unit
        if not low <= value * UNITS[unit] <= high:
            raise invalid(
                f"Invalid range for token validity. {kind}TokenValidity must be between "
                f"{_words(low)} and {_words(high)}."
            )


def _words(seconds: int) -> str:
    for unit, size in (("days", 86400), ("minutes", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"


def _check_attributes(pool: UserPool, settings: dict[str, Any]) -> None:
    for name in settings.get("ReadAttributes") or ():
        if name not in pool.schema:
            raise invalid(f"Invalid read attributes specified while creating a client: {name}")
    for name in settings.get("WriteAttributes") or ():
        if name not in pool.schema or name in ("sub", "email_verified", "phone_number_verified"):
            raise invalid(f"Invalid write attributes specified while creating a client: {name}")


def _check_oauth(pool: UserPool, settings: dict[str, Any]) -> None:
    flows = settings.get("AllowedOAuthFlows") or []
    scopes = settings.get("AllowedOAuthScopes") or []
    if (flows or scopes) and not settings["AllowedOAuthFlowsUserPoolClient"]:
        # The parameters are kept and do nothing until the switch is on.
        return
    if flows and not scopes:
        raise error(
            "InvalidOAuthFlowException",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to "
            "use OAuth flows.",
        )
    if "client_credentials" in flows:
        if len(flows) > 1:
            raise error(
                "InvalidOAuthFlowException",
                "client_credentials flow can not be selected along with code flow or implicit flow.",
            )
        if SYSTEM_SCOPES & set(scopes):
            raise error(
                "InvalidOAuthFlowException",
                "client_credentials flow can not be selected with these scopes: "
                f"{', '.join(sorted(SYSTEM_SCOPES & set(scopes)))}.",
            )
    for scope in scopes:
        if scope in SYSTEM_SCOPES:
            continue
        identifier, _, name = scope.rpartition("/")
        server = pool.resource_servers.get(identifier)
        if server is None or name not in server.scopes:
            raise error("ScopeDoesNotExistException", f"Invalid scope requested: {scope}.")
    for name in ("CallbackURLs", "LogoutURLs"):
        for url in settings.get(name) or ():
            if not url.startswith(("https://", "http://localhost", "http://127.0.0.1")) and (
                url.startswith("http://")
                and not (url.split("/")[2].split(":")[0]).endswith(".localhost")
            ):
                raise invalid(f"{url} is not allowed: use https, or http with localhost.")
    default = settings.get("DefaultRedirectURI")
    if default and default not in (settings.get("CallbackURLs") or ()):
        raise invalid(f"{default} can not be the default redirect URI: it is not a callback URL.")


def flows_of(client: Client) -> set[str]:
    """The sign-in flows that a client allows, without their `ALLOW_` prefix."""
    found = client.settings.get("ExplicitAuthFlows") or DEFAULT_FLOWS
    names = {flow.removeprefix("ALLOW_") for flow in found}
    if "ADMIN_NO_SRP_AUTH" in names:
        names.add("ADMIN_USER_PASSWORD_AUTH")
    if not any(flow.startswith("ALLOW_") for flow in found):
        # Clients in the old vocabulary always have SRP and refresh, unless they are custom only.
        names |= {"REFRESH_TOKEN_AUTH"}
        if "CUSTOM_AUTH_FLOW_ONLY" in names:
            names.add("CUSTOM_AUTH")
        else:
            names |= {"USER_SRP_AUTH", "CUSTOM_AUTH"}
    return names


def as_type(pool: UserPool, client: Client) -> dict[str, Any]:
    """UserPoolClientType."""
    shown: dict[str, Any] = {
        "UserPoolId": pool.id,
        "ClientName": client.name,
        "ClientId": client.id,
        "LastModifiedDate": client.modified,
        "CreationDate": client.created,
        **client.settings,
    }
    if client.secret:
        shown["ClientSecret"] = client.secret
    return shown
