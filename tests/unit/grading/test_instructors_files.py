"""What instructors copy from docs/ keeps working: workflow, commands, options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from sandbox.cli import app

DOCS = Path(__file__).resolve().parents[3] / "docs"
WORKFLOW = DOCS / "instructors/github-actions-autograde.yml"
PAGES = sorted((DOCS / "instructors").glob("*")) + sorted((DOCS / "lab-authors").glob("*.md"))


def test_the_workflow_gives_nothing_away() -> None:
    found = yaml.safe_load(WORKFLOW.read_text())
    assert found["permissions"] == {"contents": "read"}
    steps = found["jobs"]["grade"]["steps"]
    checkouts = [step for step in steps if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    # What the student controls must not be put into a shell line.
    assert not any("github.event" in step.get("run", "") for step in steps)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for verb, rest in re.findall(r"(?m)(?:bin/|^|`)sandbox ([a-z-]+)([^\n`#|]*)", page.read_text()):
        assert verb in commands, f"{page.name}: sandbox {verb}"
        known = {option for one in commands[verb].params for option in one.opts}
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", rest):
            assert option in known, f"{page.name}: sandbox {verb} {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
