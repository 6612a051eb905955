"""Custom domain names and base path mappings in the shapes of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from moto.apigateway.models import apigateway_backends

from sandbox.emulator.execute_api import domains, identifiers
from sandbox.emulator.execute_api.domains import Domain, Mapping

NONE = "(none)"
# Members of a domain name that UpdateDomainName replaces, and the setting that they are.
PATCHABLE = {
    "/certificateName": "certificate_name",
    "/certificateArn": "certificate_arn",
    "/regionalCertificateName": "certificate_name",
    "/regionalCertificateArn": "certificate_arn",
    "/ownershipVerificationCertificateArn": "ownership_arn",
    "/securityPolicy": "security_policy",
    "/routingMode": "routing_mode",
    "/endpointConfiguration/ipAddressType": "ip_address_type",
}


def new_domain(
    context: RequestContext, name: str, tags: dict[str, str] | None, settings: dict[str, Any]
) -> Domain:
    """Keep a new domain name; raises BadRequestException and ConflictException."""
    name = name.lower()
    if not domains.NAME.fullmatch(name):
        raise BadRequestException("The domain name is invalid.")
    if name in domains.domains():
        raise ConflictException("The domain name you provided already exists.")
    if settings.get("endpoint_type") == "EDGE":
        target = f"d{secrets.token_hex(7)}.cloudfront.net"
    else:
        target = f"d-{identifiers.identifier(10)}.execute-api.{context.region}.amazonaws.com"
    made = Domain(name, context.account_id, context.region, target, settings, dict(tags or {}))
    domains.domains()[name] = made
    domains.changed()
    return made


def own(context: RequestContext, name: str) -> Domain:
    """The caller's domain name; NotFoundException."""
    found = domains.domains().get(name.lower())
    if found is None or (found.account, found.region) != (context.account_id, context.region):
        raise NotFoundException("Invalid domain name identifier specified")
    return found


def delete_domain(context: RequestContext, name: str) -> None:
    """Forget a domain name with its mappings."""
    del domains.domains()[own(context, name).name]
    domains.changed()


def shown(domain: Domain) -> dict[str, Any]:
    """A domain name as the REST version shows it."""
    settings = domain.settings
    found: dict[str, Any] = {
        "domainName": domain.name,
        "domainNameArn": domain.arn,
        "domainNameStatus": "AVAILABLE",
        "endpointConfiguration": {
            "types": [settings["endpoint_type"]],
            "ipAddressType": settings["ip_address_type"],
        },
        "securityPolicy": settings["security_policy"],
        "routingMode": settings.get("routing_mode") or "BASE_PATH_MAPPING_ONLY",
    }
    prefix = "" if domain.edge else "regional"

    def member(name: str) -> str:
        return prefix + (name[0].upper() + name[1:] if prefix else name)

    for name, key in (
        ("certificateArn", "certificate_arn"),
        ("certificateName", "certificate_name"),
    ):
        if settings.get(key):
            found[member(name)] = settings[key]
    if domain.edge:
        found["distributionDomainName"] = domain.target
        found["distributionHostedZoneId"] = domains.EDGE_ZONE
        if settings.get("uploaded"):
            found["certificateUploadDate"] = settings["uploaded"]
    else:
        found["regionalDomainName"] = domain.target
        found["regionalHostedZoneId"] = domains.REGIONAL_ZONE
    if settings.get("ownership_arn"):
        found["ownershipVerificationCertificateArn"] = settings["ownership_arn"]
    if settings.get("mutual_tls"):
        found["mutualTlsAuthentication"] = settings["mutual_tls"]
    if domain.tags:
        found["tags"] = domain.tags
    return found


def _shown_mapping(mapping: Mapping) -> dict[str, Any]:
    found = {"basePath": mapping.base_path or NONE, "restApiId": mapping.api_id}
    if mapping.stage:
        found["stage"] = mapping.stage
    return found


def _check_target(context: RequestContext, api_id: str, stage: str | None) -> None:
    api = apigateway_backends[context.account_id][context.region].apis.get(api_id)
    if api is None:
        raise BadRequestException("Invalid REST API identifier specified")
    if stage and stage not in api.stages:
        raise BadRequestException("Invalid stage identifier specified")


def _check_base_path(base_path: str) -> None:
    if "/" in base_path:
        raise BadRequestException(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create "
            "a multi-level base path mapping, use API Gateway V2."
        )
    if base_path and not re.fullmatch(r"[A-Za-z0-9$_.+!*'(),-]+", base_path):
        raise BadRequestException("Invalid base path specified")


