"""Custom domain names and API mappings in the shapes of HTTP and WebSocket APIs.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames-domainname-apimappings.html
"""

from __future__ import annotations

import re
from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.apigatewayv2.lookups import page
from sandbox.emulator.apigatewayv2.models import find
from sandbox.emulator.apigatewayv2.refusals import bad_request, conflict, not_found
from sandbox.emulator.execute_api import domains, identifiers
from sandbox.emulator.execute_api.domains import Domain, Mapping

NO_RULES = "This sandbox has no routing rules; use API mappings."
KEY = re.compile(r"[A-Za-z0-9$_.+!*'(),-]+(/[A-Za-z0-9$_.+!*'(),-]+)*")


def shown(domain: Domain) -> dict[str, Any]:
    """A domain name as this version shows it."""
    settings = domain.settings
    configuration: dict[str, Any] = {
        "ApiGatewayDomainName": domain.target,
        "DomainNameStatus": "AVAILABLE",
        "EndpointType": settings["endpoint_type"],
        "HostedZoneId": domains.EDGE_ZONE if domain.edge else domains.REGIONAL_ZONE,
        "IpAddressType": settings["ip_address_type"],
        "SecurityPolicy": settings["security_policy"],
    }
    for name, key in (
        ("CertificateArn", "certificate_arn"),
        ("CertificateName", "certificate_name"),
        ("OwnershipVerificationCertificateArn", "ownership_arn"),
    ):
        if settings.get(key):
            configuration[name] = settings[key]
    found = {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": domain.name,
        "DomainNameArn": domain.arn,
        "DomainNameConfigurations": [configuration],
        "RoutingMode": settings.get("routing_mode") or "API_MAPPING_ONLY",
        "Tags": domain.tags,
    }
    if settings.get("mutual_tls"):
        found["MutualTlsAuthentication"] = {
            name[0].upper() + name[1:]: value for name, value in settings["mutual_tls"].items()
        }
    return found


def _settings(request: Any) -> dict[str, Any]:
    configurations = request.get("DomainNameConfigurations") or [{}]
    if len(configurations) != 1:
        raise bad_request("Only one DomainNameConfiguration is supported")
    given = configurations[0]
    kind = given.get("EndpointType") or "REGIONAL"
    if kind not in ("REGIONAL", "EDGE"):
        raise bad_request("Invalid EndpointType specified. Must be one of [REGIONAL, EDGE]")
    if kind == "EDGE":
        raise bad_request("Edge-optimized custom domain names are not supported by this API")
    tls = request.get("MutualTlsAuthentication") or {}
    return {
        "endpoint_type": kind,
        "ip_address_type": given.get("IpAddressType") or "ipv4",
        "security_policy": given.get("SecurityPolicy") or "TLS_1_2",
        "certificate_arn": given.get("CertificateArn"),
        "certificate_name": given.get("CertificateName"),
        "ownership_arn": given.get("OwnershipVerificationCertificateArn"),
        "mutual_tls": {name[0].lower() + name[1:]: value for name, value in tls.items()},
        "routing_mode": request.get("RoutingMode"),
    }


def own(context: RequestContext, name: str) -> Domain:
    """The caller's domain name; NotFoundException."""
    found = domains.domains().get(name.lower())
    if found is None or (found.account, found.region) != (context.account_id, context.region):
        raise not_found("domain name")
    return found


def _mapping(domain: Domain, identity: str) -> Mapping:
    found = next((one for one in domain.mappings if one.id == identity), None)
    if found is None:
        raise not_found("ApiMapping")
    return found


def _shown_mapping(mapping: Mapping) -> dict[str, Any]:
    return {
        "ApiId": mapping.api_id,
        "ApiMappingId": mapping.id,
        "ApiMappingKey": mapping.base_path,
        "Stage": mapping.stage or "",
    }


def _check(
    context: RequestContext, domain: Domain, key: str, api_id: str, stage: str, own_id: str = ""
) -> None:
    if key and not KEY.fullmatch(key):
        raise bad_request("The API mapping key is invalid")
    if any(one.base_path == key and one.id != own_id for one in domain.mappings):
        raise conflict("ApiMapping key already exists for this domain name")
    stages: Any = None
    api = find(api_id)
    if api is not None and (api.account, api.region) == (context.account_id, context.region):
        stages = api.stages
    elif api is None:
        from moto.apigateway.models import apigateway_backends

        rest = apigateway_backends[context.account_id][context.region].apis.get(api_id)
        stages = rest.stages if rest is not None else None
    if stages is None:
        raise bad_request(f"Invalid API identifier specified {context.account_id}:{api_id}")
    if stage not in stages:
        raise bad_request("Invalid stage identifier specified")


