"""The tool that shakes a chapter finds what hangs on rounding."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import shake

START = """\
import torch

from seglab import expect

weight = torch.nn.Parameter(torch.ones(5))
torch.optim.SGD([weight], lr=0.1)
gap = (weight - 1).abs().max()
"""
CLAIMS = """\
expect(gap < 1e-4, "hardly moved")
expect(gap == 0, "not moved at all")
"""


def write(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
    )
    nbformat.write(notebook, path)
    return path


def test_it_lists_the_claims_that_fail(tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", START, CLAIMS)
    assert shake.run_once(notebook, seed=1) == ["not moved at all"]


def test_it_says_when_a_cell_fails(tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", "1 / 0", CLAIMS)
    (claim,) = shake.run_once(notebook, seed=1)
    assert "a cell failed: '1 / 0'" in claim


def test_chapters_are_found_by_number() -> None:
    assert shake.find_notebook("4").name == "04_unet.ipynb"
    with pytest.raises(SystemExit, match="no chapter has the number 99"):
        shake.find_notebook("99")
