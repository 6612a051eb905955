"""The settings of a pool as the API takes and shows them, with AWS's defaults.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.emulator.cognito import passwords
from sandbox.emulator.cognito.errors import invalid, not_supported
from sandbox.emulator.cognito.models import UserPool

# Settings that never change after creation.
FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")
# Settings that are kept as they are given.
PLAIN = (
    "AutoVerifiedAttributes",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "AccountRecoverySetting",
    "UserAttributeUpdateSettings",
)
TRIGGERS = (
    "PreSignUp",
    "CustomMessage",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "PreTokenGeneration",
    "UserMigration",
)


def of_request(request: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after CreateUserPool or UpdateUserPool: what is left out goes back to its default."""
    _check(request)
    made: dict[str, Any] = {name: before[name] for name in FIXED if name in before}
    policies = request.get("Policies") or {}
    given = policies.get("PasswordPolicy")
    if given is None:
        policy = dict(passwords.DEFAULT_POLICY)
    else:
        # A policy that names some of its rules switches the others off.
        policy = {
            "MinimumLength": given.get("MinimumLength") or 8,
            "RequireUppercase": bool(given.get("RequireUppercase")),
            "RequireLowercase": bool(given.get("RequireLowercase")),
            "RequireNumbers": bool(given.get("RequireNumbers")),
            "RequireSymbols": bool(given.get("RequireSymbols")),
            "TemporaryPasswordValidityDays": given.get("TemporaryPasswordValidityDays") or 7,
        }
        if given.get("PasswordHistorySize"):
            policy["PasswordHistorySize"] = given["PasswordHistorySize"]
    made["Policies"] = {
        "PasswordPolicy": policy,
        "SignInPolicy": policies.get("SignInPolicy") or {"AllowedFirstAuthFactors": ["PASSWORD"]},
    }
    made["DeletionProtection"] = request.get("DeletionProtection") or "INACTIVE"
    made["LambdaConfig"] = lambda_config(request.get("LambdaConfig") or {})
    made["VerificationMessageTemplate"] = _verification(request)
    made["EmailConfiguration"] = {
        "EmailSendingAccount": "COGNITO_DEFAULT",
        **(request.get("EmailConfiguration") or {}),
    }
    made["AdminCreateUserConfig"] = {
        "AllowAdminCreateUserOnly": False,
        "UnusedAccountValidityDays": policy["TemporaryPasswordValidityDays"],
        **(request.get("AdminCreateUserConfig") or {}),
    }
    made["UserPoolTier"] = request.get("UserPoolTier") or before.get("UserPoolTier") or "ESSENTIALS"
    made |= {name: request[name] for name in PLAIN if request.get(name) is not None}
    return made


def _check(request: Mapping[str, Any]) -> None:
    if request.get("AliasAttributes") and request.get("UsernameAttributes"):
        raise invalid(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool."
        )
    if request.get("DeviceConfiguration"):
        raise not_supported("device tracking (DeviceConfiguration)")
    if (request.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode", "OFF") != "OFF":
        raise not_supported("threat protection (AdvancedSecurityMode)")
    factors = ((request.get("Policies") or {}).get("SignInPolicy") or {}).get(
        "AllowedFirstAuthFactors"
    ) or ["PASSWORD"]
    if "PASSWORD" not in factors:
        raise invalid("PASSWORD must be one of the allowed first auth factors.")
    if "WEB_AUTHN" in factors:
        raise not_supported("passkeys (WEB_AUTHN)")
    template = (request.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
    for name in ("EmailMessage", "SMSMessage"):
        text = template.get(name)
        if text and ("{####}" not in text or "{username}" not in text):
            raise invalid(
                f"{name} of the invite message template must contain {{username}} and {{####}}."
            )


def lambda_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """LambdaConfig; both ways to name the pre token generation trigger become both."""
    for name in ("CustomSMSSender", "CustomEmailSender"):
        if given.get(name):
            raise not_supported(f"the trigger {name}")
    made = {name: given[name] for name in TRIGGERS if given.get(name)}
    config = given.get("PreTokenGenerationConfig")
    if config:
        if config["LambdaVersion"] not in ("V1_0", "V2_0"):
            raise not_supported(f"pre token generation events of version {config['LambdaVersion']}")
        other = given.get("PreTokenGeneration")
        if other and other != config["LambdaArn"]:
            raise invalid(
                "PreTokenGeneration and PreTokenGenerationConfig must name the same function."
            )
        made["PreTokenGeneration"] = config["LambdaArn"]
        made["PreTokenGenerationConfig"] = dict(config)
    elif "PreTokenGeneration" in made:
        made["PreTokenGenerationConfig"] = {
            "LambdaVersion": "V1_0",
            "LambdaArn": made["PreTokenGeneration"],
        }
    return made


def _verification(request: Mapping[str, Any]) -> dict[str, Any]:
    """VerificationMessageTemplate; the older parameters mean the same."""
    made: dict[str, Any] = dict(request.get("VerificationMessageTemplate") or {})
    made.setdefault("DefaultEmailOption", "CONFIRM_WITH_CODE")
    for old, new in (
        ("EmailVerificationMessage", "EmailMessage"),
        ("EmailVerificationSubject", "EmailSubject"),
        ("SmsVerificationMessage", "SmsMessage"),
    ):
        if request.get(old):
            made.setdefault(new, request[old])
    return made


def as_type(pool: UserPool) -> dict[str, Any]:
    """UserPoolType."""
    template = pool.settings["VerificationMessageTemplate"]
    shown: dict[str, Any] = {
        "Id": pool.id,
        "Name": pool.name,
        **pool.settings,
        "LastModifiedDate": pool.modified,
        "CreationDate": pool.created,
        "SchemaAttributes": list(pool.schema.values()),
        "MfaConfiguration": pool.mfa_settings.get("MfaConfiguration", "OFF"),
        "EstimatedNumberOfUsers": len(pool.users),
        "Arn": pool.arn,
        "UserPoolTags": pool.tags,
    }
    for old, new in (
        ("EmailVerificationMessage", "EmailMessage"),
        ("EmailVerificationSubject", "EmailSubject"),
        ("SmsVerificationMessage", "SmsMessage"),
    ):
        if template.get(new):
            shown[old] = template[new]
    if pool.domain:
        shown["Domain"] = pool.domain
    if pool.custom_domains:
        shown["CustomDomain"] = next(iter(pool.custom_domains))
    return shown
