"""The committed notebooks are what the chapters' sources say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import nbformat
import notebooks
import pytest
from notebook_parts.book import Book
from notebook_parts.problems import Problems
from notebook_parts.project import Project

ROOT = Path(notebooks.ROOT)
CHAPTERS = Project(ROOT).chapter_files
NOTEBOOKS = sorted((ROOT / "chapters").rglob("[0-9]*.ipynb"))


@cache
def book() -> Book:
    return Book(Project(ROOT), Problems())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name_of)
def test_every_file_of_a_chapter_is_up_to_date(chapter: Path) -> None:
    outputs = book().outputs(chapter)
    faults = notebooks.problems_in(book(), [chapter])
    assert not faults, f"\n{faults}"
    for path, text in outputs.items():
        assert path.exists(), f"{name_of(path)} is missing: make notebooks"
        held = path.read_bytes()
        assert held == text.encode(), (
            f"{name_of(path)} is stale: run make notebooks"
        )


def test_no_notebook_is_left_without_its_chapter() -> None:
    assert book().orphans() == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_is_valid_and_bare(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.from_dict(json.loads(text))
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert text == nbformat.writes(notebook) + "\n"
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert "<solution>" not in cell.source
        else:
            assert ":::" not in cell.source
            assert "```{" not in cell.source
            assert "{ref}" not in cell.source
