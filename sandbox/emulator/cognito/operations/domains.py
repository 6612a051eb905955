"""Domains of the hosted pages, resource servers with their scopes, and the look of the pages.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator import clock
from sandbox.emulator.cognito import models
from sandbox.emulator.cognito.errors import invalid, not_found
from sandbox.emulator.cognito.models import ResourceServer, UserPool
from sandbox.emulator.cognito.operations.base import (
    Request,
    client_of,
    operation,
    page,
    pool_of,
    with_token,
)

DISTRIBUTION = "d3oia8etllorh5.cloudfront.net"
RESERVED = ("aws", "amazon", "cognito")
LONGEST_CSS = 131_072


class DomainOperations:
    """CreateUserPoolDomain to GetUICustomization."""

    @operation("CreateUserPoolDomain")
    def create_user_pool_domain(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A prefix, or a name of one's own with a certificate."""
        pool = pool_of(context, request)
        name = request["Domain"]
        custom = request.get("CustomDomainConfig")
        if models.find_domain(name) is not None:
            raise invalid("Domain already associated with another user pool.")
        if not custom:
            if any(word in name for word in RESERVED):
                raise invalid(f"Domain cannot contain reserved word: {_reserved(name)}")
            if pool.domain:
                raise invalid(f"User pool already has a domain configured. Domain: {pool.domain}")
            pool.domain = name
        else:
            pool.custom_domains[name] = dict(custom)
        pool.domain_version = request.get("ManagedLoginVersion") or 1
        answer: dict[str, Any] = {"ManagedLoginVersion": pool.domain_version}
        if custom:
            answer["CloudFrontDomain"] = DISTRIBUTION
        return answer

    @operation("UpdateUserPoolDomain")
    def update_user_pool_domain(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Another certificate or version of the pages."""
        pool = pool_of(context, request)
        _owned(pool, request["Domain"])
        if request.get("CustomDomainConfig"):
            pool.custom_domains[request["Domain"]] = dict(request["CustomDomainConfig"])
        if request.get("ManagedLoginVersion"):
            pool.domain_version = request["ManagedLoginVersion"]
        return {"ManagedLoginVersion": pool.domain_version}

    @operation("DescribeUserPoolDomain")
    def describe_user_pool_domain(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """Whose a domain is; empty for one that nobody has."""
        name = request["Domain"]
        pool = models.find_domain(name)
        if pool is None or pool.account != context.account_id:
            return {"DomainDescription": {}}
        shown: dict[str, Any] = {
            "UserPoolId": pool.id,
            "AWSAccountId": pool.account,
            "Domain": name,
            "CloudFrontDistribution": DISTRIBUTION,
            "Version": "20200101000000",
            "Status": "ACTIVE",
            "CustomDomainConfig": pool.custom_domains.get(name, {}),
            "ManagedLoginVersion": pool.domain_version,
        }
        return {"DomainDescription": shown}

    @operation("DeleteUserPoolDomain")
    def delete_user_pool_domain(self, context: RequestContext, request: Request) -> None:
        """Give the domain back."""
        pool = pool_of(context, request)
        name = request["Domain"]
        _owned(pool, name)
        if pool.domain == name:
            pool.domain = ""
        pool.custom_domains.pop(name, None)

    @operation("CreateResourceServer")
    def create_resource_server(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A resource server and its scopes."""
        pool = pool_of(context, request)
        identifier = request["Identifier"]
        if identifier in pool.resource_servers:
            raise invalid(f"{identifier} already exists in user pool {pool.id}.")
        server = ResourceServer(identifier, request["Name"], _scopes(request))
        pool.resource_servers[identifier] = server
        return {"ResourceServer": _server_type(pool, server)}

    @operation("DescribeResourceServer")
    def describe_resource_server(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A resource server."""
        pool = pool_of(context, request)
        return {"ResourceServer": _server_type(pool, _server(pool, request))}

    @operation("UpdateResourceServer")
    def update_resource_server(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Replace name and scopes."""
        pool = pool_of(context, request)
        server = _server(pool, request)
        server.name, server.scopes = request["Name"], _scopes(request)
        return {"ResourceServer": _server_type(pool, server)}

    @operation("DeleteResourceServer")
    def delete_resource_server(self, context: RequestContext, request: Request) -> None:
        """Delete a resource server."""
        pool = pool_of(context, request)
        del pool.resource_servers[_server(pool, request).identifier]

    @operation("ListResourceServers")
    def list_resource_servers(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The pool's resource servers."""
        pool = pool_of(context, request)
        found, token = page(
            list(pool.resource_servers.values()),
            request.get("NextToken"),
            request.get("MaxResults") or 50,
        )
        shown = [_server_type(pool, server) for server in found]
        return with_token({"ResourceServers": shown}, "NextToken", token)

    @operation("SetUICustomization")
    def set_ui_customization(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """CSS for the hosted pages, of all clients or of one."""
        pool = pool_of(context, request)
        if not pool.domain and not pool.custom_domains:
            raise invalid("There has to be an existing domain associated with this user pool")
        key = request.get("ClientId") or "ALL"
        if key != "ALL":
            client_of(pool, key)
        if len(request.get("CSS") or "") > LONGEST_CSS:
            raise invalid("CSS is too large.")
        now = clock.time()
        found = pool.ui.setdefault(key, {"CreationDate": now})
        found.update({"CSS": request.get("CSS") or "", "LastModifiedDate": now})
        if request.get("ImageFile"):
            found["Image"] = request["ImageFile"]
        return {"UICustomization": _ui_type(pool, key)}

    @operation("GetUICustomization")
    def get_ui_customization(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The look of the hosted pages."""
        pool = pool_of(context, request)
        key = request.get("ClientId") or "ALL"
        return {"UICustomization": _ui_type(pool, key if key in pool.ui else "ALL")}

    @operation("ListIdentityProviders")
    def list_identity_providers(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """None: there is nobody outside whom a pool could trust."""
        pool_of(context, request)
        return {"Providers": []}


def _reserved(name: str) -> str:
    return next(word for word in RESERVED if word in name)


def _owned(pool: UserPool, name: str) -> None:
    if pool.domain != name and name not in pool.custom_domains:
        raise invalid("No such domain or user pool exists.")


def _scopes(request: Request) -> dict[str, str]:
    return {item["ScopeName"]: item["ScopeDescription"] for item in request.get("Scopes") or ()}


def _server(pool: UserPool, request: Request) -> ResourceServer:
    found = pool.resource_servers.get(request["Identifier"])
    if found is None:
        raise not_found("Resource server not found.")
    return found


def _server_type(pool: UserPool, server: ResourceServer) -> dict[str, Any]:
    return {
        "UserPoolId": pool.id,
        "Identifier": server.identifier,
        "Name": server.name,
        "Scopes": [
            {"ScopeName": name, "ScopeDescription": text} for name, text in server.scopes.items()
        ],
    }


def _ui_type(pool: UserPool, key: str) -> dict[str, Any]:
    found = pool.ui.get(key)
    if found is None:
        return {"UserPoolId": pool.id, "ClientId": key}
    shown = {name: value for name, value in found.items() if name != "Image"}
    return {"UserPoolId": pool.id, "ClientId": key, "CSSVersion": "20190128172214", **shown}
