"""A small new lab that already passes its own tests: the beginning of every lab."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.labs.manifest import LabError, all_folders, course

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

LAB_TOML = """\
format = 1
id = {number}
title = "{title}"
summary = "What the student will have built, in one sentence."
services = ["s3"]
minutes = 30

[[steps]]
id = "make-bucket"
title = "Make a bucket"
hints = [
  "What is it called, in AWS, that holds objects?",
  "Look at `aws s3 mb help`.",
  "aws s3 mb \\"s3://$LAB_BUCKET\\"",
]
"""

README = """\
# Lab {number}: {title}

Why this matters, what there will be in the end, and what is needed before.

## 1. Make a bucket {{#make-bucket}}

What to do, what to look at, and where AWS's own documentation says more.
"""

VALUES = '''\
"""What differs from student to student."""


def values(seed):
    """Names of this lab."""
    return {"bucket": seed.name("lab-%(number)s")}
'''

STARTER = """\
#!/usr/bin/env bash
# Lab {number}: your commands, step by step.
set -euo pipefail

# step: make-bucket  Make a bucket
"""

SOLUTION = (
    STARTER
    + """\
aws s3 mb "s3://$LAB_BUCKET"
"""
)

PYTHON_SCRIPT = """\
#!/usr/bin/env bash
set -euo pipefail

# step: make-bucket  The same with boto3
python solve.py
"""

PYTHON = '''\
"""The solution with boto3."""

import os

import boto3

boto3.client("s3").create_bucket(Bucket=os.environ["LAB_BUCKET"])
'''

CHECKS = '''\
"""What a finished lab {number} does."""

from botocore.exceptions import ClientError

from sandbox.grading import Failure, check


@check(points=1, step="make-bucket", hint="Does `aws s3 ls` show it, under exactly that name?")
def bucket_exists(lab):
    """Your bucket is there"""
    try:
        lab.client("s3").head_bucket(Bucket=lab.values.bucket)
    except ClientError:
        found = [bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]]
        raise Failure(
            "There is no bucket of that name.", expected=lab.values.bucket, actual=found
        ) from None
'''

MUTANT = """\
description = "The right name, and a bit more."
fails = ["bucket_exists"]

[[edits]]
file = "solve.sh"
find = 'aws s3 mb "s3://$LAB_BUCKET"'
replace = 'aws s3 mb "s3://$LAB_BUCKET-2"'
"""


def new_lab(
    number: int, slug: str, title: str | None = None, root: Path | None = None
) -> list[Path]:
    """Write the files of a new lab; what was written. Raises LabError for a number that is taken."""
    root = root or course()
    if not SLUG.fullmatch(slug):
        raise LabError(f"{slug!r} is no name for a lab.", "Use words like this: queues-and-topics")
    if not 1 <= number <= 99:
        raise LabError(f"{number} is no number for a lab.", "Use one from 1 to 99.")
    for folder in all_folders(root):
        if folder.name.startswith(f"lab-{number:02d}-"):
            raise LabError(f"There is a lab {number} already: {folder}")
    name = f"lab-{number:02d}-{slug}"
    said = title or slug.replace("-", " ").capitalize()
    lab, known = root / "labs" / name, {"number": number, "title": said}
    texts = {
        lab / "lab.toml": LAB_TOML.format(**known),
        lab / "README.md": README.format(**known),
        lab / "values.py": VALUES % known,
        lab / "starter/solve.sh": STARTER.format(**known),
        lab / "solution/solve.sh": SOLUTION.format(**known),
        lab / "solution-boto3/solve.sh": PYTHON_SCRIPT,
        lab / "solution-boto3/solve.py": PYTHON,
        root / "checks" / f"{name.replace('-', '_')}.py": CHECKS.format(**known),
        root / f"fixtures/mutants/lab-{number:02d}/longer-name/mutant.toml": MUTANT,
    }
    for path in texts:
        if path.exists():
            raise LabError(f"{path} is there already.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".sh":
            path.chmod(0o755)
    return list(texts)
