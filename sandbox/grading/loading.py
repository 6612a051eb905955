"""Loading a lab's checks from their files, and refusing what could not be scored honestly."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

from sandbox.grading.api import MARK, Check


class CheckFileError(Exception):
    """A file of checks cannot be used; the message says what to put right."""


def load(files: Sequence[Path]) -> list[Check]:
    """The checks of `files` in the order in which they are written.

    Raises CheckFileError when there is none at all (an empty set would pass any work), when a file
    does not load, when two checks share an id, and when `needs` names an unknown check or a circle.
    """
    checks = [found for file in files for found in _of(_load_module(file))]
    if not checks:
        names = ", ".join(str(file) for file in files) or "no file"
        raise CheckFileError(f"No check was found in {names}: nothing can be scored.")
    _require_sound(checks)
    return checks


def fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 over the files' contents: says which checks a result was made with."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda path: path.name):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _load_module(file: Path) -> ModuleType:
    name = f"sandbox_checks_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CheckFileError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise CheckFileError(f"The checks are missing: {file}") from None
    except Exception as error:
        raise CheckFileError(f"{file} does not load: {type(error).__name__}: {error}") from error
    return module


def _of(module: ModuleType) -> list[Check]:
    marked = [getattr(value, MARK) for value in vars(module).values() if hasattr(value, MARK)]
    own = [check for check in marked if check.function.__module__ == module.__name__]
    return sorted(own, key=lambda check: check.function.__code__.co_firstlineno)


def _require_sound(checks: list[Check]) -> None:
    ids: set[str] = set()
    for check in checks:
        if check.id in ids:
            raise CheckFileError(f"Two checks are called {check.id}.")
        ids.add(check.id)
        if not check.title:
            raise CheckFileError(f"{check.id} has no docstring; it is the title students read.")
        if not check.points > 0:
            raise CheckFileError(f"{check.id} is worth {check.points:g} points; give it some.")
    for check in checks:
        for needed in check.needs:
            if needed not in ids:
                raise CheckFileError(f"{check.id} needs {needed!r}, which no check is called.")
    by_id = {check.id: check for check in checks}
    for check in checks:
        acting = [needed for needed in check.needs if by_id[needed].acts]
        if acting and not check.acts:
            raise CheckFileError(
                f"{check.id} needs {acting[0]}, which acts and so runs last; give it acts=True too."
            )
    try:
        TopologicalSorter({check.id: check.needs for check in checks}).prepare()
    except CycleError as error:
        raise CheckFileError(f"Checks wait for each other: {' -> '.join(error.args[1])}.") from None
