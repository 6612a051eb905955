"""Running a submission's commands without trusting them.

`run(job)` uses what this machine has: on Linux namespaces, control groups and another user, elsewhere a
process with limits. What held is in the outcome's `protections`. `SANDBOX_ISOLATION=portable` forces the
portable way (tests do).
"""

from __future__ import annotations

import os
import sys

from sandbox.grading.isolation.job import Job, Limits, Outcome

__all__ = ["Job", "Limits", "Outcome", "prepare"]


def prepare(job: Job):
    """A prepared run of `job`: `.go()` starts the commands and answers an Outcome, `.close()` ends it.

    Preparing takes a moment in which the caller can start the emulator.
    """
    if sys.platform == "linux" and os.environ.get("SANDBOX_ISOLATION") != "portable":
        from sandbox.grading.isolation.linux import Prepared

        return Prepared(job)
    from sandbox.grading.isolation.portable import Prepared as PortablePrepared

    return PortablePrepared(job)
