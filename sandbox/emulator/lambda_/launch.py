"""Starting a runtime: its folders, its command, the walls around it, and one guard kept ready."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from sandbox.emulator.lambda_ import code, runtimes
from sandbox.emulator.lambda_.process import RuntimeProcess
from sandbox.emulator.lambda_.runtimes import Runtime

LOG = logging.getLogger(__name__)
WALLS_VARIABLE = "SANDBOX_LAMBDA_WALLS"

_walls = sys.platform == "linux" and os.environ.get(WALLS_VARIABLE) != "0"
_ready: dict[str, RuntimeProcess] = {}
_ready_lock = threading.Lock()
_closing = False


class NoEntrypoint(Exception):
    """A provided runtime without a bootstrap."""


def start(
    version: Any,
    runtime: Runtime,
    variables: dict[str, str],
    folder: Path,
    namespaces: tuple[int, ...] = (),
) -> RuntimeProcess:
    """A process that runs `version`; `folder` is the environment's own.

    `namespaces` are those of a process that this one replaces: it finds /tmp as that one left it.
    Raises NoEntrypoint when there is no program to run.
    """
    task = code.unpacked(version.config.code)
    layers = code.merged_layers(version.config.layers)
    process = _take(runtime)
    config = _configuration(version, runtime, variables, folder, task, layers)
    if runtime.kind == "program":
        api = process.listen()
        config["environment"]["AWS_LAMBDA_RUNTIME_API"] = api
    if namespaces:
        config["rejoin"] = [f"/proc/{os.getpid()}/fd/{number}" for number in namespaces]
    process.configure(config)
    return process


def without_walls(reason: str) -> bool:
    """Give up namespaces for good, because of `reason`; False when they were given up already."""
    global _walls
    if not _walls:
        return False
    _walls = False
    LOG.warning("functions run without namespaces of their own: %s", reason)
    return True


def prepare() -> None:
    """Have a guard of the sandbox's own Python ready before the first cold start."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    _prepare(runtimes.find(own))


def walls() -> bool:
    """Whether environments have a root file system of their own."""
    return _walls


def close() -> None:
    """End the guards that are kept ready."""
    global _closing
    _closing = True
    with _ready_lock:
        for process in _ready.values():
            process.kill()
        _ready.clear()


def _take(runtime: Runtime) -> RuntimeProcess:
    with _ready_lock:
        process = _ready.pop(runtime.interpreter, None)
    if process is None or process.pending():
        process = _guard(runtime)
    threading.Thread(target=_prepare, args=(runtime,), name="lambda-guard", daemon=True).start()
    return process


def _guard(runtime: Runtime) -> RuntimeProcess:
    return RuntimeProcess(runtime.interpreter, [str(runtimes.python_libraries())])


def _prepare(runtime: Runtime) -> None:
    """Have the next guard ready: a cold start then needs no interpreter's start."""
    with _ready_lock:
        if runtime.interpreter in _ready or _closing:
            return
    # Not under the lock: others must not wait for it.
    made = _guard(runtime)
    with _ready_lock:
        if runtime.interpreter not in _ready and not _closing:
            _ready[runtime.interpreter] = made
            return
    made.close()


