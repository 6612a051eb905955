"""Reading a template: JSON or YAML with its short forms, and what is wrong with it before anything is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from localstack.services.cloudformation.engine.validations import ValidationError

Template = dict[str, Any]

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
}
RESOURCE_MEMBERS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "Metadata",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
}
DELETION_POLICIES = ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate")
PSEUDO_PARAMETERS = {
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
}
KNOWN_FUNCTIONS = {
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
}
LONGEST_BODY_BYTES = 51_200
LONGEST_FILE_BYTES = 1_000_000
MOST_RESOURCES = 500
VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.1 as CloudFormation reads it: dates are text, keys are text, tags are functions."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        found = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else self.construct_object(key)
            found[name] = self.construct_object(value, deep=True)
        return found


def _map(loader: _Loader, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    found: dict[Any, Any] = {}
    yield found
    found.update(loader.construct_mapping(node, deep=True))


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """`!Ref X` is `{"Ref": "X"}`; `!Sub ...` is `{"Fn::Sub": ...}`."""
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        if suffix == "GetAtt":
            resource, _, attribute = node.value.partition(".")
            return {name: [resource, attribute]}
        return {name: node.value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)
_Loader.add_constructor("tag:yaml.org,2002:map", _map)
_Loader.add_multi_constructor("!", _short_form)


def parse(body: str) -> Template:
    """The template in a text; raises ValidationError with AWS's words for what cannot be read."""
    text = body.lstrip("\ufeff \t\r\n")
    if not text:
        raise ValidationError("Template format error: unsupported structure.")
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"Template format error: JSON not well-formed. (line {error.lineno}, column "
                f"{error.colno})"
            ) from None
    else:
        try:
            found = yaml.load(body, _Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise ValidationError(f"Template format error: YAML not well-formed.{place}") from None
        except yaml.YAMLError:
            raise ValidationError("Template format error: YAML not well-formed.") from None
    if not isinstance(found, dict):
        raise ValidationError("Template format error: unsupported structure.")
    return found


def check_size(body: str, from_url: bool) -> None:
    """Raise for a template that is too long for its way of arriving."""
    if not from_url and len(body.encode()) > LONGEST_BODY_BYTES:
        raise ValidationError(
            f"1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy "
            f"constraint: Member must have length less than or equal to {LONGEST_BODY_BYTES}"
        )
    if len(body.encode()) > LONGEST_FILE_BYTES:
        raise ValidationError(f"Template may not exceed {LONGEST_FILE_BYTES} bytes in size.")


def check_sections(template: Template) -> None:
    """What is wrong with the form of a template, as it was submitted (before its transforms)."""
    # A transform may have sections of its own (`Globals`); it takes them away.
    strange = [name for name in template if name not in SECTIONS and "Transform" not in template]
    if strange:
        raise ValidationError(f"Invalid template property or properties [{', '.join(strange)}]")
    if str(template.get("AWSTemplateFormatVersion", "2010-09-09")) != "2010-09-09":
        raise ValidationError(
            "Template format error: unsupported value for AWSTemplateFormatVersion."
        )
    if not isinstance(template.get("Description", ""), str):
        raise ValidationError("Template format error: Description must be a string.")
    for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        section = template.get(name)
        if section is not None and not isinstance(section, dict):
            raise ValidationError(
                f"Template format error: [/{name}] Expecting an object, found "
                f"{type(section).__name__}"
                if name != "Resources"
                else "Template format error: unsupported structure."
            )
    if not template.get("Resources"):
        raise ValidationError(
            "Template format error: At least one Resources member must be defined."
        )


def check_members(template: Template) -> None:
    """What is wrong with the resources and outputs of a template after its transforms."""
    for path, value in _walk(template.get("Resources"), "/Resources"):
        if value is None:
            raise ValidationError(f"[{path}] 'null' values are not allowed in templates")
    resources = template["Resources"]
    if len(resources) > MOST_RESOURCES:
        raise ValidationError(
            f"Template format error: Number of resources, {len(resources)}, is greater than maximum "
            f"allowed, {MOST_RESOURCES}"
        )
    for name, resource in resources.items():
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise ValidationError(
                f"Template format error: Resource name {name} is non alphanumeric."
            )
        if not isinstance(resource, dict):
            raise ValidationError(
                "Template format error: Resources must be an object with named members that are "
                "objects."
            )
        if not isinstance(resource.get("Type"), str):
            raise ValidationError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a "
                "Type member."
            )
        for member in resource:
            if member not in RESOURCE_MEMBERS:
                raise ValidationError(f"Invalid template resource property '{member}'")
        if not isinstance(resource.get("Properties", {}), dict):
            raise ValidationError(
                f"Template format error: [/Resources/{name}] Every Properties member must be an "
                "object."
            )
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            value = resource.get(policy, "Delete")
            if isinstance(value, str) and value not in DELETION_POLICIES:
                raise ValidationError(
                    f"Template format error: Unrecognized {policy} {value} for resource {name}"
                )
    for name, output in (template.get("Outputs") or {}).items():
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise ValidationError(f"Template format error: Output name {name} is non alphanumeric.")
        if not isinstance(output, dict) or "Value" not in output:
            raise ValidationError(
                "Template format error: Every Outputs member must contain a Value object"
            )
        if output["Value"] is None:
            raise ValidationError(
                f"[/Outputs/{name}/Value] 'null' values are not allowed in templates"
            )


