"""What another version would change in a stack: the contents of a change set.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.emulator.cloudformation import template as reading
from sandbox.emulator.cloudformation.deployment import Deployment
from sandbox.emulator.cloudformation.evaluation import evaluation_of
from sandbox.emulator.cloudformation.functions import AFTER_APPLY, same
from sandbox.emulator.cloudformation.models import Made, Stack, Version

Change = dict[str, Any]
NESTED = "AWS::CloudFormation::Stack"


def changes(stack: Stack, version: Version) -> tuple[list[Change], bool]:
    """The resource changes in order of the template, and whether anything changes at all."""
    moved: dict[str, str] = {}  # logical id -> "new", "replaced" or "changed"

    def lookup(name: str, attribute: str | None) -> Any:
        made = stack.resources.get(name)
        if made is None or moved.get(name) in ("new", "replaced"):
            return AFTER_APPLY
        if attribute is None:
            return made.physical_id
        found = attribute_of(made, attribute)
        if moved.get(name) == "nested":
            return AFTER_APPLY
        if found is None or (moved.get(name) == "changed" and attribute in _changed_names(name)):
            return AFTER_APPLY
        return found

    touched: dict[str, list[str]] = {}

    def _changed_names(name: str) -> list[str]:
        return touched.get(name, [])

    evaluation = evaluation_of(stack, version, lookup, strict=False)
    template = version.processed
    found: dict[str, Change] = {}
    for name in reading.order(template):
        declared = template["Resources"][name]
        if not evaluation.exists(declared):
            continue
        properties = evaluation.of(declared.get("Properties") or {})
        before = stack.resources.get(name)
        if before is None:
            moved[name] = "new"
            found[name] = {"Action": "Add", **_head(name, declared["Type"], None)}
            found[name]["_after"] = properties
            continue
        if before.type != declared["Type"]:
            moved[name] = "replaced"
            found[name] = {
                "Action": "Modify",
                **_head(name, declared["Type"], before.physical_id),
                "Replacement": "True",
                "Scope": ["Properties"],
                "Details": [],
            }
            continue
        names = differences(before.asked, properties)
        scope = ["Properties"] if names else []
        if not same(before.metadata or {}, evaluation.of(declared.get("Metadata")) or {}):
            scope.append("Metadata")
        if not scope and before.type == NESTED:
            # What is behind its address is only seen when it is updated.
            found[name] = {
                "Action": "Modify",
                **_head(name, before.type, before.physical_id),
                "Replacement": "False",
                "Scope": ["Properties"],
                "Details": [
                    {
                        "Target": {"Attribute": "Properties", "RequiresRecreation": "Never"},
                        "Evaluation": "Dynamic",
                        "ChangeSource": "Automatic",
                    }
                ],
            }
            moved[name] = "nested"
        if not scope:
            continue
        touched[name] = names
        replaced_by = replacing(before.type, names)
        sure = [one for one in replaced_by if AFTER_APPLY not in json.dumps(properties.get(one))]
        replacement = "True" if sure else "Conditional" if replaced_by else "False"
        moved[name] = "replaced" if replaced_by else "changed"
        found[name] = {
            "Action": "Modify",
            **_head(name, before.type, before.physical_id),
            "Replacement": replacement,
            "Scope": scope,
            "Details": _details(names, declared, properties, replaced_by, version),
            "_before": before.asked,
            "_after": properties,
        }
    gone = [
        {
            "Action": "Remove",
            **_head(name, before.type, before.physical_id),
            "PolicyAction": _policy(before),
        }
        for name, before in stack.resources.items()
        if name not in template["Resources"] or not evaluation.exists(template["Resources"][name])
    ]
    listed = [found[name] for name in template["Resources"] if name in found] + gone
    return listed, bool(listed) or _outputs_differ(stack, version) or _tags_differ(stack, version)


def _head(name: str, kind: str, physical_id: str | None) -> Change:
    return {
        "LogicalResourceId": name,
        "ResourceType": kind,
        **({"PhysicalResourceId": physical_id} if physical_id else {}),
        "Scope": [],
        "Details": [],
    }


def _policy(before: Made) -> str:
    return "Retain" if before.deletion_policy == "Retain" else "Delete"


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of top-level properties that are not the same."""
    return [
        name
        for name in dict.fromkeys((*before, *after))
        if (name in before) != (name in after) or not same(before[name], after[name])
    ]


def replacing(kind: str, names: list[str]) -> list[str]:
    """Those of the properties whose change needs a new resource."""
    provider = Deployment.try_load_resource_provider(kind)
    schema = getattr(provider, "SCHEMA", None) or {}
    fixed = {
        path.removeprefix("/properties/").split("/")[0]
        for path in schema.get("createOnlyProperties") or ()
        if path.count("/") == 2
    }
    return [name for name in names if name in fixed]


def attribute_of(made: Made, attribute: str) -> Any:
    """`Fn::GetAtt` on what exists: text, or a list; None when there is no such attribute."""
    value: Any = made.model
    if attribute in made.model:
        value = made.model[attribute]
    else:
        for part in attribute.split("."):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return value


def _details(
    names: list[str],
    declared: dict[str, Any],
    properties: dict[str, Any],
    replaced_by: list[str],
    version: Version,
) -> list[Change]:
    """One entry per changed property and per reason: a parameter, another resource, or the template."""
    found = []
    for name in names:
        target = {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": "Always" if name in replaced_by else "Never",
        }
        expression = (declared.get("Properties") or {}).get(name)
        causes = [
            {"ChangeSource": "ParameterReference", "CausingEntity": entity}
            if entity in version.values
            else {
                "ChangeSource": "ResourceReference" if kind == "ref" else "ResourceAttribute",
                "CausingEntity": entity,
            }
            for kind, entity in dict.fromkeys(reading.references(expression))
            if entity in version.values or entity in version.processed["Resources"]
        ]
        for cause in causes or [{"ChangeSource": "DirectModification"}]:
            static = "CausingEntity" not in cause or cause["CausingEntity"] in version.values
            found.append(
                {"Target": target, "Evaluation": "Static" if static else "Dynamic", **cause}
            )
    return found


def _outputs_differ(stack: Stack, version: Version) -> bool:
    before = stack.version.processed.get("Outputs") or {}
    after = version.processed.get("Outputs") or {}
    if not same(before, after):
        return True
    return (
        bool(after)
        and stack.version.values != version.values
        and not same(
            {key: value.resolved for key, value in stack.version.values.items()},
            {key: value.resolved for key, value in version.values.items()},
        )
        and any(entity in version.values for _, entity in reading.references(after))
    )


def _tags_differ(stack: Stack, version: Version) -> bool:
    return {t["Key"]: t["Value"] for t in stack.version.tags} != {
        t["Key"]: t["Value"] for t in version.tags
    }
