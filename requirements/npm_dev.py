"""Clients of the tests from npm: AWS Amplify."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from sandbox.stack import node_packages
from sandbox.stack.errors import StackError

LOCK_FOLDER = Path(__file__).parent / "npm-dev"


def folder() -> Path:
    """Where they are, beside the sandbox's own packages."""
    return node_packages.folder().with_name("node-dev")


def install() -> bool:
    """Install what `npm-dev/package-lock.json` names; returns whether anything had to be done."""
    target, stamp = folder(), folder() / "installed"
    wanted = hashlib.sha256((LOCK_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK_FOLDER / name, target / name)
    node_packages._npm(target, "ci")
    shutil.rmtree(target / "cache", ignore_errors=True)
    stamp.write_text(wanted)
    return True


if __name__ == "__main__":
    try:
        install()
    except StackError as error:
        print(f"{error}\n{error.hint or ''}".rstrip(), file=sys.stderr)
        sys.exit(3)
