"""All chapters at once: what each file should hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from notebook_parts.bibliography import Bibliography
from notebook_parts.context import Context
from notebook_parts.editions import Edition, SolvedEdition, StudentEdition
from notebook_parts.exercises import exercise_cells
from notebook_parts.labels import Index, build_index
from notebook_parts.notebook import notebook_text
from notebook_parts.package_cells import fill_chapter
from notebook_parts.package_source import Package
from notebook_parts.problems import Problems
from notebook_parts.project import Project
from notebook_parts.source import Chapter, read_chapter


@dataclass
class Book:
    """The chapters of a project, with their package cells filled."""

    project: Project
    problems: Problems

    @cached_property
    def chapters(self) -> dict[Path, Chapter]:
        """The chapters by their source's path."""
        package = Package(self.project.root)
        return {
            path: fill_chapter(
                read_chapter(path, self.problems), package, self.problems
            )
            for path in self.project.chapter_files
        }

    @cached_property
    def index(self) -> Index:
        """The labels of all chapters and pages."""
        return build_index(
            self.chapters.values(), self.project.page_files, self.problems
        )

    @cached_property
    def bibliography(self) -> Bibliography:
        """The works that chapters may cite."""
        return Bibliography(self.project.root / "book" / "references.bib")

    def notebook(self, path: Path, edition: Edition) -> str:
        """The text of one notebook of a chapter."""
        context = Context(
            path,
            self.project,
            self.index,
            self.bibliography,
            edition,
            self.problems,
        )
        return notebook_text(self.chapters[path], context)

    def outputs(self, path: Path) -> dict[Path, str]:
        """Both notebooks of a chapter, and its filled source."""
        chapter = self.chapters[path]
        exercise_cells(chapter, self.problems)
        solved, student = SolvedEdition(), StudentEdition()
        project = self.project
        return {
            path: chapter.text,
            project.notebook_path(path): self.notebook(path, solved),
            project.student_path(path): self.notebook(path, student),
        }

    def orphans(self) -> list[Path]:
        """Notebooks whose chapter is gone."""
        folder = self.project.root / "chapters"
        stems = {path.stem for path in self.project.chapter_files}
        return [
            path
            for path in sorted(folder.rglob("*.ipynb"))
            if path.stem not in stems
            and ".ipynb_checkpoints" not in path.parts
        ]
