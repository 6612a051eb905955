"""Which role an identity gets.

https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.cognito.errors import error, invalid, not_authorized
from sandbox.emulator.cognito.identity.logins import Login
from sandbox.emulator.cognito.identity.models import IdentityPool

BROKEN = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


def misconfigured():
    """InvalidIdentityPoolConfigurationException."""
    return error("InvalidIdentityPoolConfigurationException", BROKEN)


def of_identity(pool: IdentityPool, logins: list[Login], wanted: str | None) -> str:
    """The ARN of the role; `wanted` is the request's CustomRoleArn."""
    if not logins:
        role = pool.roles.get("unauthenticated")
    else:
        role = _of_login(pool, logins[0], wanted)
    if not role:
        raise misconfigured()
    return role


def _of_login(pool: IdentityPool, login: Login, wanted: str | None) -> str | None:
    default = pool.roles.get("authenticated")
    client = login.claims.get("aud", "")
    mapping = pool.role_mappings.get(f"{login.provider}:{client}")
    mapping = mapping or pool.role_mappings.get(login.provider)
    if mapping is None:
        if wanted and wanted != default:
            raise not_authorized("The specified role is not allowed for this identity.")
        return default
    if mapping["Type"] == "Token":
        found = _of_token(login.claims, wanted)
    else:
        found = _of_rules(login.claims, mapping.get("RulesConfiguration") or {})
    if found:
        return found
    if mapping.get("AmbiguousRoleResolution") == "Deny":
        raise not_authorized("Access to the role is denied: no role mapping applies.")
    return default


def _of_token(claims: dict[str, Any], wanted: str | None) -> str | None:
    roles = claims.get("cognito:roles") or []
    if wanted:
        if wanted not in roles:
            raise invalid("The custom role is not in the roles of the token.")
        return wanted
    if claims.get("cognito:preferred_role"):
        return claims["cognito:preferred_role"]
    return roles[0] if len(roles) == 1 else None


def _of_rules(claims: dict[str, Any], rules: dict[str, Any]) -> str | None:
    for rule in rules.get("Rules") or ():
        given = claims.get(rule["Claim"])
        if given is None:
            continue
        values = [str(item) for item in given] if isinstance(given, list) else [str(given)]
        if _fits(rule["MatchType"], rule["Value"], values):
            return rule["RoleARN"]
    return None


def _fits(kind: str, wanted: str, values: list[str]) -> bool:
    if kind == "Equals":
        return wanted in values or ",".join(values) == wanted
    if kind == "NotEqual":
        return wanted not in values
    if kind == "StartsWith":
        return any(value.startswith(wanted) for value in values)
    return any(wanted in value for value in values)