class DomainOperations(ApigatewayNextGenProvider):
    """CreateDomainName, CreateBasePathMapping and their like."""

    @handler("CreateDomainName", expand=False)
    def create_domain_name(self, context: RequestContext, request: Any) -> Any:
        """A name that answers at once; certificates are noted, the sandbox speaks HTTP."""
        configuration = request.get("endpointConfiguration") or {}
        types = configuration.get("types") or ["EDGE"]
        if len(types) > 1:
            raise BadRequestException("Cannot create a domain name with multiple Endpoint Types.")
        if types[0] not in ("EDGE", "REGIONAL"):
            raise BadRequestException(
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE"
            )
        edge = types[0] == "EDGE"
        prefix = "certificate" if edge else "regionalCertificate"
        settings = {
            "endpoint_type": types[0],
            "ip_address_type": configuration.get("ipAddressType") or "ipv4",
            "security_policy": request.get("securityPolicy") or "TLS_1_2",
            "certificate_arn": request.get(f"{prefix}Arn"),
            "certificate_name": request.get(f"{prefix}Name"),
            "ownership_arn": request.get("ownershipVerificationCertificateArn"),
            "mutual_tls": request.get("mutualTlsAuthentication"),
            "routing_mode": request.get("routingMode"),
        }
        return shown(new_domain(context, request["domainName"], request.get("tags"), settings))

    @handler("GetDomainName", expand=False)
    def get_domain_name(self, context: RequestContext, request: Any) -> Any:
        """One domain name."""
        return shown(own(context, request["domainName"]))

    @handler("GetDomainNames", expand=False)
    def get_domain_names(self, context: RequestContext, request: Any) -> Any:
        """The account's domain names in the region."""
        found = [
            shown(domain)
            for domain in domains.domains().values()
            if (domain.account, domain.region) == (context.account_id, context.region)
        ]
        return {"items": found}

    @handler("UpdateDomainName", expand=False)
    def update_domain_name(self, context: RequestContext, request: Any) -> Any:
        """Change certificates and settings."""
        domain = own(context, request["domainName"])
        settings = dict(domain.settings)
        for operation in request.get("patchOperations") or ():
            path, value = operation["path"], operation.get("value")
            if path.startswith("/endpointConfiguration/types"):
                if value not in ("EDGE", "REGIONAL"):
                    raise BadRequestException(
                        "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE"
                    )
                settings["endpoint_type"] = value
            elif path in PATCHABLE:
                settings[PATCHABLE[path]] = value if operation["op"] != "remove" else None
            elif path.startswith("/mutualTlsAuthentication/"):
                tls = dict(settings.get("mutual_tls") or {})
                tls[path.rpartition("/")[2]] = value
                settings["mutual_tls"] = tls
            else:
                raise BadRequestException(f"Invalid patch path {path}")
        domain.settings = settings
        domains.changed()
        return shown(domain)

    @handler("DeleteDomainName", expand=False)
    def delete_domain_name(self, context: RequestContext, request: Any) -> None:
        """Forget a domain name."""
        delete_domain(context, request["domainName"])

    # --- base paths ------------------------------------------------------------------------------

    @handler("CreateBasePathMapping", expand=False)
    def create_base_path_mapping(self, context: RequestContext, request: Any) -> Any:
        """Let a path of a domain name lead to an API."""
        domain = own(context, request["domainName"])
        base_path = _plain(request.get("basePath"))
        _check_base_path(base_path)
        _check_target(context, request["restApiId"], request.get("stage"))
        if domain.mapping(base_path) is not None:
            raise ConflictException("Base path already exists for this domain name")
        made = Mapping(
            identifiers.identifier(6), base_path, request["restApiId"], request.get("stage") or None
        )
        domain.mappings.append(made)
        domains.changed()
        return _shown_mapping(made)

    @handler("GetBasePathMapping", expand=False)
    def get_base_path_mapping(self, context: RequestContext, request: Any) -> Any:
        """One mapping."""
        return _shown_mapping(_mapping(context, request))

    @handler("GetBasePathMappings", expand=False)
    def get_base_path_mappings(self, context: RequestContext, request: Any) -> Any:
        """The mappings of a domain name that lead to REST APIs."""
        domain = own(context, request["domainName"])
        return {"items": [_shown_mapping(mapping) for mapping in domain.mappings]}

    @handler("UpdateBasePathMapping", expand=False)
    def update_base_path_mapping(self, context: RequestContext, request: Any) -> Any:
        """Let a path lead elsewhere, or another path lead there."""
        domain = own(context, request["domainName"])
        mapping = _mapping(context, request)
        base_path, api_id, stage = mapping.base_path, mapping.api_id, mapping.stage
        for operation in request.get("patchOperations") or ():
            value = operation.get("value") if operation["op"] != "remove" else None
            if operation["path"] == "/basePath":
                base_path = _plain(value)
            elif operation["path"].lower() == "/restapiid":
                api_id = value or ""
            elif operation["path"] == "/stage":
                stage = value or None
            else:
                raise BadRequestException(
                    f"Invalid patch path  '{operation['path']}' specified for op "
                    f"'{operation['op']}'. Must be one of: [/basePath, /stage, /restapiId]"
                )
        _check_base_path(base_path)
        _check_target(context, api_id, stage)
        other = domain.mapping(base_path)
        if other is not None and other is not mapping:
            raise ConflictException("Base path already exists for this domain name")
        mapping.base_path, mapping.api_id, mapping.stage = base_path, api_id, stage
        domains.changed()
        return _shown_mapping(mapping)

    @handler("DeleteBasePathMapping", expand=False)
    def delete_base_path_mapping(self, context: RequestContext, request: Any) -> None:
        """Let a path lead nowhere."""
        mapping = _mapping(context, request)
        own(context, request["domainName"]).mappings.remove(mapping)
        domains.changed()


def _plain(base_path: str | None) -> str:
    return "" if base_path in (None, "", NONE) else str(base_path)


def _mapping(context: RequestContext, request: Any) -> Mapping:
    found = own(context, request["domainName"]).mapping(_plain(request["basePath"]))
    if found is None:
        raise NotFoundException("Invalid base path mapping identifier specified")
    return found
