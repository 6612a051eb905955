"""Names and values that differ from student to student: one source for student, solution and checks.

A lab's `values.py` has one function, `values(seed)`, which answers a dictionary. The provision
script, the checks (`lab.values`) and `solve.sh` (as `$LAB_NAME` variables) all get the same.
"""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import json
import os
import random
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sandbox.labs.manifest import Lab, LabError

T = TypeVar("T")
NAME = re.compile(r"_?[a-z][a-z0-9_]*")


class Seed:
    """Draws that depend on the student, the lab and the draw's name alone.

    Each draw has a name, so that a new one does not change those that were there before.
    """

    def __init__(self, student: str, lab: int) -> None:
        self.student = student
        self.lab = lab

    def random(self, name: str) -> random.Random:
        """A generator of the draw `name`, for what the other methods do not offer."""
        return random.Random(self._digest(name))

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random(name).randint(low, high)

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of `options`."""
        return self.random(name).choice(options)

    def sample(self, name: str, options: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `options`."""
        return self.random(name).sample(options, count)

    def token(self, name: str, length: int = 6) -> str:
        """Lower-case hexadecimal digits."""
        return hashlib.sha256(self._digest(name)).hexdigest()[:length]

    @property
    def slug(self) -> str:
        """The student's name in at most 16 of `a-z0-9-`, fit for a bucket's name."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.student.lower()).strip("-")[:16].strip("-")
        return plain or "student"

    def name(self, prefix: str) -> str:
        """`prefix-SLUG-TOKEN`: a name no other student has, fit for a bucket."""
        return f"{prefix}-{self.slug}-{self.token(prefix)}"

    def _digest(self, name: str) -> bytes:
        return f"{self.student}\0{self.lab}\0{name}".encode()


class Values(Mapping[str, Any]):
    """A lab's values, as attributes and as a dictionary."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            known = ", ".join(self.__dict__.get("_values", {}))
            raise AttributeError(f"the lab has no value {name!r}; it has: {known}") from None

    def __repr__(self) -> str:
        return f"Values({self._values!r})"

    def environment(self) -> dict[str, str]:
        """`LAB_NAME` variables of all values except those whose name begins with `_`.

        Text and numbers stand as they are, everything else as JSON.
        """
        return {
            f"LAB_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self._values.items()
            if not name.startswith("_")
        }

    def export_lines(self) -> str:
        """Shell lines for `source`."""
        lines = [f"export {n}={shlex.quote(v)}" for n, v in self.environment().items()]
        return "\n".join(lines) + "\n"


def student() -> str:
    """Who works here: `SANDBOX_STUDENT`, or the user's name. It seeds names and values."""
    given = os.environ.get("SANDBOX_STUDENT", "").strip()
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "student"


def values_of(lab: Lab, student: str) -> Values:
    """The values of `lab` for `student`; empty for a lab without `values.py`."""
    file = lab.folder / "values.py"
    if not file.exists():
        return Values({})
    found = load_function(file, "values")(Seed(student, lab.id))
    if not isinstance(found, dict) or not all(NAME.fullmatch(str(name)) for name in found):
        raise LabError(f"{file}: values(seed) must answer a dictionary of lower_case names.")
    return Values(found)


def load_function(file: Path, name: str) -> Any:
    """Function `name` of the Python file `file`; raises LabError when it has none."""
    spec = importlib.util.spec_from_file_location(
        f"sandbox_lab_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}", file
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LabError(f"{file} does not load: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise LabError(f"{file} has no function {name}.")
    return function
