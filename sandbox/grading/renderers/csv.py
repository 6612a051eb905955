"""CSV: one row per check, for spreadsheets; `summary_row` is one row per submission."""

from __future__ import annotations

import csv
import io
from typing import Any

from sandbox.grading.result import Result

COLUMNS = ("lab", "student", "submission", "check", "title", "visibility", "status", "score", "max")
SUMMARY = ("submission", "student", "lab", "status", "score", "max_score", "percent", "passed")


def render(result: Result) -> str:
    """A heading line, then a row per check."""
    rows = [
        (
            result.lab.id,
            result.seed,
            result.submission.id if result.submission else "",
            one.id,
            one.title,
            one.visibility,
            one.status,
            "" if one.score is None else one.score,
            one.max_score,
        )
        for one in result.checks
    ]
    return table(COLUMNS, rows)


def summary_row(result: Result) -> tuple[Any, ...]:
    """The columns of SUMMARY for one result; the score of what was not scored stays empty."""
    return (
        result.submission.id if result.submission else "",
        result.seed,
        result.lab.id,
        result.status,
        "" if result.score is None else result.score,
        result.max_score,
        "" if result.percent is None else result.percent,
        "yes" if result.passed else "no",
    )


def table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """CSV text; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return cell
