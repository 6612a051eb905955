"""Creating, watching and deleting stacks in tests."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

ENDED = ("_COMPLETE", "_FAILED")


def ended(cloudformation, name: str, seconds: float = 60) -> dict:
    """The stack when its operation has ended."""
    deadline = time.monotonic() + seconds
    while True:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if stack["StackStatus"].endswith(ENDED) and "CLEANUP" not in stack["StackStatus"]:
            return stack
        assert time.monotonic() < deadline, stack["StackStatus"]
        time.sleep(0.05)


def create(cloudformation, name: str, resources: dict, *, expect="CREATE_COMPLETE", **more) -> dict:
    """Create a stack and wait; `more` goes to CreateStack, `template` keys by `Outputs` and so on."""
    template = {"Resources": resources, **more.pop("template", {})}
    more.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
    made = cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template), **more)
    stack = ended(cloudformation, made["StackId"])
    assert stack["StackStatus"] == expect, reasons(cloudformation, made["StackId"])
    return stack


def update(cloudformation, name: str, resources: dict, *, expect="UPDATE_COMPLETE", **more) -> dict:
    """Update a stack and wait."""
    template = {"Resources": resources, **more.pop("template", {})}
    more.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template), **more)
    stack = ended(cloudformation, name)
    assert stack["StackStatus"] == expect, reasons(cloudformation, name)
    return stack


def delete(cloudformation, name: str, *, expect="DELETE_COMPLETE", **more) -> None:
    """Delete a stack and wait."""
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    cloudformation.delete_stack(StackName=name, **more)
    found = ended(cloudformation, stack["StackId"])
    assert found["StackStatus"] == expect, reasons(cloudformation, stack["StackId"])


def reasons(cloudformation, name: str) -> list[str]:
    """The stack's events, oldest first, as lines."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [
        f"{event['LogicalResourceId']} {event['ResourceStatus']} {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
    ]


def outputs(stack: dict) -> dict[str, str]:
    """Outputs by key."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


@contextmanager
def stack(cloudformation, name: str, resources: dict, **more):
    """A stack for the length of a block."""
    yield create(cloudformation, name, resources, **more)
    delete(cloudformation, name)
