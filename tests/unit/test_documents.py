"""Documents that must stay true to the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import typer

from sandbox.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_notices_are_current():
    done = subprocess.run(
        [sys.executable, ROOT / "requirements" / "notices.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_locked_lists_name_no_index():
    for file in (ROOT / "requirements").rglob("*"):
        if file.suffix in (".txt", ".json"):
            assert not re.search(r"https?://|--index|resolved", file.read_text()), file


def test_every_command_is_documented():
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    commands = typer.main.get_command(app)
    assert hasattr(commands, "commands")
    for name, command in commands.commands.items():
        if not command.hidden:
            assert f"sandbox {name}" in text or f"make {name}" in text, (
                f"{name} stands in no document"
            )
            assert command.help, f"{name} has no help"


def test_links_between_documents_lead_somewhere():
    for document in [*DOCUMENTS, *(ROOT / "labs").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document}: {target}"
