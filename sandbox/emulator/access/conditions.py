"""The values of condition keys for a request, looked up only when a policy asks for them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.access import moments
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.access.resources import resource_tags

# Header or parameter of S3 requests -> condition key.
S3_HEADERS = {
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "x-amz-content-sha256",
    "x-amz-object-ownership",
}
S3_PARAMETERS = {
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:versionid": "VersionId",
    "s3:if-match": "IfMatch",
    "s3:if-none-match": "IfNoneMatch",
}


class RequestConditions(Mapping[str, object]):
    """A mapping from condition key in lower case to its value, or None.

    `extra` are the keys of one requirement; `resource` is the ARN that is asked for.
    """

    def __init__(
        self,
        context: Any,
        principal: Principal,
        *,
        resource: str = "*",
        resource_account: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self._context = context
        self._principal = principal
        self._resource = resource
        self._account = resource_account or principal.account
        self._extra = extra or {}

    def __getitem__(self, key: str) -> object:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def get(self, key: str, default: object = None) -> Any:
        """The value of a condition key; None when the request has none."""
        key = key.lower()
        if key in self._extra:
            return self._extra[key]
        prefix, _, name = key.partition(":")
        if prefix == "aws":
            return self._global(name)
        if prefix == "s3":
            return self._s3(key, name)
        if prefix == "sts":
            return self._sts(name)
        if prefix == "dynamodb":
            return self._dynamodb(name)
        if name.startswith("resourcetag/"):
            return self._global(name)
        for known, value in self._principal.web_identity.items():
            if known.lower() == key:
                return value
        return default

    # --- aws:* -----------------------------------------------------------------------------------

    def _global(self, name: str) -> object:
        found = _GLOBAL.get(name)
        if found is not None:
            return found(self)
        stem, _, key = name.partition("/")
        if stem == "principaltag":
            return _ignoring_case(self._principal.tags, key)
        if stem == "requesttag":
            return _ignoring_case(request_tags(self._request()), key)
        if stem == "resourcetag":
            return _ignoring_case(resource_tags(self._resource, self._account), key)
        return None

    def _request(self) -> Mapping[str, Any]:
        found = getattr(self._context, "service_request", None)
        return found if isinstance(found, Mapping) else {}

    def _header(self, name: str) -> str | None:
        return self._context.request.headers.get(name)

    # --- services --------------------------------------------------------------------------------

    def _s3(self, key: str, name: str) -> object:
        if name in S3_HEADERS:
            return self._header(name)
        if key in S3_PARAMETERS:
            value = self._request().get(S3_PARAMETERS[key])
            if value is None and key in ("s3:prefix", "s3:delimiter"):
                return None
            return None if value is None else str(value)
        stem, _, tag = name.partition("/")
        if stem == "existingobjecttag":
            return _ignoring_case(resource_tags(self._resource, self._account), tag)
        if stem in ("requestobjecttag", "requestobjecttagkeys"):
            tags = request_tags(self._request())
            if stem == "requestobjecttag":
                return _ignoring_case(tags, tag)
            return list(tags) or None
        if name == "authtype":
            claim = getattr(self._context, "sandbox_claim", None)
            if claim is None:
                return None
            return "REST-QUERY-STRING" if claim.presigned else "REST-HEADER"
        if name == "signatureversion":
            claim = getattr(self._context, "sandbox_claim", None)
            return None if claim is None else "AWS4-HMAC-SHA256"
        if name == "signatureage":
            claim = getattr(self._context, "sandbox_claim", None)
            if claim is None or not claim.presigned:
                return None
            return str(int((clock.time() - moments.to_sandbox(claim.moment())) * 1000))
        if name == "resourceaccount":
            return self._account
        if name == "locationconstraint":
            return (self._request().get("CreateBucketConfiguration") or {}).get(
                "LocationConstraint"
            )
        return None

    def _sts(self, name: str) -> object:
        request = self._request()
        if name == "externalid":
            return request.get("ExternalId")
        if name == "rolesessionname":
            return request.get("RoleSessionName")
        if name == "sourceidentity":
            return request.get("SourceIdentity") or self._principal.source_identity
        if name == "durationseconds":
            value = request.get("DurationSeconds")
            return None if value is None else str(value)
        if name == "transitivetagkeys":
            return request.get("TransitiveTagKeys")
        return None

    def _dynamodb(self, name: str) -> object:
        if name == "leadingkeys":
            from sandbox.emulator.access.actions import dynamodb
            from sandbox.emulator.access.resources import partition_key

            return dynamodb.leading_keys(self._extra, partition_key(self._resource))
        return None


def request_tags(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request sets, however the service writes them."""
    tags = request.get("Tags") or request.get("tags") or request.get("TagSet")
    if tags is None and isinstance(request.get("Tagging"), Mapping):
        tags = request["Tagging"].get("TagSet")
    if isinstance(request.get("Tagging"), str):
        from urllib.parse import parse_qsl

        return dict(parse_qsl(request["Tagging"], keep_blank_values=True))
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    found = {}
    for tag in tags or ():
        if isinstance(tag, Mapping):
            key = tag.get("Key") or tag.get("key") or tag.get("TagKey")
            value = tag.get("Value") or tag.get("value") or tag.get("TagValue") or ""
            if key is not None:
                found[str(key)] = str(value)
    return found


