"""How a checker runs its cases and says what it found."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One thing that a right answer does.

    Args:
        claim: what is tried, in the reader's words.
        holds: called without arguments; true means that the answer does it.
        hint: what to look at when it does not.
    """

    claim: str
    holds: Callable[[], object]
    hint: str


@dataclass(frozen=True)
class Result:
    """What a checker found. True if every case passed."""

    exercise: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.failed

    def _ipython_display_(self) -> None:
        """Show nothing more: the checker has printed its findings."""


def run_cases(exercise: str, cases: Sequence[Case]) -> Result:
    """Try the cases in order, print the findings, and return them.

    Whatever an answer raises counts as a failed case, is shown in one
    line, and does not stop the notebook.

    Args:
        exercise: the name of the exercise.
        cases: what a right answer does, easiest first.

    >>> result = run_cases("one", [Case("1 is 1", lambda: True, "count")])
    one: all 1 checks passed.
    >>> bool(result)
    True
    """
    passed: list[str] = []
    failed: list[str] = []
    lines: list[str] = []
    for case in cases:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                holds = bool(case.holds())
            trouble = case.hint
        except NotImplementedError:
            lines = ["  Nothing to check yet: write your answer first."]
            failed.append(case.claim)
            break
        except Exception as error:
            holds = False
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            trouble = f"{case.hint} (it raised {what})"
        if holds:
            passed.append(case.claim)
            lines.append(f"  passed: {case.claim}")
        else:
            failed.append(case.claim)
            lines.append(f"  not yet: {case.claim}\n     hint: {trouble}")
    if failed:
        print(f"{exercise}:")
        print("\n".join(lines))
    else:
        print(f"{exercise}: all {len(passed)} checks passed.")
    return Result(exercise, tuple(passed), tuple(failed))
