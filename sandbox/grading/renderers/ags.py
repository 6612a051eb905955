"""A score of LTI Assignment and Grade Services, as a file for an LMS.

https://www.imsglobal.org/spec/lti-ags/v2p0: platforms ignore the score while gradingProgress is
Failed, so what could not be scored never becomes a zero.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sandbox.grading.renderers import words
from sandbox.grading.result import Result


def render(result: Result) -> str:
    """One score object; `userId` is the name in the submission and may have to be mapped."""
    ended = result.started_at + timedelta(seconds=result.duration_s)
    score: dict[str, Any] = {
        "userId": result.seed,
        "scoreMaximum": result.max_score,
        "comment": words.verdict(result.for_student()),
        "timestamp": ended.isoformat(timespec="milliseconds"),
        "activityProgress": "Completed" if result.status == "complete" else "Submitted",
        "gradingProgress": "Failed" if result.status == "error" else "FullyGraded",
    }
    if result.status != "error":
        score["scoreGiven"] = result.score
    return json.dumps(score, indent=2) + "\n"
