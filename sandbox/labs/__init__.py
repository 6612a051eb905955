"""The labs: their manifests, seeded values, working folders and life cycle.

The format is described in docs/lab-authors/format.md.
"""

from sandbox.labs.manifest import Lab, LabError, Step, all_labs, load, of_world
from sandbox.labs.values import Seed, Values, student, values_of

__all__ = [
    "Lab",
    "LabError",
    "Seed",
    "Step",
    "Values",
    "all_labs",
    "load",
    "of_world",
    "student",
    "values_of",
]