class DomainOperations:
    """CreateDomainName, CreateApiMapping and their like."""

    @handler("CreateDomainName", expand=False)
    def create_domain_name(self, context: RequestContext, request: Any) -> Any:
        """A name that answers at once; certificates are noted, the sandbox speaks HTTP."""
        name = (request.get("DomainName") or "").lower()
        if not domains.NAME.fullmatch(name):
            raise bad_request("The domain name is invalid.")
        if name in domains.domains():
            raise conflict("The domain name you provided already exists.")
        target = f"d-{identifiers.identifier(10)}.execute-api.{context.region}.amazonaws.com"
        made = Domain(
            name,
            context.account_id,
            context.region,
            target,
            _settings(request),
            dict(request.get("Tags") or {}),
        )
        domains.domains()[name] = made
        domains.changed()
        return shown(made)

    @handler("GetDomainName", expand=False)
    def get_domain_name(self, context: RequestContext, request: Any) -> Any:
        """One domain name."""
        return shown(own(context, request["DomainName"]))

    @handler("GetDomainNames", expand=False)
    def get_domain_names(self, context: RequestContext, request: Any) -> Any:
        """The account's domain names in the region."""
        found = [
            shown(domain)
            for domain in domains.domains().values()
            if (domain.account, domain.region) == (context.account_id, context.region)
        ]
        return page(found, request)

    @handler("UpdateDomainName", expand=False)
    def update_domain_name(self, context: RequestContext, request: Any) -> Any:
        """Change certificates and settings."""
        domain = own(context, request["DomainName"])
        given = {name: value for name, value in _settings(request).items() if value}
        if not request.get("DomainNameConfigurations"):
            given = {name: given[name] for name in ("mutual_tls", "routing_mode") if name in given}
        domain.settings = {**domain.settings, **given}
        domains.changed()
        return shown(domain)

    @handler("DeleteDomainName", expand=False)
    def delete_domain_name(self, context: RequestContext, request: Any) -> None:
        """Forget a domain name with its mappings."""
        del domains.domains()[own(context, request["DomainName"]).name]
        domains.changed()

    # --- routing rules ---------------------------------------------------------------------------

    @handler("ListRoutingRules", expand=False)
    def list_routing_rules(self, context: RequestContext, request: Any) -> Any:
        """None."""
        own(context, request["DomainName"])
        return {"RoutingRules": []}

    @handler("GetRoutingRule", expand=False)
    def get_routing_rule(self, context: RequestContext, request: Any) -> Any:
        """There is none."""
        raise not_found("RoutingRule")

    @handler("DeleteRoutingRule", expand=False)
    def delete_routing_rule(self, context: RequestContext, request: Any) -> None:
        """There is none."""
        raise not_found("RoutingRule")

    @handler("CreateRoutingRule", expand=False)
    def create_routing_rule(self, context: RequestContext, request: Any) -> Any:
        """Refused: paths are led by API mappings only."""
        raise bad_request(NO_RULES)

    @handler("PutRoutingRule", expand=False)
    def put_routing_rule(self, context: RequestContext, request: Any) -> Any:
        """Refused: paths are led by API mappings only."""
        raise bad_request(NO_RULES)

    # --- API mappings ----------------------------------------------------------------------------

    @handler("CreateApiMapping", expand=False)
    def create_api_mapping(self, context: RequestContext, request: Any) -> Any:
        """Let a path of a domain name lead to a stage of an API."""
        domain = own(context, request["DomainName"])
        key = request.get("ApiMappingKey") or ""
        _check(context, domain, key, request.get("ApiId") or "", request.get("Stage") or "")
        made = Mapping(identifiers.identifier(6), key, request["ApiId"], request["Stage"])
        domain.mappings.append(made)
        domains.changed()
        return _shown_mapping(made)

    @handler("GetApiMapping", expand=False)
    def get_api_mapping(self, context: RequestContext, request: Any) -> Any:
        """One mapping."""
        domain = own(context, request["DomainName"])
        return _shown_mapping(_mapping(domain, request["ApiMappingId"]))

    @handler("GetApiMappings", expand=False)
    def get_api_mappings(self, context: RequestContext, request: Any) -> Any:
        """The mappings of a domain name."""
        domain = own(context, request["DomainName"])
        return page([_shown_mapping(mapping) for mapping in domain.mappings], request)

    @handler("UpdateApiMapping", expand=False)
    def update_api_mapping(self, context: RequestContext, request: Any) -> Any:
        """Let a path lead elsewhere, or another path lead there."""
        domain = own(context, request["DomainName"])
        mapping = _mapping(domain, request["ApiMappingId"])
        key = request.get("ApiMappingKey")
        key = mapping.base_path if key is None else key
        api_id = request.get("ApiId") or mapping.api_id
        stage = request.get("Stage") or mapping.stage or ""
        _check(context, domain, key, api_id, stage, mapping.id)
        mapping.base_path, mapping.api_id, mapping.stage = key, api_id, stage
        domains.changed()
        return _shown_mapping(mapping)

    @handler("DeleteApiMapping", expand=False)
    def delete_api_mapping(self, context: RequestContext, request: Any) -> None:
        """Let a path lead nowhere."""
        domain = own(context, request["DomainName"])
        domain.mappings.remove(_mapping(domain, request["ApiMappingId"]))
        domains.changed()
