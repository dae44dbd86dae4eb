"""What is wrong in the sources, gathered so that one run shows it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of a source file."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass
class Problems:
    """The faults found so far, each once, in the order of the files."""

    found: set[Problem] = field(default_factory=set)

    def add(self, path: Path, line: int, message: str) -> None:
        """Note a fault; work goes on, so that one run finds them all."""
        self.found.add(Problem(path, line, message))

    def __bool__(self) -> bool:
        return bool(self.found)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in sorted(self.found))
