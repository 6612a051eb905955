"""The result model and everything that is made from it."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

import sandbox.grading.result as model
from sandbox.grading.renderers import FOR_INSTRUCTORS, FORMATS, render, terminal, words
from sandbox.grading.result import Result, jsonable
from tests.unit.grading.samples import LAB, check_result, mixed, result

SCHEMA_FILE = Path(model.__file__).with_name("result.schema.json")


def test_the_score_is_the_sum_and_complete_means_all() -> None:
    found = result(check_result("a"), check_result("b", "fail", score=0.5))
    assert (found.score, found.max_score, found.percent) == (2.5, 4.0, 62.5)
    assert (found.status, found.passed, found.exit_code) == ("incomplete", True, 1)
    found = result(check_result("a"))
    assert (found.status, found.exit_code) == ("complete", 0)


def test_an_error_leaves_the_whole_unscored() -> None:
    found = result(check_result("a"), check_result("b", "error"))
    assert (found.status, found.score, found.percent, found.passed) == ("error", None, None, False)
    assert found.exit_code == 3


def test_no_checks_at_all_is_an_error_and_no_pass() -> None:
    found = result()
    assert (found.status, found.exit_code, found.passed) == ("error", 3, False)


def test_thirds_do_not_leave_crumbs() -> None:
    found = result(*[check_result(str(n), "fail", score=0.1, max_score=0.1) for n in range(3)])
    assert found.score == 0.3


def test_the_committed_schema_is_that_of_the_model_and_results_fit_it() -> None:
    committed = json.loads(SCHEMA_FILE.read_text())
    assert committed == json.loads(json.dumps(model.schema()))
    for one in (mixed(), result(), result(check_result("a", "error", trace="t"))):
        jsonschema.validate(json.loads(render(one, "json")), committed)


def test_json_reads_back_as_the_same_result() -> None:
    assert Result.model_validate_json(render(mixed(), "json")) == mixed()


def test_a_foreign_document_is_no_result() -> None:
    for text in ("{}", "[]", '{"schema": "other/1", "score": 100}', "100"):
        with pytest.raises(ValueError):
            Result.model_validate_json(text)


@pytest.mark.parametrize("format", [one for one in FORMATS if one not in FOR_INSTRUCTORS])
def test_hidden_checks_leave_no_trace_for_students(format: str) -> None:
    text = render(mixed(), format)
    assert "SECRET" not in text and "secret_fourth" not in text
    assert "The title of secret_fourth" not in text


def test_students_see_the_score_of_what_they_see() -> None:
    seen = mixed().for_student()
    assert (seen.score, seen.max_score) == (3.0, 6.0)
    assert [one.id for one in seen.checks] == ["first", "second", "third"]
    assert "secret" not in seen.model_dump_json()


def test_all_visible_checks_pass_is_said_when_hidden_ones_fail() -> None:
    found = result(check_result("a"), check_result("b", "fail", visibility="hidden"))
    text = render(found, "terminal")
    assert "All visible checks pass." in text
    assert "complete" not in text


def test_a_hidden_parent_is_not_named() -> None:
    found = result(
        check_result("secret", "fail", visibility="hidden"),
        check_result("b", "skip", needs=["secret"], blocked_by=["secret"]),
    )
    assert "secret" not in found.for_student().model_dump_json()
    assert "secret" not in render(found, "terminal")


def test_gradescope_has_scores_and_hides_hidden_tests() -> None:
    found = json.loads(render(mixed(), "gradescope"))
    assert found["score"] == mixed().score
    assert [test["visibility"] for test in found["tests"]] == ["visible"] * 3 + ["hidden"]
    assert [test["status"] for test in found["tests"]] == ["passed", "failed", "failed", "failed"]
    assert found["tests"][1]["score"] == 1.0
    assert "waits for: The title of second" in found["tests"][2]["output"]
    allowed = {
        "score", "max_score", "status", "name", "name_format", "number", "output",
        "output_format", "tags", "visibility", "extra_data",
    }  # fmt: skip
    assert all(set(test) <= allowed for test in found["tests"])


def test_gradescope_gets_no_score_for_what_was_not_scored() -> None:
    found = json.loads(render(result(check_result("a", "error")), "gradescope"))
    assert "score" not in found and "tests" not in found


def test_an_lms_ignores_what_was_not_scored() -> None:
    found = json.loads(render(result(check_result("a", "error")), "ags"))
    assert found["gradingProgress"] == "Failed" and "scoreGiven" not in found
    found = json.loads(render(mixed(), "ags"))
    assert (found["scoreGiven"], found["scoreMaximum"]) == (mixed().score, mixed().max_score)


def test_junit_counts_and_survives_strange_text() -> None:
    strange = check_result("b", "fail", rationale="a\x00b\x1b[31m ]]> \ud800 <tag>")
    root = ET.fromstring(
        render(
            result(check_result("a"), strange, check_result("c", "skip", blocked_by=["b"])), "junit"
        )
    )
    suite = root.find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    assert ET.fromstring(render(result(), "junit")).find("testsuite/testcase/error") is not None


def test_markdown_is_cut_below_githubs_limit_and_keeps_its_table_whole() -> None:
    large = [check_result(f"c{n}", "fail", rationale="x" * 20_000) for n in range(80)]
    assert len(render(result(*large), "markdown").encode()) < 1024 * 1024
    text = render(result(check_result("a", title="a | b\n<script>")), "markdown")
    assert "a \\| b \\<script\\>" in text


def test_csv_cells_are_no_formulas() -> None:
    found = result(check_result("a", title="=HYPERLINK(1)"), seed="@ada")
    rows = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    assert rows[0]["title"] == "'=HYPERLINK(1)" and rows[0]["student"] == "'@ada"


def test_white_space_can_be_seen() -> None:
    assert words.text("a ") == '"a·"'
    assert words.text("a  b") == '"a··b"'
    assert words.text("   ") == '"···"'
    assert words.text("a\n") == '"a↵"'
    assert words.text("a\u00a0b\u200b") == '"a[NBSP]b[ZWSP]"'
    assert words.text("\x1b[31m") == '"\\u001b[31m"'
    assert words.difference("a b", "a  b ") == "They differ in white space only."
    assert words.difference("Public", "public") == "They differ in capital letters only."


def test_long_json_is_never_cut() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Resource": f"arn:{n}"} for n in range(50)]}
    found = result(check_result("a", "fail", compared=True, expected=policy, actual={}))
    assert '"Resource": "arn:49"' in render(found, "terminal")


def test_values_become_json() -> None:
    assert jsonable({"a": {2, 1}, 3: b"x\xff", "n": float("nan"), "p": Path("/x")}) == {
        "a": [1, 2],
        "3": "x\\xff",
        "n": "nan",
        "p": "/x",
    }
    assert jsonable("x" * 30_000).endswith("(10000 more characters)")


def test_the_terminal_says_in_words_what_it_says_in_colours() -> None:
    text = render(mixed(), "terminal")
    for word in ("pass", "partly", "skip", "expected", "actual", "help", "hint", "waits for"):
        assert word in text
    assert "\x1b" not in text
    assert "make hint-90" in text


def test_the_terminal_has_a_form_without_symbols() -> None:
    console = Console(file=io.StringIO(), width=92, color_system=None)
    console.print(
        terminal.page(result(check_result("a"), check_result("b", "fail")), ascii_only=True)
    )
    assert console.file.getvalue().isascii()  # type: ignore[attr-defined]


def test_lab_reference_is_kept() -> None:
    assert mixed().lab == LAB
