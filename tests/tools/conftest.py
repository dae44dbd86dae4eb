"""A small book in a temporary folder, with a package of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from notebook_parts.book import Book
from notebook_parts.editions import Edition, SolvedEdition, StudentEdition
from notebook_parts.problems import Problems
from notebook_parts.project import Project
from notebook_parts.source import CodeCell

HEADER = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
seglab: {number: "02", minutes: 5, execute: {smoke: 1, small: 2},
  data: [], needs: [seglab]}
---
"""

PACKAGE = {
    "__init__.py": "",
    "shapes/__init__.py": "from seglab.shapes.plane import area\n",
    "shapes/plane.py": '''\
"""Plane shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from . import units as u

if TYPE_CHECKING:
    from collections.abc import Sequence

    Side = float

ROUND = math.pi  # noqa: RUF100
"""A circle's ratio."""


@dataclass(frozen=True)
class Square:
    """A square of one side.

    Args:
        side: in px.
    """

    side: float

    def grown(self, by: Side) -> Square:
        """A larger square.

        >>> Square(1).grown(1).side
        2
        """
        return Square(self.side + by)


def area(squares: Sequence[Square]) -> float:
    """The squares' areas in all.

    Returns:
        The sum.
    """
    return u.rounded(np.sum([s.side**2 for s in squares]) + _nothing())


def _nothing() -> int:
    return 0


def wide() -> int:
    """A line that no page holds."""
    return @@


def rambling() -> int:
    """A summary that goes on
    in the next line.
    """
    return 1
''',
    "shapes/units.py": "def rounded(x):\n    return float(x)\n",
}

REFERENCES = """\
@article{lee2020a, author={Lee, Ann}, title={One {CNN}}, journal={J},
  volume={1}, number={2}, pages={3--4}, year={2020}, doi={10.1/x}}
@inproceedings{lee2020b, author={Lee, Ann}, title={Two}, booktitle={P},
  year={2020}}
@article{trio2021, author={Ng, Bo and Li, Cy and Poe, Di},
  title={Three}, journal={J}, year={2021}, url={https://example.org/3}}
@book{duo2022, author={Ek, Bo and {\\"O}st, Cy}, title={Four},
  publisher={Q}, year={2022}}
"""


@dataclass
class Bench:
    """A small book that a test writes chapters into."""

    root: Path

    def write(self, name: str, text: str) -> Path:
        """Write a file of the book."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def chapter(self, body: str, name: str = "02_rings") -> Path:
        """Write a chapter with the usual header."""
        text = f"{HEADER}\n(ch-{name[3:]})=\n# Rings: a test\n\n{body}\n"
        return self.write(f"chapters/{name}.md", text)

    def book(self) -> Book:
        """The book as it stands now."""
        return Book(Project(self.root), Problems())

    def cells(
        self, body: str, edition: type[Edition] = SolvedEdition
    ) -> list[dict[str, Any]]:
        """Cells of a faultless chapter, without the opening ones."""
        path = self.chapter(body)
        book = self.book()
        text = book.notebook(path, edition())
        assert not book.problems, str(book.problems)
        cells: list[dict[str, Any]] = json.loads(text)["cells"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
        return cells[2:]

    def markdown(
        self, body: str, edition: type[Edition] = SolvedEdition
    ) -> str:
        """The chapter's Markdown below its title."""
        parts = [
            cell["source"]
            for cell in self.cells(body, edition)
            if cell["cell_type"] == "markdown"
        ]
        text = "\n\n".join(parts)
        return text.removeprefix("# Rings: a test").strip()

    def student_markdown(self, body: str) -> str:
        """The same for students."""
        return self.markdown(body, StudentEdition)

    def code_cells(self, body: str) -> tuple[CodeCell, ...]:
        """Code cells of a faultless chapter, package cells filled."""
        path = self.chapter(body)
        book = self.book()
        chapter = book.chapters[path]
        assert not book.problems, str(book.problems)
        return chapter.code_cells

    def faults(self, body: str) -> list[str]:
        """The faults of a chapter, each as ``line: message``."""
        path = self.chapter(body)
        return self.faults_of(path)

    def faults_of(self, path: Path) -> list[str]:
        """The faults of a chapter that is written already."""
        book = self.book()
        book.outputs(path)
        found = sorted(book.problems.found)
        return [f"{f.path.name}:{f.line}: {f.message}" for f in found]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A book without chapters."""
    made = Bench(tmp_path)
    made.write(
        "_config.yml",
        "title: Rings\n"
        "repository: {url: https://github.com/us/rings, branch: trunk}\n",
    )
    made.write(
        "pyproject.toml",
        "[project.optional-dependencies]\n"
        'medical = ["nib-abel>=5"]\npeers = []\n',
    )
    made.write("book/references.bib", REFERENCES)
    made.write("book/glossary.md", "(glossary)=\n# Words\n\n(w-x)=\n## X\n")
    for name, text in PACKAGE.items():
        made.write(f"seglab/{name}", text.replace("@@", "1 + " * 20 + "1"))
    return made


def cell(code: str, options: str = "") -> str:
    """The source of a code cell."""
    head = f"---\n{options}\n---\n" if options else ""
    return f"```{{code-cell}} ipython3\n{head}{code}\n```\n"


@pytest.fixture(name="cell")
def cell_fixture() -> Callable[..., str]:
    """Writes the source of a code cell."""
    return cell
