"""What is missing or wrong in a lab, found without running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.labs.manifest import Lab, LabError, all_folders, course, read
from sandbox.labs.values import values_of

ANCHOR = re.compile(r"^#{1,6} .*\{#([a-z0-9-]+)\}\s*$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HINTS = 3
MOST_HINT = 400


@dataclass(frozen=True)
class Finding:
    """One thing to put right, and where."""

    lab: str
    where: str
    message: str


def lint(root: Path | None = None) -> list[Finding]:
    """Findings of every lab of a course, and of files that belong to no lab."""
    root = root or course()
    found: list[Finding] = []
    labs: list[Lab] = []
    for folder in all_folders(root):
        try:
            labs.append(read(folder))
        except LabError as error:
            found.append(Finding(folder.name, "lab.toml", str(error)))
    for lab in labs:
        found += [Finding(lab.name, where, message) for where, message in _lab(lab)]
    found += [Finding("-", name, "belongs to no lab") for name in _strays(root, labs)]
    numbers = [lab.id for lab in labs]
    for number in {number for number in numbers if numbers.count(number) > 1}:
        found.append(Finding(f"lab-{number:02d}", "labs/", "two labs have this number"))
    return found


def _lab(lab: Lab) -> Iterator[tuple[str, str]]:
    yield from _steps(lab)
    yield from _readme(lab)
    yield from _scripts(lab)
    yield from _values(lab)
    yield from _checks(lab)


def _steps(lab: Lab) -> Iterator[tuple[str, str]]:
    for step in lab.steps:
        if len(step.hints) != HINTS:
            yield "lab.toml", f"step {step.id} has {len(step.hints)} hints; give it {HINTS}"
        for number, hint in enumerate(step.hints, 1):
            if not hint.strip():
                yield "lab.toml", f"hint {number} of step {step.id} is empty"
            elif len(hint) > MOST_HINT:
                yield "lab.toml", f"hint {number} of step {step.id} is longer than {MOST_HINT}"
        if len(set(step.hints)) < len(step.hints):
            yield "lab.toml", f"step {step.id} repeats a hint"
    for name, source in lab.materials.items():
        if not lab.material(source).exists():
            yield "lab.toml", f"material {name}: {source} does not exist"


def _readme(lab: Lab) -> Iterator[tuple[str, str]]:
    file = lab.folder / "README.md"
    if not file.is_file():
        yield "README.md", "is missing"
        return
    text = file.read_text(encoding="utf-8")
    anchors = ANCHOR.findall(text)
    for step in lab.steps:
        if anchors.count(step.id) != 1:
            yield "README.md", f"needs one heading with the anchor {{#{step.id}}}"
    for target in LINK.findall(text):
        plain = target.partition("#")[0]
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        if plain and not (lab.folder / plain).exists():
            yield "README.md", f"links to {target}, which does not exist"


def _scripts(lab: Lab) -> Iterator[tuple[str, str]]:
    from sandbox.labs.solve_script import parse

    if not lab.solutions:
        yield "solution/", "is missing"
    if len(lab.solutions) == 1:
        yield "solution-*/", "give a second solution in another form"
    wanted = [step.id for step in lab.steps]
    for name in ("starter", "solution"):
        file = lab.folder / name / "solve.sh"
        if not file.is_file():
            yield f"{name}/solve.sh", "is missing"
            continue
        text = file.read_text(encoding="utf-8")
        steps = [step for step in parse(text) if step.id]
        if [step.id for step in steps] != wanted:
            found = ", ".join(step.id for step in steps) or "none"
            yield f"{name}/solve.sh", f"its `# step:` lines are {found}; lab.toml has others"
        if not text.startswith("#!"):
            yield f"{name}/solve.sh", "begin it with #!/usr/bin/env bash"
        if name == "starter":
            done = [step.id for step in steps if step.has_commands]
            if done:
                yield "starter/solve.sh", f"already has commands in {', '.join(done)}"


def _values(lab: Lab) -> Iterator[tuple[str, str]]:
    try:
        first, again, other = (values_of(lab, who) for who in ("ada", "ada", "grace"))
    except Exception as error:
        yield "values.py", str(error)
        return
    if dict(first) != dict(again):
        yield "values.py", "gives the same student other values the second time"
    if first and dict(first) == dict(other):
        yield "values.py", "gives every student the same values"


def _checks(lab: Lab) -> Iterator[tuple[str, str]]:
    from sandbox.grading import loading, proof
    from sandbox.grading.replay import Grader

    name = f"checks/{lab.checks_file.name}"
    try:
        grader = Grader.of(lab)
        known = proof.mutants(lab)
    except (loading.CheckFileError, LabError) as error:
        yield name, str(error)
        return
    steps = {step.id for step in lab.steps}
    for check in grader.checks:
        if check.step not in steps:
            yield name, f"{check.id}: its step {check.step!r} is not in lab.toml"
        if not check.hint:
            yield name, f"{check.id} has no hint"
        if check.title.endswith("."):
            yield name, f"{check.id}: the title ends with a full stop"
    for step in steps - {check.step for check in grader.checks}:
        yield name, f"step {step} has no check"
    for check_id in proof.uncaught(grader):
        yield f"fixtures/mutants/{lab.name}/", f"no mutant that only {check_id} catches"
    for unknown in proof.unknown(grader):
        yield f"fixtures/mutants/{lab.name}/", f"a mutant names {unknown!r}, which is no check"
    for mutant_name, mutant in known.items():
        if not (lab.folder / mutant.base).is_dir():
            yield f"fixtures/mutants/{lab.name}/{mutant_name}", f"has no base {mutant.base!r}"


def _strays(root: Path, labs: list[Lab]) -> Iterator[str]:
    checks = {lab.checks_file.name for lab in labs}
    for file in sorted((root / "checks").glob("*.py")):
        if file.name not in checks and file.name != "__init__.py":
            yield f"checks/{file.name}"
    names = {lab.name for lab in labs}
    for folder in sorted((root / "fixtures" / "mutants").glob("*")):
        if folder.is_dir() and folder.name not in names:
            yield f"fixtures/mutants/{folder.name}"
    known = {lab.folder.name for lab in labs}
    for folder in sorted((root / "labs").glob("*")):
        if folder.is_dir() and folder.name not in known and not folder.name.startswith("."):
            yield f"labs/{folder.name}"
