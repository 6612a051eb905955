"""The result itself, as JSON."""

from __future__ import annotations

from sandbox.grading.result import Result


def render(result: Result) -> str:
    """Indented JSON that `Result.model_validate_json` reads back."""
    return result.model_dump_json(by_alias=True, indent=2) + "\n"
