"""Checkers for the exercises, one module a chapter.

A checker prints what passed and a hint for what did not. It never raises,
so a notebook with unfinished exercises still runs from top to bottom.
"""

from seglab.checks.checker import Case, Result, run_cases

__all__ = ["Case", "Result", "run_cases"]
