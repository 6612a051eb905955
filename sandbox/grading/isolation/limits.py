"""Sets the limits of a process, then becomes the command: `python -I -S limits.py JSON`.

The portable part of a replay: resource limits exist on every Unix.
"""

import contextlib
import ctypes
import json
import os
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 38, 1


def main() -> None:
    config = json.loads(sys.argv[1])
    limits = config["limits"]
    with contextlib.suppress(ImportError):
        import resource

        for name, value in (
            ("RLIMIT_CPU", limits["cpu_seconds"]),
            ("RLIMIT_FSIZE", limits["file_bytes"]),
            ("RLIMIT_NOFILE", limits["open_files"]),
            ("RLIMIT_DATA", limits["memory_bytes"]),
            ("RLIMIT_NPROC", limits["processes"]),
            ("RLIMIT_CORE", 0),
        ):
            kind = getattr(resource, name, None)
            if kind is None or value is None:
                continue
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (value, value))
    if config["uid"] is not None:
        os.setgroups([])
        os.setgid(config["uid"])
        os.setuid(config["uid"])
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    os.umask(0o022)
    os.execvp(config["command"][0], config["command"])


if __name__ == "__main__":
    main()
