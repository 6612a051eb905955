"""Starting, stopping and looking at the sandbox: up, down, status, env, shell, logs, worlds, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Annotated

import typer

Port = Annotated[
    int | None, typer.Option("--port", help="Port of the sandbox (default: SANDBOX_PORT or 4566).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    for verb in (up, down, restart, status, doctor, env, shell, logs):
        app.command()(verb)
    app.command(hidden=True)(welcome)


def up(
    world: Annotated[
        str | None, typer.Option(help="World to open (default: the last one, else 'default').")
    ] = None,
    port: Port = None,
    ephemeral: Annotated[bool, typer.Option(help="Keep nothing of this world.")] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback opens it to others.")
    ] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Start the sandbox and open a world."""
    from sandbox.stack import instance, worlds

    require_embedded()
    chosen = world or worlds.last() or "default"
    begun = time.monotonic()
    started = instance.start(
        chosen, port=port or instance.default_port(), host=host, ephemeral=ephemeral
    )
    if not ephemeral:
        worlds.remember(chosen)
    if as_json:
        print(json.dumps(_facts(started), indent=2))
        return
    print(
        f"The sandbox is up in {time.monotonic() - begun:.1f} s: {started.endpoint}, world {chosen}."
    )
    print('For a shell that uses it:  sandbox shell   (or: eval "$(sandbox env)")')


def down(
    port: Port = None,
    all_ports: Annotated[bool, typer.Option("--all", help="Every sandbox of this folder.")] = False,
) -> None:
    """Save the world and stop the sandbox."""
    from sandbox.stack import instance

    found = instance.running() if all_ports else [instance.find(port)]
    stopped = [one for one in found if one is not None]
    for one in stopped:
        one.stop()
        kept = "nothing was kept" if one.ephemeral else "everything is saved"
        print(f"The sandbox on port {one.port} is down; world {one.world}: {kept}.")
    if not stopped:
        print("No sandbox is running.")


def restart(port: Port = None) -> None:
    """Stop the sandbox and start it again on the same world."""
    from sandbox.stack import instance
    from sandbox.stack.errors import StackError

    found = instance.find(port)
    if found is None:
        raise StackError("No sandbox is running.", "Start one: sandbox up")
    found.stop()
    started = instance.start(found.world, port=found.port, host=found.host)
    print(f"The sandbox is up again: {started.endpoint}, world {started.world}.")


def status(port: Port = None, as_json: AsJson = False) -> None:
    """Show what runs, where, which worlds exist and how far each lab is."""
    from sandbox.stack import instance

    found = instance.find(port)
    if as_json:
        print(json.dumps(_facts(found), indent=2))
        return
    from sandbox.cli import overview

    overview.show_status(found)


def doctor(as_json: AsJson = False) -> None:
    """Look whether this machine has what the labs need, and say what to do where it has not."""
    from sandbox.cli import overview
    from sandbox.stack import diagnosis

    findings = diagnosis.run()
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        overview.show_doctor(findings)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(3)


def welcome() -> None:
    """What `make` alone prints: the commands and the labs."""
    from sandbox.cli import overview

    overview.show_welcome()


def env(
    port: Port = None,
    unset: Annotated[bool, typer.Option(help="Print lines that take the settings back.")] = False,
) -> None:
    """Print `export` lines for your shell: eval "$(sandbox env)"."""
    from sandbox.stack import environment, instance

    found = instance.find(port)
    if unset:
        print(environment.unset_lines())
        return
    chosen = found.port if found else port or instance.default_port()
    print(environment.export_lines(chosen))
    if found is None:
        print("# no sandbox is running yet: sandbox up", file=sys.stderr)


def shell(port: Port = None) -> None:
    """Open a sub-shell in which aws, boto3 and awslocal use the sandbox."""
    from sandbox.stack import environment, instance
    from sandbox.stack.errors import StackError

    found = instance.find(port)
    if found is None:
        raise StackError("No sandbox is running.", "Start one: sandbox up, or a lab: make lab-1")
    from sandbox.labs import manifest, values

    settings = environment.variables(found.port)
    for lab in manifest.of_world(found.world):
        settings |= values.values_of(lab, values.student()).environment()
    program = os.environ.get("SHELL") or "/bin/sh"
    print(f"A shell with the sandbox's settings, world {found.world}; leave it with 'exit'.")
    raise typer.Exit(subprocess.call([program], env=os.environ | settings))


def logs(
    port: Port = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
) -> None:
    """Print what the emulator wrote to its log."""
    from sandbox.stack import instance, paths
    from sandbox.stack.errors import StackError

    log = paths.run(port or instance.default_port()) / "log.txt"
    if not log.exists():
        raise StackError("There is no log yet.", "Start the sandbox: sandbox up")
    with log.open(errors="replace") as file:
        for line in file.readlines()[-lines:]:
            print(line, end="")
        while follow:
            line = file.readline()
            if line:
                print(line, end="", flush=True)
            else:
                time.sleep(0.2)


def require_embedded() -> None:
    """Refuse a SANDBOX_MODE that this version cannot start."""
    from sandbox.stack.errors import StackError

    mode = os.environ.get("SANDBOX_MODE") or "embedded"
    if mode != "embedded":
        raise StackError(
            f"SANDBOX_MODE={mode} is not available in this version.",
            "Leave it unset: the embedded sandbox needs nothing but Python.",
        )


def _facts(found) -> dict:
    if found is None:
        return {
            "ready": False,
            "endpoint": None,
            "world": None,
            "mode": os.environ.get("SANDBOX_MODE") or "embedded",
            "pid": None,
        }
    return {
        "endpoint": found.endpoint,
        "world": found.world,
        "mode": found.mode,
        "pid": found.pid,
        "ready": found.ready(),
        "port": found.port,
        "ephemeral": found.ephemeral,
        "directory": found.directory,
        "log": str(found.log_file),
        "started_at": found.started_at,
    }
