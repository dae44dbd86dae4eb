"""The two notebooks of a chapter: with solutions, and for students."""

from __future__ import annotations

from typing import Protocol

from notebook_parts.exercises import Answer


class Edition(Protocol):
    """What the two notebooks do differently."""

    folder: str
    about: str

    def solution_text(self, summary: str, text: str) -> str:
        """A solution in words, as Markdown; empty to leave it out."""

    def keeps_solution_code(self) -> bool:
        """Whether code cells inside a solution are shown."""

    def answer_code(self, answer: Answer) -> str:
        """The code of an exercise's cell."""

    def folds_answers(self) -> bool:
        """Whether an exercise's cell opens folded."""


class SolvedEdition:
    """The notebook with solutions, each folded until it is opened."""

    folder = "chapters"
    about = "This notebook holds the solutions, folded."

    def solution_text(self, summary: str, text: str) -> str:
        """The solution, folded."""
        return details(summary, text)

    def keeps_solution_code(self) -> bool:
        """Solutions in code stay."""
        return True

    def answer_code(self, answer: Answer) -> str:
        """The reference solution."""
        return answer.reference

    def folds_answers(self) -> bool:
        """The reference is folded."""
        return True


class StudentEdition:
    """The notebook with stubs where the solutions stood."""

    folder = "chapters/student"
    about = "In this notebook the exercises wait for your code."

    def solution_text(self, summary: str, text: str) -> str:
        """Nothing: students write their own."""
        return ""

    def keeps_solution_code(self) -> bool:
        """Solutions in code go."""
        return False

    def answer_code(self, answer: Answer) -> str:
        """The stub to fill in."""
        return answer.stub

    def folds_answers(self) -> bool:
        """The stub is open."""
        return False


def details(summary: str, text: str) -> str:
    """A part of the page that opens on a click."""
    return (
        f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"
    )
