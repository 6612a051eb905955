"""Intrinsic functions: what the expressions of a template stand for.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.cloudformation.engine.validations import ValidationError

from sandbox.emulator.cloudformation.parameters import Value
from sandbox.emulator.cloudformation.template import Template

NO_VALUE = object()
# What AWS writes for values that only the execution of a change set brings.
AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")

Lookup = Callable[[str, str | None], Any]


class Evaluation:
    """The values of one template for one stack.

    `lookup(name, attribute)` gives a resource's id (attribute None) or attribute; `exports` the values
    that may be imported. `imported` collects the names of the exports that were used.
    """

    def __init__(
        self,
        template: Template,
        values: dict[str, Value],
        pseudo: dict[str, Any],
        lookup: Lookup,
        exports: Callable[[], dict[str, str]],
        strict: bool = True,
    ) -> None:
        self._template = template
        self._values = values
        self._pseudo = pseudo
        self._lookup = lookup
        self._exports = exports
        self._strict = strict
        self._conditions: dict[str, bool] = {}
        self.imported: set[str] = set()

    def of(self, value: Any) -> Any:
        """An expression's value; members that are `AWS::NoValue` are gone."""
        found = self._of(value)
        return None if found is NO_VALUE else found

    def condition(self, name: str) -> bool:
        """The value of a named condition."""
        if name not in self._conditions:
            conditions = self._template.get("Conditions") or {}
            if name not in conditions:
                raise ValidationError(
                    f"Template error: unresolved condition dependency {name} in the template"
                )
            self._conditions[name] = False  # a circle ends
            self._conditions[name] = _true(self._of(conditions[name]))
        return self._conditions[name]

    def exists(self, member: dict[str, Any]) -> bool:
        """Whether a resource or an output is there: it has no condition, or a true one."""
        condition = member.get("Condition")
        return condition is None or self.condition(str(condition))

    def _of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in map(self._of, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(str(argument))
            if (
                name == "Condition"
                and isinstance(argument, str)
                and argument in (self._template.get("Conditions") or {})
            ):
                return self.condition(argument)
            if name in FUNCTIONS:
                return FUNCTIONS[name](self, argument)
            if name.startswith("Fn::") and name != "Fn::Transform":
                raise ValidationError(f"Template error: unsupported function: {name}")
        found = {key: self._of(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._values:
            return self._values[name].resolved
        return self._lookup(name, None)

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else list(argument)
        if len(parts) < 2:
            raise ValidationError(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the "
                "resource name and the resource attribute"
            )
        attribute = ".".join(str(self._of(part)) for part in parts[1:])
        return self._lookup(str(parts[0]), attribute)

    def _sub(self, argument: Any) -> Any:
        if isinstance(argument, list):
            if len(argument) != 2 or not isinstance(argument[1], dict):
                raise ValidationError(
                    "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
                    "arguments. Specify a string as first argument, and an optional second argument "
                    "to specify a mapping of values to replace in the string"
                )
            text, variables = argument
        else:
            text, variables = argument, {}
        text = str(self._of(text))

        def value_of(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                found = self._of(variables[name])
            elif "." in name and name not in self._pseudo:
                found = self._get_att(name)
            else:
                found = self._ref(name)
            if found is NO_VALUE:
                return ""
            if isinstance(found, list):
                found = ",".join(map(text_of, found))
            return text_of(found)

        return _settled(PLACEHOLDER.sub(value_of, text))

    def _join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            raise ValidationError(
                "Template error: every Fn::Join object requires two parameters, (1) a string "
                "delimiter and (2) a list of strings to be joined or a function that returns a list "
                "of strings (such as Fn::GetAZs) to be joined."
            )
        values = self._of(argument[1])
        if isinstance(values, str) and AFTER_APPLY in values:
            return AFTER_APPLY
        if not isinstance(values, list):
            values = [values] if values not in ("", NO_VALUE) else []
        return _settled(str(argument[0]).join(map(text_of, values)))

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            raise ValidationError(
                "Template error: Fn::Select requires a list argument with two elements: an integer "
                "index and a list"
            )
        index, values = self._of(argument[0]), self._of(argument[1])
        if isinstance(values, str) and AFTER_APPLY in values:
            return AFTER_APPLY
        if not isinstance(values, list):
            raise ValidationError(
                "Template error: Fn::Select requires a list argument with two elements: an integer "
                "index and a list"
            )
        try:
            place = int(index)
        except (TypeError, ValueError):
            place = -1
        if not 0 <= place < len(values):
            if AFTER_APPLY in values:
                return AFTER_APPLY
            raise ValidationError(
                f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            )
        return values[place]

    def _split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            raise ValidationError(
                "Template error: every Fn::Split object requires two parameters, (1) a string "
                "delimiter and (2) a string to be split or a function that returns a string to be "
                "split."
            )
        text = text_of(self._of(argument[1]))
        return [AFTER_APPLY] if AFTER_APPLY in text else text.split(str(argument[0]))

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise ValidationError(
                "Template error: Fn::If requires a list argument with the first element being a "
                "condition"
            )
        name = argument[0]
        holds = self.condition(name) if isinstance(name, str) else _true(self._of(name))
        return self._of(argument[1] if holds else argument[2])

    def _equals(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise ValidationError(
                "Template error: Fn::Equals requires a list argument with two elements"
            )
        first, second = (self._of(one) for one in argument)
        return same(first, second)

    def _all(self, argument: Any, kind: str) -> list[bool]:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise ValidationError(
                f"Template validation error: every {kind} object requires a list of at least 2 and at "
                "most 10 boolean parameters."
            )
        return [_true(self._of(one)) for one in argument]

    def _not(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 1:
            raise ValidationError(
                "Template validation error: every Fn::Not object requires one boolean parameter."
            )
        return not _true(self._of(argument[0]))

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            raise ValidationError(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, "
                "map key and the attribute for return value"
            )
        name, first, second = (text_of(self._of(one)) for one in argument[:3])
        mapping = (self._template.get("Mappings") or {}).get(name)
        try:
            return mapping[first][second]  # type: ignore[index]
        except (KeyError, TypeError):
            pass
        if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:
            return self._of(argument[3]["DefaultValue"])
        if mapping is None:
            raise ValidationError(
                f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of "
                "template."
            )
        raise ValidationError(
            f"Template error: Unable to get mapping for {name}::{first}::{second}"
        )

    def _get_azs(self, argument: Any) -> Any:
        region = self._of(argument) or self._pseudo["AWS::Region"]
        ec2 = connect_to(
            aws_access_key_id=self._pseudo["AWS::AccountId"], region_name=str(region)
        ).ec2
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
        return sorted(zone["ZoneName"] for zone in zones)

    def _base64(self, argument: Any) -> Any:
        text = text_of(self._of(argument))
        if AFTER_APPLY in text:
            return AFTER_APPLY
        return base64.b64encode(text.encode()).decode()

    def _cidr(self, argument: Any) -> Any:
        block, count, *rest = (self._of(one) for one in argument)
        if AFTER_APPLY in str(block):
            return [AFTER_APPLY] * int(count)
        network = ipaddress.ip_network(str(block))
        bits = int(rest[0]) if rest else 8
        try:
            nets = network.subnets(new_prefix=network.max_prefixlen - bits)
            return [str(next(nets)) for _ in range(int(count))]
        except (ValueError, StopIteration):
            raise ValidationError(
                f"Template error: Fn::Cidr cannot divide {block} into {count} blocks of {bits} bits"
            ) from None

    def _import(self, argument: Any) -> Any:
        name = text_of(self._of(argument))
        self.imported.add(name)
        exports = self._exports()
        if name in exports:
            return exports[name]
        if self._strict:
            raise ValidationError(f"No export named {name} found")
        return AFTER_APPLY

    def _length(self, argument: Any) -> int:
        values = self._of(argument)
        if not isinstance(values, list):
            raise ValidationError("Template error: Fn::Length requires a list argument")
        return len(values)

    def _to_json(self, argument: Any) -> str:
        text = json.dumps(self.of(argument), separators=(",", ":"))
        return AFTER_APPLY if AFTER_APPLY in text else text


FUNCTIONS: dict[str, Callable[[Evaluation, Any], Any]] = {
    "Fn::And": lambda e, a: all(e._all(a, "Fn::And")),
    "Fn::Base64": Evaluation._base64,
    "Fn::Cidr": Evaluation._cidr,
    "Fn::Equals": Evaluation._equals,
    "Fn::FindInMap": Evaluation._find_in_map,
    "Fn::GetAZs": Evaluation._get_azs,
    "Fn::GetAtt": Evaluation._get_att,
    "Fn::If": Evaluation._if,
    "Fn::ImportValue": Evaluation._import,
    "Fn::Join": Evaluation._join,
    "Fn::Length": Evaluation._length,
    "Fn::Not": Evaluation._not,
    "Fn::Or": lambda e, a: any(e._all(a, "Fn::Or")),
    "Fn::Select": Evaluation._select,
    "Fn::Split": Evaluation._split,
    "Fn::Sub": Evaluation._sub,
    "Fn::ToJsonString": Evaluation._to_json,
}


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    if value is None or value is NO_VALUE:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal for CloudFormation, which does not tell 5 from "5"."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict | list) or isinstance(second, dict | list):
        return False
    return text_of(first) == text_of(second)


def _true(value: Any) -> bool:
    return value is True or text_of(value) == "true"


def _settled(text: str) -> str:
    return AFTER_APPLY if AFTER_APPLY in text else text
