"""The attributes of users: the schema of a pool, what a client may write, verified ones.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.emulator.cognito.errors import invalid, not_authorized
from sandbox.emulator.cognito.models import Client, User, UserPool

EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+\.[^\s@<>,;:\"()\[\]\\]+")
PHONE = re.compile(r"\+[0-9]{1,15}")
VERIFIABLE = ("email", "phone_number")
# Name -> (type, minimum, maximum). Lengths for strings, values for numbers.
STANDARD: dict[str, tuple[str, str | None, str | None]] = {
    "sub": ("String", "1", "2048"),
    "name": ("String", "0", "2048"),
    "given_name": ("String", "0", "2048"),
    "family_name": ("String", "0", "2048"),
    "middle_name": ("String", "0", "2048"),
    "nickname": ("String", "0", "2048"),
    "preferred_username": ("String", "0", "2048"),
    "profile": ("String", "0", "2048"),
    "picture": ("String", "0", "2048"),
    "website": ("String", "0", "2048"),
    "email": ("String", "0", "2048"),
    "email_verified": ("Boolean", None, None),
    "gender": ("String", "0", "2048"),
    "birthdate": ("String", "10", "10"),
    "zoneinfo": ("String", "0", "2048"),
    "locale": ("String", "0", "2048"),
    "phone_number": ("String", "0", "2048"),
    "phone_number_verified": ("Boolean", None, None),
    "address": ("String", "0", "2048"),
    "updated_at": ("Number", "0", None),
    "identities": ("String", None, None),
}


def schema_of_request(given: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The whole schema of a new pool: the standard attributes as the request changes them, and its own."""
    found = {name: _standard(name) for name in STANDARD}
    for item in given:
        name = item.get("Name") or ""
        if name in STANDARD:
            found[name] = _changed(found[name], item)
        else:
            own = custom(item)
            found[own["Name"]] = own
    return found


def _standard(name: str) -> dict[str, Any]:
    kind, low, high = STANDARD[name]
    made: dict[str, Any] = {
        "Name": name,
        "AttributeDataType": kind,
        "DeveloperOnlyAttribute": False,
        "Mutable": name != "sub",
        "Required": name == "sub",
    }
    return made | _constraints(kind, low, high)


def _constraints(kind: str, low: str | None, high: str | None) -> dict[str, Any]:
    if kind == "String":
        bounds = {"MinLength": low, "MaxLength": high}
        return {"StringAttributeConstraints": {k: v for k, v in bounds.items() if v is not None}}
    if kind == "Number":
        bounds = {"MinValue": low, "MaxValue": high}
        return {"NumberAttributeConstraints": {k: v for k, v in bounds.items() if v is not None}}
    return {}


