"""The check API: one decorated function is one check, and its docstring is what the student reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_TIMEOUT = 20.0
# The decorated function carries its description under this name; a module's checks are found by it.
MARK = "__sandbox_check__"


class Failure(Exception):
    """The work does not do what the check asks: raised by a check, shown to the student.

    `expected` and `actual` are any JSON values and are shown as they are, with white space made
    visible; `help` says where to look. `credit` is the part of the points that is earned all the
    same, from 0 up to but not including 1.
    """

    NOTHING: Any = object()

    def __init__(
        self,
        rationale: str,
        *,
        expected: Any = NOTHING,
        actual: Any = NOTHING,
        help: str | None = None,
        credit: float = 0.0,
    ) -> None:
        super().__init__(rationale)
        if not 0 <= credit < 1:
            raise ValueError(f"credit is a part of the points, 0 <= credit < 1, not {credit}")
        self.rationale = rationale
        self.expected = expected
        self.actual = actual
        self.help = help
        self.credit = credit

    @property
    def compared(self) -> bool:
        """Whether the failure carries an expected or an actual value."""
        return self.expected is not self.NOTHING or self.actual is not self.NOTHING


@dataclass(frozen=True)
class Check:
    """One check of a lab, as its decorator describes it."""

    id: str
    title: str
    function: Callable[[Any], None]
    points: float = 1.0
    needs: tuple[str, ...] = ()
    step: str | None = None
    hint: str | None = None
    hidden: bool = False
    acts: bool = False
    timeout: float = DEFAULT_TIMEOUT


def check(
    *,
    points: float = 1.0,
    needs: Sequence[str] = (),
    step: str | None = None,
    hint: str | None = None,
    hidden: bool = False,
    acts: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function of one argument, the `lab`, a check.

    `points`: weight in the score. `needs`: ids of checks without which this one says nothing; it is
    skipped, not failed, while one of them does not pass. `step`: the lab's step it belongs to.
    `hint`: a question that leads on, shown with the failure. `hidden`: run, scored, never shown to
    the student. `acts`: it changes something (then it runs last, alone, and cleans up after itself).
    `timeout`: seconds after which the check itself counts as broken.
    """

    def mark(function: Callable[[Any], None]) -> Callable[[Any], None]:
        setattr(
            function,
            MARK,
            Check(
                id=function.__name__,
                title=" ".join((function.__doc__ or "").split("\n\n")[0].split()),
                function=function,
                points=float(points),
                needs=tuple(needs),
                step=step,
                hint=hint,
                hidden=hidden,
                acts=acts,
                timeout=float(timeout),
            ),
        )
        return function

    return mark