def check_references(template: Template) -> None:
    """Raise for references to nothing, and for resources that wait for each other."""
    resources = template["Resources"]
    known = {*resources, *(template.get("Parameters") or {}), *PSEUDO_PARAMETERS}
    conditions = template.get("Conditions") or {}
    for block in ("Resources", "Outputs"):
        missing: list[str] = []
        for _name, member in (template.get(block) or {}).items():
            for kind, target in references(member):
                if kind == "att" and target not in resources:
                    raise ValidationError(
                        f"Template error: instance of Fn::GetAtt references undefined resource {target}"
                    )
                if kind == "condition" and target not in conditions:
                    raise ValidationError(
                        f"Template format error: Unresolved condition dependency {target} in the "
                        f"{block} block of the template"
                    )
                if kind == "map" and target not in (template.get("Mappings") or {}):
                    raise ValidationError(
                        f"Template error: Mapping named '{target}' is not present in the 'Mappings' "
                        "section of template."
                    )
                if kind == "function":
                    raise ValidationError(f"Template error: unsupported function: {target}")
                if kind in ("ref", "sub") and target not in known and target not in missing:
                    missing.append(target)
            for target in depends_on(member) if block == "Resources" else ():
                if target not in resources and target not in missing:
                    missing.append(target)
            condition = member.get("Condition")
            if isinstance(condition, str) and condition not in conditions:
                raise ValidationError(
                    f"Template format error: Unresolved condition dependency {condition} in the "
                    f"{block} block of the template"
                )
        if missing:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in "
                f"the {block} block of the template"
            )
    outside = [
        target
        for _, condition in conditions.items()
        for kind, target in references(condition)
        if (kind in ("ref", "sub") and (target not in known or target in resources))
        or kind == "att"
        or (kind == "condition" and target not in conditions)
    ]
    if outside:
        raise ValidationError(
            f"Template format error: Unresolved dependencies [{', '.join(outside)}]. Cannot "
            "reference resources in the Conditions block of the template"
        )
    order(template)


def order(template: Template) -> list[str]:
    """Names of resources, each after those that it needs; ties as in the template."""
    resources = template["Resources"]
    needs = {name: dependencies(resource, resources) for name, resource in resources.items()}
    done: dict[str, None] = {}
    waiting = list(resources)
    while waiting:
        ready = [name for name in waiting if needs[name] <= done.keys()]
        if not ready:
            # Those that only wait for the circle are no part of it.
            stuck = set(waiting)
            while idle := {
                name for name in stuck if not any(name in needs[other] for other in stuck)
            }:
                stuck -= idle
            names = ", ".join(sorted(stuck))
            raise ValidationError(f"Circular dependency between resources: [{names}]")
        for name in ready:
            done[name] = None
        waiting = [name for name in waiting if name not in done]
    return list(done)


def dependencies(resource: dict[str, Any], resources: dict[str, Any]) -> set[str]:
    """Names of the resources that one needs before it is made."""
    found = {target for kind, target in references(resource) if kind in ("ref", "sub", "att")}
    return {name for name in (*found, *depends_on(resource)) if name in resources}


def depends_on(resource: Any) -> list[str]:
    """`DependsOn` as a list."""
    given = resource.get("DependsOn") if isinstance(resource, dict) else None
    if given is None:
        return []
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def references(value: Any) -> Iterator[tuple[str, str]]:
    """What an expression names: ("ref" | "att" | "sub" | "condition" | "map", name)."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
        return
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" and isinstance(argument, str):
            yield "ref", argument
            return
        if name == "Condition" and isinstance(argument, str):
            yield "condition", argument
            return
        if name == "Fn::GetAtt":
            parts = argument.split(".") if isinstance(argument, str) else argument
            if parts and isinstance(parts[0], str):
                yield "att", parts[0]
            yield from references(parts[1:] if isinstance(parts, list) else [])
            return
        if name == "Fn::Sub":
            text, variables = (
                argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
            )
            for variable in VARIABLE.findall(text) if isinstance(text, str) else ():
                variable = variable.strip()
                if isinstance(variables, dict) and variable in variables:
                    continue
                head = variable.partition(".")[0]
                yield ("sub", variable if variable in PSEUDO_PARAMETERS else head)
            yield from references(variables)
            return
        if name == "Fn::If" and isinstance(argument, list) and argument:
            if isinstance(argument[0], str):
                yield "condition", argument[0]
            yield from references(argument[1:])
            return
        if name.startswith("Fn::") and name not in KNOWN_FUNCTIONS:
            yield "function", name
        if name == "Fn::FindInMap" and isinstance(argument, list) and argument:
            if isinstance(argument[0], str) and len(argument) < 4:
                yield "map", argument[0]
            yield from references(argument)
            return
    for key, one in value.items():
        if key not in ("DependsOn",):
            yield from references(one)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _walk(one, f"{path}/{key}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _walk(one, f"{path}/{index}")
