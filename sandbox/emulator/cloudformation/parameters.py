"""Parameters of a template: their values, and AWS's words for values that do not fit.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.services.cloudformation.engine.validations import ValidationError

SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(List<)?([\w:]+)>?>$")
PLAIN_TYPE = re.compile(
    r"String|Number|CommaDelimitedList|AWS::SSM::Parameter::Name|"
    r"(List<)?(Number|String|AWS::(EC2|Route53)::[\w:]+)>?$"
)
STARS = "****"


@dataclass
class Value:
    """A parameter of a stack: `given` is the text, `resolved` what it stands for (text or a list)."""

    type: str
    given: str
    resolved: str | list[str]
    no_echo: bool = False
    from_store: bool = False

    def shown(self) -> dict[str, str]:
        """As DescribeStacks has it; a secret is hidden."""
        found = {"ParameterValue": STARS if self.no_echo else self.given}
        if self.from_store:
            found["ResolvedValue"] = (
                self.resolved if isinstance(self.resolved, str) else ",".join(self.resolved)
            )
        return found


def resolve(
    declared: dict[str, Any],
    given: list[dict[str, Any]],
    previous: dict[str, Value],
    key_id: str,
    region: str,
) -> dict[str, Value]:
    """Values of all declared parameters from a request's list and the stack's present values.

    `key_id` acts for who reads the parameter store.
    Raises ValidationError for what is missing, unknown, or breaks a constraint.
    """
    texts: dict[str, str] = {}
    for one in given:
        key = one["ParameterKey"]
        if one.get("UsePreviousValue"):
            if key not in previous:
                raise ValidationError(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true "
                    "for a parameter key not in the previous template"
                )
            texts[key] = previous[key].given
        elif "ParameterValue" in one:
            texts[key] = one["ParameterValue"]
    unknown = [key for key in texts if key not in declared]
    if unknown:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [
        key
        for key, declaration in declared.items()
        if key not in texts and "Default" not in declaration
    ]
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    found: dict[str, Value] = {}
    not_stored: list[str] = []
    for key, declaration in declared.items():
        kind = str(declaration.get("Type", ""))
        text = texts[key] if key in texts else _text(declaration["Default"])
        check(key, declaration, text)
        stored = SSM_VALUE.match(kind)
        if stored:
            looked_up = _from_store(text, key_id, region)
            if looked_up is None:
                not_stored.append(text)
                continue
            is_list = bool(stored[1]) or stored[2] == "CommaDelimitedList"
            resolved: str | list[str] = _list(looked_up) if is_list else looked_up
        elif kind == "CommaDelimitedList" or kind.startswith("List<"):
            resolved = _list(text)
        else:
            resolved = text
        secret = _text(declaration.get("NoEcho", False)) == "true"
        found[key] = Value(kind, text, resolved, secret, bool(stored))
    if not_stored:
        raise ValidationError(
            f"Unable to fetch parameters [{','.join(not_stored)}] from parameter store for this account."
        )
    return found


def check_declared(declared: dict[str, Any]) -> None:
    """Raise for declarations that cannot be."""
    for key, declaration in declared.items():
        if not re.fullmatch(r"[A-Za-z0-9]+", key):
            raise ValidationError(
                f"Template format error: Parameter name {key} is non alphanumeric."
            )
        if not isinstance(declaration, dict) or "Type" not in declaration:
            raise ValidationError(
                "Template format error: Every Parameters object must contain a Type member."
            )
        kind = str(declaration["Type"])
        if not PLAIN_TYPE.fullmatch(kind) and not SSM_VALUE.match(kind):
            raise ValidationError(f"Template format error: Unrecognized parameter type: {kind}")


def check(key: str, declaration: dict[str, Any], text: str) -> None:
    """Raise ValidationError when a value breaks a constraint of its declaration."""
    problem = _problem(key, declaration, text)
    if problem is None:
        return
    if words := declaration.get("ConstraintDescription"):
        raise ValidationError(f"Parameter {key} failed to satisfy constraint: {words}")
    raise ValidationError(f"Parameter '{key}' {problem}")


def _problem(key: str, declaration: dict[str, Any], text: str) -> str | None:
    kind = str(declaration.get("Type", "String"))
    many = kind == "CommaDelimitedList" or kind.startswith("List<")
    values = _list(text) if many else [text]
    if allowed := declaration.get("AllowedValues"):
        words = [_text(one) for one in allowed]
        if any(value not in words for value in values):
            return "must be one of AllowedValues"
    if kind in ("Number", "List<Number>"):
        for value in values:
            try:
                number = float(value)
            except ValueError:
                return "must be a number"
            if "MinValue" in declaration and number < float(declaration["MinValue"]):
                return f"must be a number not less than {declaration['MinValue']}"
            if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
                return f"must be a number not greater than {declaration['MaxValue']}"
    if not many:
        if "MinLength" in declaration and len(text) < int(declaration["MinLength"]):
            return f"must contain at least {declaration['MinLength']} characters"
        if "MaxLength" in declaration and len(text) > int(declaration["MaxLength"]):
            return f"must contain at most {declaration['MaxLength']} characters"
    pattern = declaration.get("AllowedPattern")
    if pattern is not None:
        try:
            fits = all(re.fullmatch(str(pattern), value) for value in values)
        except re.error:
            fits = True  # a pattern of Java's that Python does not know
        if not fits:
            return f"must match pattern {pattern}"
    return None


def _from_store(name: str, key_id: str, region: str) -> str | None:
    ssm = connect_to(aws_access_key_id=key_id, region_name=region).ssm
    try:
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError:
        return None


def _list(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")] if text else []


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(_text(one) for one in value) if isinstance(value, list) else str(value)
