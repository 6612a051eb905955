"""The words that several formats share: outcomes, scores, and values with their white space visible."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from sandbox.grading.result import CheckResult, Result

NAMED = {"\u00a0": "NBSP", "\u200b": "ZWSP", "\ufeff": "BOM", "\u00ad": "SHY"}


def points(number: float) -> str:
    """2, 2.5: without digits that say nothing."""
    return f"{round(number, 2):g}"


def outcome(one: CheckResult) -> str:
    """pass, fail, partly, skip or error."""
    return "partly" if one.status == "fail" and one.score else one.status


def score_line(result: Result) -> str:
    """The score as one sentence."""
    if result.score is None:
        return "not scored (this is not a zero)"
    visible = " (visible checks)" if result.hidden_checks and not _shows_hidden(result) else ""
    return (
        f"{points(result.score)} of {points(result.max_score)} points"
        f" ({result.percent:.0f} %){visible}"
    )


def verdict(result: Result) -> str:
    """What the run comes to, in one sentence."""
    if result.status == "error":
        broken = sum(one.status == "error" for one in result.checks)
        if result.message:
            return result.message
        what = "A check" if broken == 1 else f"{broken} checks"
        return f"{what} could not be run. That is our fault, not yours: nothing is scored."
    if result.status == "complete":
        if result.hidden_checks and not _shows_hidden(result):
            return "All visible checks pass."
        return "Everything passes. The lab is complete."
    failing = sum(one.status == "fail" for one in result.checks)
    waiting = sum(one.status == "skip" for one in result.checks)
    said = f"{failing} {'check fails' if failing == 1 else 'checks fail'}"
    if waiting:
        said += f", {waiting} {'waits' if waiting == 1 else 'wait'} for {'it' if failing == 1 else 'them'}"
    return said + "."


def waits_for(result: Result, one: CheckResult) -> str:
    """Which checks a skipped check waits for."""
    return "waits for: " + ", ".join(result.title_of(check_id) for check_id in one.blocked_by)


def details(one: CheckResult) -> list[str]:
    """What a failure says, as plain lines: reason, expected, actual, help, hint."""
    lines = [one.rationale] if one.rationale else []
    if one.compared:
        lines += [f"expected: {value(one.expected)}", f"actual:   {value(one.actual)}"]
        note = difference(one.expected, one.actual)
        if note:
            lines.append(note)
    if one.help:
        lines.append(f"help: {one.help}")
    if one.hint and one.status == "fail":
        lines.append(f"hint: {one.hint}")
    return lines


def value(found: Any) -> str:
    """A value in full; in text white space and invisible characters can be seen."""
    if isinstance(found, str):
        return text(found)
    if isinstance(found, dict | list):
        flat = json.dumps(found, ensure_ascii=False)
        return flat if len(flat) <= 72 else json.dumps(found, ensure_ascii=False, indent=2)
    return json.dumps(found, ensure_ascii=False)


def text(found: str) -> str:
    """`found` in quotes; blanks at its ends and in rows as `·`, the rest that is invisible by name."""
    inner = found.strip(" ")
    left, right = len(found) - len(found.lstrip(" ")), len(found) - len(found.rstrip(" "))
    if not inner:
        return f'"{"·" * len(found)}"'
    shown = "".join(_visible(character) for character in inner).replace("  ", "··")
    if inner.count("\n") == 1 and inner.endswith("\n"):
        shown = shown.removesuffix("\n")
    return f'"{"·" * left}{shown}{"·" * right}"'


def difference(expected: Any, actual: Any) -> str | None:
    """Where two long or similar texts part; nothing when that is plain to see."""
    if not isinstance(expected, str) or not isinstance(actual, str) or expected == actual:
        return None
    if not expected or not actual:
        return None
    if expected.split() == actual.split():
        return "They differ in white space only."
    if expected.casefold() == actual.casefold():
        return "They differ in capital letters only."
    if expected.split("\n") == actual.rstrip("\n").split("\n"):
        return "The actual text has a line break at its end."
    same = 0
    while same < min(len(expected), len(actual)) and expected[same] == actual[same]:
        same += 1
    if same < 12:
        return None
    return f"They are the same for {same} characters."


def _visible(character: str) -> str:
    if character == "\n":
        return "↵\n"
    if character == "\t":
        return "→\t"
    if character == "\r":
        return "\\r"
    if character in NAMED:
        return f"[{NAMED[character]}]"
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs"):
        return f"\\u{ord(character):04x}"
    return character


def _shows_hidden(result: Result) -> bool:
    return any(one.visibility == "hidden" for one in result.checks)
