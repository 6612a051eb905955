"""Opening, resetting and resuming a lab: the right world on the port, and its starting state in it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.labs import folder, progress, provisioning
from sandbox.labs.manifest import Lab, LabError, of_world
from sandbox.labs.values import Values, student, values_of
from sandbox.stack import instance, worlds


@dataclass(frozen=True)
class Opened:
    """A lab that is ready to be worked in."""

    lab: Lab
    instance: instance.Instance
    values: Values
    work: Path
    new_files: list[str]
    seconds: float
    was_provisioned: bool


def open_lab(lab: Lab, port: int | None = None) -> Opened:
    """Open the lab's world on the port, make its starting state once, copy its files once."""
    begun = time.monotonic()
    values = values_of(lab, student())
    started = instance.start(lab.world_name, port=port, services=lab.services)
    worlds.remember(lab.world_name)
    provisioned = ensure_provisioned(lab, started, values)
    new = folder.prepare(lab, lab.work, values)
    progress.record_start(lab.name)
    return Opened(lab, started, values, lab.work, new, time.monotonic() - begun, provisioned)


def resume(lab: Lab, port: int | None = None) -> instance.Instance:
    """The running sandbox on the lab's world, started or switched if needed.

    Raises LabError when the lab was never started here.
    """
    if not lab.work.is_dir():
        raise LabError(f"Lab {lab.id} has not been started yet.", f"Start it: make lab-{lab.id}")
    found = instance.find(port)
    if found is None or found.world != lab.world_name:
        found = instance.start(lab.world_name, port=port, services=lab.services)
        worlds.remember(lab.world_name)
        ensure_provisioned(lab, found, values_of(lab, student()))
    return found


def reset(lab: Lab, port: int | None = None, *, files: bool = False) -> Opened:
    """Delete the lab's world and make its starting state again; with `files` the work, too.

    The files that were there are kept beside it, as `work/lab-NN.before-reset-N`.
    """
    worlds.delete(lab.world_name)
    if files and lab.work.exists():
        number = 1
        while (kept := lab.work.with_name(f"{lab.name}.before-reset-{number}")).exists():
            number += 1
        lab.work.rename(kept)
    progress.forget_hints(lab.name)
    return open_lab(lab, port)


def ensure_provisioned(lab: Lab, started: instance.Instance, values: Values) -> bool:
    """Run the lab's provision script unless this world has had it; True when it ran now.

    It is remembered in the world's folder, so that what a student has repaired stays repaired.
    """
    record = Path(started.directory) / f"provisioned-{lab.name}.json"
    if record.exists():
        return False
    provisioning.provision(lab, started.endpoint, values)
    record.write_text(json.dumps({"student": student(), "at": time.time()}) + "\n")
    return True


def sharing(lab: Lab) -> list[Lab]:
    """The other labs that are worked in this lab's world."""
    return [other for other in of_world(lab.world_name) if other.id != lab.id]
