"""What Cognito has and the sandbox has not: refused in plain words instead of half done."""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator.cognito.errors import not_supported
from sandbox.emulator.cognito.operations.base import Request, operation

FEATURES: dict[str, tuple[str, ...]] = {
    "identity providers outside the pool (SAML, OpenID Connect, social)": (
        *("CreateIdentityProvider", "DescribeIdentityProvider", "UpdateIdentityProvider"),
        *("DeleteIdentityProvider", "GetIdentityProviderByIdentifier", "AdminLinkProviderForUser"),
        "AdminDisableProviderForUser",
    ),
    "device tracking": (
        *("AdminForgetDevice", "AdminGetDevice", "AdminUpdateDeviceStatus", "ForgetDevice"),
        *("GetDevice", "UpdateDeviceStatus"),
    ),
    "threat protection": (
        *("SetRiskConfiguration", "DescribeRiskConfiguration", "UpdateAuthEventFeedback"),
        "AdminUpdateAuthEventFeedback",
    ),
    "passkeys": (
        *("StartWebAuthnRegistration", "CompleteWebAuthnRegistration"),
        *("DeleteWebAuthnCredential", "ListWebAuthnCredentials"),
    ),
    "branding of managed login": (
        *("CreateManagedLoginBranding", "DeleteManagedLoginBranding"),
        *("DescribeManagedLoginBranding", "DescribeManagedLoginBrandingByClient"),
        *("UpdateManagedLoginBranding", "CreateTerms", "DeleteTerms", "DescribeTerms"),
        *("ListTerms", "UpdateTerms"),
    ),
    "importing users from a file": (
        *("CreateUserImportJob", "DescribeUserImportJob", "ListUserImportJobs"),
        *("StartUserImportJob", "StopUserImportJob", "GetCSVHeader"),
    ),
    "log delivery": ("GetLogDeliveryConfiguration", "SetLogDeliveryConfiguration"),
}


def _refusal(name: str, feature: str) -> Any:
    def refuse(self: Any, context: RequestContext, request: Request) -> None:
        raise not_supported(feature)

    refuse.__name__ = f"refuse_{name}"
    return operation(name)(refuse)


RefusedOperations = type(
    "RefusedOperations",
    (),
    {
        f"refuse_{name}": _refusal(name, feature)
        for feature, names in FEATURES.items()
        for name in names
    },
)
