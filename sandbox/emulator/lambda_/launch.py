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
    version: Any, runtime: Runtime, variables: dict[str, str], folder: Path
) -> RuntimeProcess:
    """A process that runs `version`; `folder` is the environment's own.

    Raises NoEntrypoint when there is no program to run.
    """
    task = code.unpacked(version.config.code)
    layers = code.merged_layers(version.config.layers)
    process = _take(runtime)
    config = _configuration(version, runtime, variables, folder, task, layers)
    if runtime.kind == "program":
        api = process.listen()
        config["environment"]["AWS_LAMBDA_RUNTIME_API"] = api
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
    libraries = str(runtimes.python_libraries())
    environment = dict(variables)
    environment.setdefault("LAMBDA_TASK_ROOT", inside)
    environment.setdefault("LAMBDA_RUNTIME_DIR", "/var/runtime")
    environment["_LAMBDA_TELEMETRY_LOG_FD"] = "4"
    environment["PATH"] = _joined(variables.get("PATH"), f"{opt}/bin", os.defpath, "/usr/local/bin")
    environment["LD_LIBRARY_PATH"] = _joined(
        variables.get("LD_LIBRARY_PATH"), inside, f"{inside}/lib", f"{opt}/lib"
    )
    if not _walls:
        temporary = folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        environment.setdefault("TMPDIR", str(temporary))
    config: dict[str, Any] = {
        "kind": runtime.kind,
        "environment": environment,
        "task_root": inside,
        "storage_bytes": version.config.ephemeral_storage.size * 1024 * 1024,
    }
    if runtime.kind == "python":
        config["python_path"] = [
            inside,
            f"{opt}/python/lib/python{runtime.version}/site-packages",
            f"{opt}/python",
        ]
        config["runtime_path"] = [libraries]
        environment.setdefault("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    elif runtime.family == "nodejs":
        config["command"] = _node_command(version, runtime)
        major = runtime.version.lstrip("v").split(".")[0]
        environment["NODE_PATH"] = _joined(
            variables.get("NODE_PATH"),
            f"{opt}/nodejs/node{major}/node_modules",
            f"{opt}/nodejs/node_modules",
            str(runtimes.node_libraries()),
            inside,
        )
    else:
        config["command"] = [_bootstrap(task, layers, inside, opt)]
    if _walls:
        root = folder / "root"
        root.mkdir(parents=True, exist_ok=True)
        config["root"] = str(root)
        config["folders"] = {
            "/var/task": str(task),
            "/etc/passwd": str(runtimes.HERE / "etc" / "passwd"),
            "/etc/group": str(runtimes.HERE / "etc" / "group"),
        }
        if runtime.kind == "python":
            config["folders"]["/var/runtime"] = libraries
            config["runtime_path"] = ["/var/runtime"]
        if layers is not None:
            config["folders"]["/opt"] = str(layers)
        config["visible"] = runtimes.visible_folders(runtime)
        config["under_tmp"] = [p for p in config["visible"] if p.startswith("/tmp/")]
    return config


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


def _joined(*paths: str | None) -> str:
    return ":".join(path for path in paths if path)
