"""The emulator process: LocalStack's runtime with the sandbox's components.

Run by `sandbox.stack.supervisor`, never by hand: the environment it needs is made by
`sandbox.stack.settings.emulator_environment`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

_on_leave: list[Callable[[], None]] = []


def on_leave(action: Callable[[], None]) -> None:
    """Call `action()` when the emulator ends in order: engines, children, open files."""
    _on_leave.append(action)


def main() -> None:
    """Serve until SIGTERM; the exit code tells the supervisor whether to start again."""
    # Providers import this module for `on_leave`; as `__main__` it would be a second one.
    sys.modules.setdefault("sandbox.emulator.main", sys.modules[__name__])
    # The supervisor asks an emulator that does not end where its threads are.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if os.environ.get("SANDBOX_CUT_OFF") == "1":
        _cut_off()
    # Not TMPDIR, which LocalStack reads as a setting of its own.
    tempfile.tempdir = os.environ.get("SANDBOX_TMP_DIR")

    from sandbox.emulator import lean

    lean.install()
    from localstack.logging.setup import setup_logging_from_config
    from localstack.runtime import current

    from sandbox.emulator import clock, world
    from sandbox.emulator.state import restore, saver
    from sandbox.emulator.state.files import DamagedState

    setup_logging_from_config()
    clock.open_file(world.directory() / "clock.json")
    try:
        restore.verify_all()
    except DamagedState as damage:
        print(f"sandbox: {damage}", flush=True)
        sys.exit(78)
    # Each connection has its thread; one that waits for the interpreter behind a busy one gets it sooner
    # than after Python's 5 ms, which a request would meet at each of its three or four system calls.
    sys.setswitchinterval(0.001)
    runtime = current.initialize_runtime()
    # Its modules import each other in a circle: two threads that begin it at different ends (a hook of
    # the start, a service that is loaded ahead) meet half-made modules.
    import moto.core  # noqa: F401

    saver.start()
    threading.Thread(target=_watch_supervisor, name="sandbox-watch", daemon=True).start()
    try:
        runtime.run()
    except BaseException:
        # Threads are running already; without this the process would stay and answer nothing.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _cut_off() -> None:
    """Take the endpoint's port in this machine's network, then leave that network.

    What the emulator starts (functions, engines) and what it asks for (integrations) finds loopback alone,
    with the endpoint on it.
    """
    from sandbox.emulator.gateway import ports
    from sandbox.stack import network

    ports.take()
    if network.cut_off():
        (Path(os.environ["SANDBOX_RUN_DIR"]) / "cut-off").touch()
    else:
        ports.give_back()


def _watch_supervisor() -> None:
    """Leave in order when the supervisor is gone: nobody could stop this process any more."""
    supervisor = os.getppid()
    while os.getppid() == supervisor:
        time.sleep(1)
    _leave()


def _stop(signum: int, frame: object) -> None:
    threading.Thread(target=_leave, name="sandbox-leave").start()


def _leave() -> None:
    """Save the world and end at once.

    LocalStack's own shutdown joins every poller (seconds); nothing of it is worth the wait, since the
    world is on disk.
    """
    code = 0
    saver = sys.modules.get("sandbox.emulator.state.saver")
    try:
        if saver is not None:
            saver.leave()
    except Exception as error:
        print(f"sandbox: The world could not be saved: {error}", flush=True)
        code = 74
    for action in _on_leave:
        with contextlib.suppress(Exception):
            action()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
