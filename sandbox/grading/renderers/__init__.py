"""The formats of a result. Each is a pure function from a `Result` to text and nothing else."""

from __future__ import annotations

import importlib
from typing import Literal

from sandbox.grading.result import Result

Format = Literal["terminal", "json", "junit", "gradescope", "markdown", "csv", "ags"]
FORMATS: tuple[Format, ...] = (
    "terminal",
    "json",
    "junit",
    "gradescope",
    "markdown",
    "csv",
    "ags",
)
# What a student may read goes without hidden checks; these are for the instructor's machines, which
# mark hidden checks as such.
FOR_INSTRUCTORS: frozenset[Format] = frozenset({"json", "gradescope", "csv", "ags"})


def render(result: Result, format: Format) -> str:
    """`result` as text in `format`; hidden checks stay out of what students read."""
    seen = result if format in FOR_INSTRUCTORS else result.for_student()
    return importlib.import_module(f"{__name__}.{format}").render(seen)
