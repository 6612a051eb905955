"""GitHub-flavoured Markdown, for the step summary of a workflow run (at most 1 MiB)."""

from __future__ import annotations

import re

from sandbox.grading.renderers import words
from sandbox.grading.result import CheckResult, Result

MOST_BYTES = 1024 * 1024 - 4096
SYMBOLS = {"pass": "✅", "partly": "🟡", "fail": "❌", "skip": "⏸️", "error": "⚠️"}


def render(result: Result) -> str:
    """A heading with the score, a table of checks, then the reasons."""
    lines = [
        f"## Lab {result.lab.id}: {_escaped(result.lab.title)}",
        "",
        f"**{words.score_line(result)}** {_escaped(words.verdict(result))}",
        "",
    ]
    if result.replay is not None and result.replay.reason:
        lines += [f"> {_escaped(result.replay.reason)}", ""]
    if result.checks:
        lines += ["| | Check | Points |", "|---|---|---:|"]
        lines += [_row(one) for one in result.checks]
        lines.append("")
    for one in result.checks:
        if one.status in ("fail", "error"):
            lines += [f"### {_escaped(one.title)}", "", "```text"]
            lines += [line.replace("```", "'''") for line in words.details(one)]
            lines += ["```", ""]
        elif one.status == "skip":
            lines += [f"- *{_escaped(one.title)}* {_escaped(words.waits_for(result, one))}", ""]
    return _fitted("\n".join(lines))


def _row(one: CheckResult) -> str:
    earned = "–" if one.score is None else words.points(one.score)
    named = words.outcome(one)
    return (
        f"| {SYMBOLS[named]} {named} | {_escaped(one.title)} | {earned} / "
        f"{words.points(one.max_score)} |"
    )


def _escaped(text: str) -> str:
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", plain)


def _fitted(text: str) -> str:
    data = text.encode()
    if len(data) <= MOST_BYTES:
        return text
    return data[:MOST_BYTES].decode(errors="ignore") + "\n```\n\n*The report was cut here.*\n"
