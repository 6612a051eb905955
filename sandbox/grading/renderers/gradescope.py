"""Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/"""

from __future__ import annotations

import json
from typing import Any

from sandbox.grading.renderers import words
from sandbox.grading.result import CheckResult, Result


def render(result: Result) -> str:
    """Tests with scores; what could not be scored has no score at all.

    Gradescope then shows the submission as not graded, so that it is run again instead of counting
    as zero. It has no state for a skipped check: that is a failed one that says what it waits for.
    """
    document: dict[str, Any] = {
        "execution_time": round(result.duration_s),
        "output": words.verdict(result.for_student()),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": {
            "schema": result.schema_,
            "lab": result.lab.id,
            "version": result.lab.version,
        },
    }
    if result.replay is not None and result.replay.reason:
        document["output"] += f"\n{result.replay.reason}"
    if result.status != "error":
        document["score"] = result.score
        document["tests"] = [_test(result, n, one) for n, one in enumerate(result.checks, 1)]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _test(result: Result, number: int, one: CheckResult) -> dict[str, Any]:
    lines = [words.waits_for(result, one)] if one.status == "skip" else words.details(one)
    return {
        "number": str(number),
        "name": one.title,
        "name_format": "text",
        "score": one.score,
        "max_score": one.max_score,
        "status": "passed" if one.status == "pass" else "failed",
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": one.visibility,
        "tags": [one.step] if one.step else [],
        "extra_data": {"id": one.id, "outcome": one.status},
    }