def _changed(standard: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    name = standard["Name"]
    kind = given.get("AttributeDataType")
    if kind and kind != standard["AttributeDataType"]:
        raise invalid(
            f"You can not change AttributeDataType or set developerOnlyAttribute for standard schema "
            f"attribute {name}"
        )
    changes = {
        key: given[key]
        for key in (
            "Mutable",
            "Required",
            "StringAttributeConstraints",
            "NumberAttributeConstraints",
        )
        if key in given
    }
    return standard | changes


def custom(given: Mapping[str, Any]) -> dict[str, Any]:
    """A custom attribute with its prefix and AWS's defaults; raises InvalidParameterException."""
    name = given.get("Name") or ""
    if not name:
        raise invalid("Invalid attribute name.")
    if given.get("Required"):
        raise invalid("Required custom attributes are not supported currently.")
    developer = bool(given.get("DeveloperOnlyAttribute"))
    prefix = "dev:custom:" if developer else "custom:"
    kind = given.get("AttributeDataType") or "String"
    made: dict[str, Any] = {
        "Name": name if name.startswith(prefix) else f"{prefix}{name}",
        "AttributeDataType": kind,
        "DeveloperOnlyAttribute": developer,
        "Mutable": given.get("Mutable", False),
        "Required": False,
    }
    for key in ("StringAttributeConstraints", "NumberAttributeConstraints"):
        if key in given:
            made[key] = dict(given[key])
    if kind == "String":
        made.setdefault("StringAttributeConstraints", {})
    if kind == "Number":
        made.setdefault("NumberAttributeConstraints", {})
    return made


def as_dict(items: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """`[{"Name": ..., "Value": ...}]` as a dict; the last one of a name counts."""
    return {item["Name"]: item.get("Value", "") for item in items or ()}


def as_list(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    """A dict as the API's list."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def of_user(user: User) -> dict[str, str]:
    """All attributes of a user in AWS's order: `sub` first."""
    return {"sub": user.sub, **user.attributes}


def readable(pool: UserPool, client: Client | None, user: User) -> dict[str, str]:
    """The attributes that tokens and GetUser of this client show."""
    every = of_user(user)
    allowed = client.settings.get("ReadAttributes") if client else None
    if not allowed:
        return {name: value for name, value in every.items() if not name.startswith("dev:")}
    return {name: value for name, value in every.items() if name in allowed or name == "sub"}


def check_new(pool: UserPool, attributes: Mapping[str, str], *, required: bool) -> None:
    """The schema's types and lengths; with `required` also that nothing required is missing."""
    problems = []
    for name, value in attributes.items():
        rule = pool.schema.get(name)
        if rule is None or name in ("sub", "identities"):
            if name == "sub":
                raise invalid("Cannot modify the non-mutable attribute sub")
            problems.append(f"Type for attribute {{{name}}} could not be determined")
            continue
        if problem := _problem(rule, value):
            problems.append(f"{name}: {problem}")
    if required:
        problems += [
            f"{name}: The attribute is required"
            for name, rule in pool.schema.items()
            if rule["Required"] and name != "sub" and not attributes.get(name)
        ]
    if problems:
        text = "\n".join(problems)
        raise invalid(f"Attributes did not conform to the schema: {text}\n")
    if (email := attributes.get("email")) and not EMAIL.fullmatch(email):
        raise invalid("Invalid email address format.")
    if (phone := attributes.get("phone_number")) and not PHONE.fullmatch(phone):
        raise invalid("Invalid phone number format.")


def _problem(rule: Mapping[str, Any], value: str) -> str:
    kind = rule["AttributeDataType"]
    if kind == "Boolean" and value.lower() not in ("true", "false"):
        return "Value for attribute must be true or false"
    if kind == "Number":
        bounds = rule.get("NumberAttributeConstraints") or {}
        if not re.fullmatch(r"-?\d+", value):
            return "Value for attribute must be a number"
        if bounds.get("MinValue") and int(value) < int(bounds["MinValue"]):
            return f"Number should be greater than or equal to {bounds['MinValue']}"
        if bounds.get("MaxValue") and int(value) > int(bounds["MaxValue"]):
            return f"Number should be less than or equal to {bounds['MaxValue']}"
    if kind == "String" and value:
        bounds = rule.get("StringAttributeConstraints") or {}
        if bounds.get("MaxLength") and len(value) > int(bounds["MaxLength"]):
            return f"String must be no longer than {bounds['MaxLength']} characters"
        if bounds.get("MinLength") and len(value) < int(bounds["MinLength"]):
            return f"String must be at least {bounds['MinLength']} characters"
    return ""


def check_writable(client: Client, names: Iterable[str]) -> None:
    """Raise NotAuthorizedException for an attribute that the client must not write."""
    allowed = client.settings.get("WriteAttributes")
    for name in names:
        if name in ("email_verified", "phone_number_verified", "sub", "identities"):
            raise not_authorized("A client attempted to write unauthorized attribute")
        if name.startswith("dev:") or (allowed and name not in allowed):
            raise not_authorized("A client attempted to write unauthorized attribute")


def check_mutable(pool: UserPool, names: Iterable[str]) -> None:
    """Raise InvalidParameterException for attributes that never change."""
    fixed = [name for name in names if name in pool.schema and not pool.schema[name]["Mutable"]]
    if fixed:
        lines = "".join(f"user.{name}: Attribute cannot be updated.\n" for name in fixed)
        raise invalid(lines)