def _configuration(
    version: Any,
    runtime: Runtime,
    variables: dict[str, str],
    folder: Path,
    task: Path,
    layers: Path | None,
) -> dict[str, Any]:
    inside = "/var/task" if _walls else str(task)
    opt = "/opt" if _walls else str(layers or folder / "opt")
    libraries = "/var/runtime" if _walls else _libraries(runtime)
    config: dict[str, Any] = {
        "kind": runtime.kind,
        "environment": _environment(runtime, variables, inside, opt, libraries),
        "task_root": inside,
        "storage_bytes": version.config.ephemeral_storage.size * 1024 * 1024,
    }
    if not _walls:
        temporary = folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        config["environment"].setdefault("TMPDIR", str(temporary))
    if runtime.kind == "python":
        # Layers are made for the version that was asked for.
        minors = dict.fromkeys((runtime.asked, runtime.has))
        packages = [f"{opt}/python/lib/python{minor}/site-packages" for minor in minors]
        config["python_path"] = [inside, *packages, f"{opt}/python"]
        config["runtime_path"] = [libraries]
    elif runtime.family == "nodejs":
        config["command"] = _node_command(version, runtime)
    else:
        config["command"] = [_bootstrap(task, layers, inside, opt)]
    wrapper = variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if wrapper and runtime.family != "provided":
        config["wrapper"] = wrapper
        if runtime.kind == "python":
            program = str(runtimes.HERE / "python" / "bootstrap.py")
            config["command"] = [runtime.interpreter, program]
    if _walls:
        root = folder / "root"
        root.mkdir(parents=True, exist_ok=True)
        config["root"] = str(root)
        config["folders"] = {
            "/var/task": str(task),
            "/etc/passwd": str(runtimes.HERE / "etc" / "passwd"),
            "/etc/group": str(runtimes.HERE / "etc" / "group"),
        }
        if runtime.family != "provided":
            config["folders"]["/var/runtime"] = _libraries(runtime)
            config["links"] = _programs(runtime)
        if layers is not None:
            config["folders"]["/opt"] = str(layers)
        config["visible"] = runtimes.visible_folders(runtime)
        config["under_tmp"] = [p for p in config["visible"] if p.startswith("/tmp/")]
    return config


def _environment(
    runtime: Runtime, variables: dict[str, str], inside: str, opt: str, libraries: str
) -> dict[str, str]:
    """The variables with those that name places; what the function sets itself stays.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    found = dict(variables)
    managed = runtime.family != "provided"
    own = "/var/lang/bin:" if managed else ""
    if managed and not _walls and runtime.kind == "program":
        own = f"{Path(runtime.command[0]).parent}:"
    lib = "/var/lang/lib:" if managed else ""
    defaults = {
        "LAMBDA_TASK_ROOT": inside,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "PATH": f"{own}/usr/local/bin:/usr/bin/:/bin:{opt}/bin",
        "LD_LIBRARY_PATH": (
            f"{lib}/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{inside}:{inside}/lib:{opt}/lib"
        ),
    }
    if managed:
        defaults |= {"PWD": inside, "SHLVL": "0", "_LAMBDA_TELEMETRY_LOG_FD": "4"}
    if runtime.kind == "python":
        defaults |= {"PYTHONPATH": libraries, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}
        if runtime.asked in ("3.12", "3.13", "3.14"):
            # The C locale of Amazon Linux 2023, as Python sees it.
            defaults["LC_CTYPE"] = "C.UTF-8"
    elif managed:
        majors = dict.fromkeys((runtime.asked, runtime.has))
        layers = [f"{opt}/nodejs/node{major}/node_modules" for major in majors]
        modules = f"{libraries}/node_modules"
        defaults["NODE_PATH"] = ":".join(
            [*layers, f"{opt}/nodejs/node_modules", modules, libraries, inside]
        )
    for name, value in defaults.items():
        found.setdefault(name, value)
    return found


def _libraries(runtime: Runtime) -> str:
    """The folder that is /var/runtime."""
    if runtime.kind == "python":
        return str(runtimes.python_libraries())
    return str(runtimes.node_libraries().parent)


def _programs(runtime: Runtime) -> dict[str, str]:
    """The interpreter under the names that functions start it by."""
    if runtime.kind == "python":
        names = dict.fromkeys(("python3", f"python{runtime.asked}", f"python{runtime.has}"))
        return {f"/var/lang/bin/{name}": runtime.interpreter for name in names}
    return {"/var/lang/bin/node": runtime.command[0]}


def _node_command(version: Any, runtime: Runtime) -> list[str]:
    client = runtimes.node_libraries() / "aws-lambda-ric" / "dist" / "index.mjs"
    heap = max(64, int(version.config.memory_size * 0.9))
    return [
        *runtime.command,
        f"--max-old-space-size={heap}",
        "--require",
        str(runtimes.HERE / "node" / "preload.cjs"),
        str(runtimes.HERE / "node" / "start.mjs"),
        str(client),
    ]


def _bootstrap(task: Path, layers: Path | None, inside: str, opt: str) -> str:
    if (task / "bootstrap").is_file():
        return f"{inside}/bootstrap"
    if layers is not None and (layers / "bootstrap").is_file():
        return f"{opt}/bootstrap"
    raise NoEntrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
