"""What the tests of Lambda share: roles, zips, functions that go away again."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Emulator

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def zipped(files: dict[str, str], modes: dict[str, int] | None = None) -> bytes:
    """A zip of texts by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | (modes or {}).get(name, 0o644)) << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def until(found: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `found` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if value or time.monotonic() > deadline:
            assert value, "not within the time"
            return value
        time.sleep(0.03)


class Functions:
    """Makes functions and calls them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.client = emulator.client("lambda", retries={"max_attempts": 0})
        self.iam = emulator.client("iam")
        self.made: list[str] = []
        self.roles = 0

    def role(self, *actions: str, logs: bool = True, name: str | None = None) -> str:
        """An execution role that may do `actions` on everything."""
        self.roles += 1
        name = name or f"role-{id(self)}-{self.roles}"
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))[
            "Role"
        ]["Arn"]
        if logs:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            self.iam.put_role_policy(
                RoleName=name,
                PolicyName="own",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )
        return arn

    def python(self, name: str, source: str, **more: Any) -> str:
        """A function of one Python file; returns its ARN."""
        return self.make(name, {"index.py": source}, "python3.12", **more)

    def node(self, name: str, source: str, file: str = "index.mjs", **more: Any) -> str:
        """A function of one JavaScript file."""
        return self.make(name, {file: source}, "nodejs20.x", **more)

    def make(self, name: str, files: dict[str, str], runtime: str, **more: Any) -> str:
        """A function; `Role` defaults to one that may log."""
        more.setdefault("Handler", "index.handler")
        more.setdefault("Role", None)
        modes = more.pop("modes", None)
        if more["Role"] is None:
            more["Role"] = self.role()
        made = self.client.create_function(
            FunctionName=name, Runtime=runtime, Code={"ZipFile": zipped(files, modes)}, **more
        )
        self.made.append(name)
        return made["FunctionArn"]

    def call(self, name: str, event: Any = None, **more: Any) -> Any:
        """The decoded result of a call that must succeed."""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        text = answer["Payload"].read()
        assert "FunctionError" not in answer, text
        return json.loads(text)

    def fail(self, name: str, event: Any = None) -> tuple[dict[str, Any], str]:
        """The decoded error and the log of a call that must fail."""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        assert answer["FunctionError"] == "Unhandled"
        return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()

    def log(self, name: str) -> list[str]:
        """All messages in the function's log group."""
        events = self.emulator.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")[
            "events"
        ]
        return [event["message"] for event in events]

    def remove(self) -> None:
        """Delete what was made."""
        for name in self.made:
            self.client.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def functions(emulator: Emulator) -> Iterator[Functions]:
    made = Functions(emulator)
    yield made
    made.remove()
