"""The emulator process: LocalStack's runtime with the sandbox's components.

Run by `sandbox.stack.supervisor`, never by hand: the environment it needs is made by
`sandbox.stack.settings.emulator_environment`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> None:
    """Serve until SIGTERM; the exit code tells the supervisor whether to start again."""
    from localstack.logging.setup import setup_logging_from_config
    from localstack.runtime import current

    setup_logging_from_config()
    runtime = current.initialize_runtime()

    def stop(signum: int, frame: object) -> None:
        threading.Thread(target=_leave, name="sandbox-leave").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runtime.run()


def _leave() -> None:
    """Save the world and end at once.

    LocalStack's own shutdown joins every poller (seconds); nothing of it is worth the wait, since the
    world is already on disk.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