def _ignoring_case(tags: Mapping[str, str], key: str) -> str | None:
    for name, value in tags.items():
        if name.lower() == key:
            return value
    return None


def _tag_keys(self: RequestConditions) -> list[str] | None:
    keys = self._request().get("TagKeys") or list(request_tags(self._request()))
    return list(keys) or None


def _token_issue_time(self: RequestConditions) -> str | None:
    from datetime import UTC, datetime

    issued = self._principal.issued_at
    if issued is None:
        return None
    return datetime.fromtimestamp(issued, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _principal_arn(self: RequestConditions) -> str | None:
    principal = self._principal
    if principal.anonymous:
        return None
    return principal.role_arn or principal.arn


def _mfa(self: RequestConditions) -> str | None:
    found = self._principal.mfa
    return None if found is None else str(found).lower()


_GLOBAL: dict[str, Callable[[RequestConditions], object]] = {
    "currenttime": lambda self: clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    "epochtime": lambda self: str(int(clock.time())),
    "principalarn": _principal_arn,
    "principalaccount": lambda self: None if self._principal.anonymous else self._principal.account,
    "principaltype": lambda self: (
        "Anonymous" if self._principal.anonymous else _principal_type(self._principal)
    ),
    "principalisawsservice": lambda self: str(self._principal.kind is Kind.SERVICE).lower(),
    "principalservicename": lambda self: self._principal.service,
    "userid": lambda self: None if self._principal.anonymous else self._principal.user_id,
    "username": lambda self: self._principal.name if self._principal.kind is Kind.USER else None,
    "tokenissuetime": _token_issue_time,
    "multifactorauthpresent": _mfa,
    "sourceidentity": lambda self: self._principal.source_identity,
    "federatedprovider": lambda self: self._principal.federated_provider,
    "viaawsservice": lambda self: "false",
    "sourceip": lambda self: self._context.request.remote_addr,
    "securetransport": lambda self: str(self._context.request.scheme == "https").lower(),
    "useragent": lambda self: self._header("User-Agent"),
    "referer": lambda self: self._header("Referer"),
    "requestedregion": lambda self: getattr(self._context, "region", None),
    "resourceaccount": lambda self: self._account,
    "tagkeys": _tag_keys,
    "sourcearn": lambda self: getattr(self._context, "sandbox_source_arn", None),
    "sourceaccount": lambda self: getattr(self._context, "sandbox_source_account", None),
}


def _principal_type(principal: Principal) -> str:
    return {
        Kind.ROOT: "Account",
        Kind.USER: "User",
        Kind.ROLE: "AssumedRole",
        Kind.FEDERATED: "FederatedUser",
    }.get(principal.kind, principal.kind.value)
