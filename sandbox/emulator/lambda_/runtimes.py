"""Which program runs a function, and what it finds beside the function's code.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from dataclasses import dataclass
from pathlib import Path

from sandbox.emulator import world
from sandbox.stack import node_packages

HERE = Path(__file__).parent / "runtime"
_making = threading.Lock()
# No function can be made for these any more, nor changed to them.
RETIRED = frozenset(
    ["nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"]
    + ["nodejs10.x", "nodejs12.x", "nodejs14.x", "python2.7", "python3.6", "python3.7"]
    + ["ruby2.5", "ruby2.7", "java8", "go1.x", "provided"]
    + ["dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"]
)
# Newer than the emulator's core, and run like their predecessors.
NEWEST = ("python3.14", "nodejs24.x")
# What AWS's Python runtimes carry besides the standard library.
PYTHON_LIBRARIES = (
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six.py",
    "awslambdaric",
    "simplejson",
    "snapshot_restore_py",
    "urllib3",
)


@dataclass(frozen=True, slots=True)
class Runtime:
    """How functions of one runtime are started.

    `kind` is `python` or `program`; `command` is empty for Python, whose guard becomes the runtime itself.
    `warning` is one line for the log when another version stands in.
    """

    identifier: str
    kind: str
    command: tuple[str, ...] = ()
    version: str = ""
    warning: str = ""
    # Of Python: the program that runs the function, and the folder it lives in.
    interpreter: str = sys.executable
    prefix: str = ""

    @property
    def family(self) -> str:
        """`python`, `nodejs` or `provided`."""
        return re.match(r"[a-z]+", self.identifier).group()  # type: ignore[union-attr]

    @property
    def asked(self) -> str:
        """The version that the identifier asks for, which layers are made for: `3.12`, `20`."""
        return self.identifier.removeprefix(self.family).removesuffix(".x")

    @property
    def has(self) -> str:
        """The version that runs: `3.11`, `22`."""
        return self.version if self.kind == "python" else self.version.lstrip("v").split(".")[0]


class Unsupported(Exception):
    """There is no program here that could run the function; the text is for the student."""


def find(identifier: str | None) -> Runtime:
    """The runtime of an identifier such as `python3.12`; raises Unsupported."""
    name = identifier or ""
    if name.startswith("python"):
        return _python(name)
    if name.startswith("nodejs"):
        return _node(name)
    if name.startswith("provided"):
        return Runtime(name, "program", ("/var/task/bootstrap",), version=name)
    raise Unsupported(
        f"The sandbox runs Python, Node.js and provided runtimes; it has no {name or 'container images'}."
    )


def has(identifier: str) -> bool:
    """Whether functions of a runtime can run here at all."""
    return identifier.startswith(("python", "nodejs", "provided"))


@functools.cache
def _python(name: str) -> Runtime:
    wanted = _minor(name.removeprefix("python"))
    found = _interpreters()
    minor = min(found, key=lambda have: (abs(have - wanted), -have))
    warning = ""
    if minor != wanted:
        warning = f"{name} is not installed here; the function runs on Python 3.{minor}."
    program, prefix = found[minor]
    if program != sys.executable:
        threading.Thread(target=_compile, args=(program, minor), daemon=True).start()
    return Runtime(
        name, "python", version=f"3.{minor}", warning=warning, interpreter=program, prefix=prefix
    )


@functools.cache
def _interpreters() -> dict[int, tuple[str, str]]:
    """The Pythons of this machine that can run functions: minor version -> (program, prefix)."""
    own = sys.version_info.minor
    found = {own: (sys.executable, sys.base_prefix)}
    for minor in range(OLDEST_PYTHON, NEWEST_PYTHON + 1):
        if minor in found:
            continue
        for program in _candidates(minor):
            try:
                said = subprocess.run(
                    [program, "-I", "-S", "-c", WHO], capture_output=True, text=True, timeout=5
                ).stdout.splitlines()
            except (OSError, subprocess.TimeoutExpired):
                continue
            if len(said) == 3 and said[0] == str(minor):
                found[minor] = (said[1], said[2])
                break
    return found


def _compile(program: str, minor: int) -> None:
    """Byte-code of the libraries for another Python, once: `import boto3` takes seconds without."""
    packages = Path(sysconfig.get_paths()["purelib"])
    tag = f"cpython-3{minor}"
    # The last one that is compiled stands for all.
    if (packages / "urllib3" / "util" / "__pycache__" / f"wait.{tag}.pyc").exists():
        return
    folders = [str(packages / name) for name in PYTHON_LIBRARIES]
    subprocess.run(
        [program, "-I", "-S", "-m", "compileall", "-q", *folders],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


WHO = "import sys; print(sys.version_info.minor, sys.executable, sys.base_prefix, sep=chr(10))"
OLDEST_PYTHON, NEWEST_PYTHON = 10, 14


def _candidates(minor: int) -> list[str]:
    """Where Python 3.`minor` may be: in PATH, and where pyenv and uv keep theirs."""
    home = Path.home()
    found = [shutil.which(f"python3.{minor}")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    found += sorted(map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python3")))
    uv = home / ".local" / "share" / "uv" / "python"
    found += sorted(map(str, uv.glob(f"cpython-3.{minor}.*/bin/python3")))
    return [program for program in found if program]


def _minor(version: str) -> int:
    number = version.removeprefix("3.")
    return int(number) if number.isdigit() else sys.version_info.minor


@functools.cache
def _node(name: str) -> Runtime:
    program = node_packages.node_program()
    version = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    wanted = name.removeprefix("nodejs").removesuffix(".x")
    warning = ""
    if version.lstrip("v").split(".")[0] != wanted:
        warning = f"{name} is not installed here; the function runs on Node.js {version}."
    return Runtime(name, "program", (str(program),), version=version, warning=warning)


def python_libraries() -> Path:
    """A folder with the libraries of AWS's Python runtimes and nothing else: `import requests` fails here too."""
    target = world.run_directory("tmp", "lambda") / "python-runtime"
    if target.exists():
        return target
    # Several first calls may come at once.
    with _making:
        if target.exists():
            return target
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        packages = Path(sysconfig.get_paths()["purelib"])
        for name in PYTHON_LIBRARIES:
            (partial / name).symlink_to(packages / name)
        (partial / "runtime_client.py").symlink_to(HERE / "python" / "runtime_client.py")
        partial.rename(target)
    return target


def node_libraries() -> Path:
    """The folder that holds AWS's Node.js client and SDK (its `node_modules`)."""
    return node_packages.folder() / "node_modules"


def visible_folders(runtime: Runtime) -> list[str]:
    """What a walled function must still see of this machine: interpreters and libraries."""
    # The environment itself, the interpreter it was made of, our files beside the functions.
    found = [sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent), str(HERE)]
    found += [str(Path(sysconfig.get_paths()["purelib"])), str(node_packages.folder())]
    if runtime.prefix:
        found.append(runtime.prefix)
    kept: list[str] = []
    for path in sorted(set(found), key=len):
        if not any(path == other or path.startswith(other + "/") for other in [*kept, "/usr"]):
            kept.append(path)
    return kept
