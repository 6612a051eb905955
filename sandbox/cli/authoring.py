"""For lab authors: `sandbox lint-labs`, `sandbox new-lab`, `sandbox test-lab`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sandbox.cli.style import LabNumber, ascii_only, console, lab_or_usage_error

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
PANEL = "For lab authors"


def register(app: typer.Typer) -> None:
    """Add the authors' verbs."""
    app.command("new-lab", rich_help_panel=PANEL)(new_lab)
    app.command("lint-labs", rich_help_panel=PANEL)(lint_labs)
    app.command("test-lab", rich_help_panel=PANEL)(test_lab)


def new_lab(
    number: Annotated[int, typer.Argument(help="The new lab's number.")],
    slug: Annotated[str, typer.Argument(help="Some words for its folder: queues-and-topics")],
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
) -> None:
    """Write a small new lab that already passes its own tests."""
    from sandbox.cli.lab import relative
    from sandbox.labs.scaffold import new_lab as write

    out = console()
    out.print()
    for path in write(number, slug, title):
        out.print(f"  {relative(path)}", soft_wrap=True)
    out.print(
        f"\n  Prove it: [bold]sandbox test-lab {number}[/]   Then: docs/lab-authors/format.md\n"
    )


def lint_labs(as_json: AsJson = False) -> None:
    """Say what is missing or wrong in the labs, without running them."""
    from sandbox.labs.lint import lint
    from sandbox.labs.manifest import all_folders

    findings = lint()
    if as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.lab}: {finding.where}: {finding.message}")
        labs, count = len(all_folders()), len(findings)
        print(
            f"{labs} lab{'' if labs == 1 else 's'}, {count or 'no'} finding{'' if count == 1 else 's'}."
        )
    raise typer.Exit(1 if findings else 0)


def test_lab(
    lab: LabNumber,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Cases at a time.")] = 2,
    only: Annotated[str | None, typer.Option(help="Only cases whose name contains this.")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove a lab: untouched work scores 0, solutions score all, each mutant fails as it says."""
    from sandbox.grading import proof
    from sandbox.grading.loading import CheckFileError
    from sandbox.grading.replay import Grader
    from sandbox.labs import LabError

    found = lab_or_usage_error(lab)
    try:
        grader = Grader.of(found)
    except CheckFileError as error:
        raise LabError(str(error)) from None
    wanted = [case for case in proof.cases(found) if only is None or only in case.name]
    say = None if as_json else _line
    verdicts = proof.prove(grader, wanted, jobs=jobs, report=say)
    uncaught = proof.uncaught(grader)
    wrong = [verdict for verdict in verdicts if verdict.wrong]
    if as_json:
        print(json.dumps(_facts(verdicts, uncaught), indent=2))
    else:
        _closing(verdicts, wrong, uncaught)
    raise typer.Exit(1 if wrong or uncaught else 0)


def _line(verdict) -> None:
    from rich.text import Text

    good, bad = ("+", "x") if ascii_only() else ("✔", "✘")
    case = verdict.case
    line = Text("  ")
    right = verdict.wrong is None
    line.append(
        f"{good if right else bad} {'ok ' if right else 'bad'}  ", "green" if right else "red"
    )
    line.append(f"{case.kind:<9}", "bright_black")
    line.append(case.name)
    if case.kind == "solution":
        line.append(f"  {case.student}", "bright_black")
    line.append(f"  {verdict.result.duration_s:.1f} s", "bright_black")
    console().print(line, soft_wrap=True)
    if verdict.wrong:
        console().print(Text(f"         {verdict.wrong}", style="red"), soft_wrap=True)


def _closing(verdicts: list, wrong: list, uncaught: list[str]) -> None:
    out = console()
    out.print()
    for check_id in uncaught:
        out.print(f"  [yellow]No mutant that only {check_id} catches.[/]")
    if not wrong and not uncaught:
        out.print(f"  [green]{len(verdicts)} cases, all as they should be.[/]\n")
    else:
        out.print(f"  {len(wrong)} of {len(verdicts)} cases are not as they should be.\n")


def _facts(verdicts: list, uncaught: list[str]) -> dict:
    return {
        "cases": [
            {
                "kind": verdict.case.kind,
                "name": verdict.case.name,
                "student": verdict.case.student,
                "score": verdict.result.score,
                "max_score": verdict.result.max_score,
                "fails": verdict.failing,
                "wrong": verdict.wrong,
                "seconds": verdict.result.duration_s,
            }
            for verdict in verdicts
        ],
        "uncaught": uncaught,
    }
