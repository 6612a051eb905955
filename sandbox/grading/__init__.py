"""What a file of checks imports: `check`, `Failure`, and the type of the `lab` it is given.

    from sandbox.grading import Failure, check

The whole contract is described in docs/lab-authors/checks.md.
"""

from sandbox.grading.api import Check, Failure, check

__all__ = ["Check", "Failure", "check"]
