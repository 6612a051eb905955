"""The lab manifest `lab.toml`: one validated model, and where a lab's files are."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from sandbox.stack import paths
from sandbox.stack.errors import StackError

FORMAT = 1
FOLDER = re.compile(r"lab-(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)")
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\n]+$")]


class LabError(StackError):
    """A lab's own files cannot be used, or there is no such lab."""


class Step(BaseModel):
    """One step of a lab; the README has a heading with its id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    title: Line
    hints: tuple[str, ...] = ()


class Lab(BaseModel):
    """A lab as `lab.toml` describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    id: Annotated[int, Field(ge=1, le=99)]
    title: Line
    summary: str
    world: str = ""
    services: tuple[str, ...]
    requires: tuple[str, ...] = ()
    minutes: Annotated[int, Field(gt=0)]
    pass_mark: Annotated[float, Field(gt=0, le=100)] = 60.0
    materials: dict[str, str] = {}
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """`labs/lab-NN-slug`."""
        return self._folder

    @property
    def name(self) -> str:
        """`lab-01`: the name of the working folder and, by default, of the world."""
        return f"lab-{self.id:02d}"

    @property
    def slug(self) -> str:
        """What follows the number in the folder's name."""
        found = FOLDER.fullmatch(self._folder.name)
        return found.group(2) if found else self._folder.name

    @property
    def world_name(self) -> str:
        """The world the lab is worked in."""
        return self.world or self.name

    @property
    def root(self) -> Path:
        """The checkout that the lab belongs to."""
        return self._folder.parent.parent

    @property
    def checks_file(self) -> Path:
        """`checks/lab_NN_slug.py`."""
        return self.root / "checks" / f"{self._folder.name.replace('-', '_')}.py"

    @property
    def mutants_folder(self) -> Path:
        """`fixtures/mutants/lab-NN`."""
        return self.root / "fixtures" / "mutants" / self.name

    @property
    def work(self) -> Path:
        """The student's folder, `work/lab-NN`."""
        return paths.work() / self.name

    def material(self, source: str) -> Path:
        """Where a material is: in the checkout, or with `npm:` in a package that set-up installed."""
        package = source.removeprefix("npm:")
        if package != source:
            from sandbox.stack import node_packages

            return node_packages.folder() / "node_modules" / package
        return self.root / source

    @property
    def solutions(self) -> list[Path]:
        """`solution/` first, then the others by name."""
        others = sorted(self._folder.glob("solution-*"))
        return [path for path in (self._folder / "solution", *others) if path.is_dir()]

    def step(self, step_id: str) -> Step | None:
        """The step called `step_id`."""
        return next((step for step in self.steps if step.id == step_id), None)


def read(folder: Path) -> Lab:
    """The lab in `folder`; raises LabError that names each wrong field."""
    named = FOLDER.fullmatch(folder.name)
    if named is None:
        raise LabError(f"{folder.name} is not a lab's folder.", "Call it lab-07-some-words.")
    file = folder / "lab.toml"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"{file} is missing.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LabError(f"{file} is not TOML: {error}") from None
    if content.get("format") != FORMAT:
        raise LabError(f"{file}: format is {content.get('format')!r}; this version reads {FORMAT}.")
    try:
        lab = Lab.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        raise LabError(f"{file}: {wrong}") from None
    if lab.id != int(named.group(1)):
        raise LabError(f"{file}: id is {lab.id}, but the folder says {int(named.group(1))}.")
    ids = [step.id for step in lab.steps]
    if len(set(ids)) < len(ids):
        raise LabError(f"{file}: two steps have the same id.")
    lab._folder = folder
    return lab


def course() -> Path:
    """Where labs/, checks/ and fixtures/ are: `SANDBOX_COURSE`, or the checkout."""
    return Path(os.environ.get("SANDBOX_COURSE") or paths.CHECKOUT).expanduser().absolute()


def all_folders(root: Path | None = None) -> list[Path]:
    """The folders of all labs, by number."""
    found = ((root or course()) / "labs").glob("lab-*")
    return sorted(path for path in found if FOLDER.fullmatch(path.name))


def all_labs(root: Path | None = None) -> list[Lab]:
    """Every lab of the course, by number."""
    return [read(folder) for folder in all_folders(root)]


def load(number: int, root: Path | None = None) -> Lab:
    """Lab `number`; raises LabError with the numbers that exist."""
    folders = {int(path.name[4:6]): path for path in all_folders(root)}
    if number not in folders:
        known = ", ".join(str(known) for known in folders) or "none yet"
        raise LabError(f"There is no lab {number}.", f"Labs: {known}")
    return read(folders[number])


def of_world(world: str, root: Path | None = None) -> list[Lab]:
    """The labs that are worked in `world`."""
    return [lab for lab in all_labs(root) if lab.world_name == world]
