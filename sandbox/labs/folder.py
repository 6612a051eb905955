"""The student's folder of a lab: made once from the starter, never overwritten."""

from __future__ import annotations

import shutil
from pathlib import Path

from sandbox.labs.manifest import Lab, LabError
from sandbox.labs.values import Values

VALUES_FILE = "values.env"
# What the sandbox itself writes there; it is not part of the work.
OURS = (VALUES_FILE, "result.json")


def prepare(lab: Lab, folder: Path, values: Values) -> list[str]:
    """Copy starter and materials to `folder`; the names of what was new. Keeps every file there is."""
    folder.mkdir(parents=True, exist_ok=True)
    new = lay(lab.folder / "starter", folder)
    for name, source in lab.materials.items():
        origin = lab.material(source)
        if not origin.exists():
            raise LabError(f"{lab.folder / 'lab.toml'}: material {source} does not exist.")
        if origin.is_dir():
            new += lay(origin, folder / name)
        elif not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, folder / name)
            new.append(name)
    (folder / VALUES_FILE).write_text(
        "# Names and values of your own for this lab; the checks expect them.\n"
        + values.export_lines(),
        encoding="utf-8",
    )
    return new


def lay(source: Path, target: Path, *, over: bool = False) -> list[str]:
    """Copy the tree `source` into `target`; with `over` files that exist are replaced."""
    copied = []
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        name = path.relative_to(source)
        to = target / name
        if to.exists() and not over:
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
        shutil.copymode(path, to)
        copied.append(str(name))
    return copied


def touched(lab: Lab, folder: Path) -> list[str]:
    """Files that differ from the starter and the materials, or are not among them."""
    given = {
        str(path.relative_to(lab.folder / "starter")): path
        for path in (lab.folder / "starter").rglob("*")
        if path.is_file()
    }
    for name, source in lab.materials.items():
        origin = lab.material(source)
        if origin.is_file():
            given[name] = origin
        for path in origin.rglob("*") if origin.is_dir() else []:
            if path.is_file():
                given[f"{name}/{path.relative_to(origin)}"] = path
    changed = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or path.is_symlink() or name in OURS or "__pycache__" in name:
            continue
        if name not in given or given[name].read_bytes() != path.read_bytes():
            changed.append(name)
    return changed
