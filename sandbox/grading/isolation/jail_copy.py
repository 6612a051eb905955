"""Taking out what a submission left behind: plain files only. Standard library only, as in jail.py."""

import os
import shutil
import stat


def copy_plain(source: str, target: str, most_bytes: int, most_files: int) -> None:
    """Copy plain files; links, devices, pipes and what exceeds the limits are left out."""
    for folder, folders, files in os.walk(source, followlinks=False):
        here = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        folders[:] = [n for n in folders if not os.path.islink(os.path.join(folder, n))]
        os.makedirs(here, exist_ok=True)
        for name in files:
            try:
                file = os.open(
                    os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
                )
            except OSError:
                continue
            with os.fdopen(file, "rb") as content:
                facts = os.fstat(content.fileno())
                most_files -= 1
                if not stat.S_ISREG(facts.st_mode) or facts.st_size > most_bytes or most_files < 0:
                    continue
                most_bytes -= facts.st_size
                with open(os.path.join(here, name), "wb") as copy:
                    shutil.copyfileobj(content, copy)
