"""What turning one chapter into one notebook needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from notebook_parts.bibliography import Bibliography
from notebook_parts.editions import Edition
from notebook_parts.labels import Index, Label
from notebook_parts.problems import Problems
from notebook_parts.project import Project


@dataclass
class Context:
    """The chapter at hand, the book around it, and the works it cites."""

    path: Path
    project: Project
    index: Index
    bibliography: Bibliography
    edition: Edition
    problems: Problems
    cited: set[str] = field(default_factory=set)

    def problem(self, line: int, message: str) -> None:
        """Note a fault of the chapter."""
        self.problems.add(self.path, line, message)

    def label(self, name: str, line: int) -> Label | None:
        """The label of this name; a name that nobody set is a fault."""
        found = self.index.labels.get(name)
        if found is None:
            self.problem(line, f"nothing has the label {name}")
        return found

    def file_address(self, target: str, line: int) -> str | None:
        """The path in the repository of a link written in the chapter."""
        path = (self.path.parent / target).resolve()
        if not path.exists() and not path.with_suffix(".md").exists():
            self.problem(line, f"the link leads nowhere: {target}")
            return None
        return self.project.relative(path)

    def link_to(self, path: Path) -> str:
        """The address of another chapter's notebook or of a page."""
        relative = self.project.relative(path)
        if path.parent.name == "chapters":
            notebook = f"{self.edition.folder}/{path.stem}.ipynb"
            return self.project.colab_url(notebook)
        return self.project.page_url(relative)
