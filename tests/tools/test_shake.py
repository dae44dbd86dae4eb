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
    small, none = shake.run_once(notebook, seed=1)
    assert small.holds and 0 < small.gaps[0] < 1e-4
    assert not none.holds and not none.gaps


def test_it_says_when_a_cell_fails(tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", "1 / 0", CLAIMS)
    (claim,) = shake.run_once(notebook, seed=1)
    assert "a cell failed: '1 / 0'" in claim.text
    assert not claim.holds


def runs_of(*gaps: float) -> list[list[shake.Claim]]:
    return [[shake.Claim("it grows", gap > 0, [gap])] for gap in gaps]


def test_a_claim_with_room_is_not_listed() -> None:
    assert shake.tight_claims(runs_of(1.0, 1.1, 0.9)) == []
    assert shake.tight_claims(runs_of(0.5, 0.5)) == []


def test_a_claim_that_falls_or_holds_by_a_hair_is_listed() -> None:
    (line,) = shake.tight_claims(runs_of(0.1, 0.9, 0.5))
    assert "fell in 0 of 3 runs, room of 1.2 standard" in line
    (line,) = shake.tight_claims(runs_of(0.5, -0.1))
    assert "fell in 1 of 2" in line


def test_gaps_are_read_off_comparisons_only(tmp_path: Path) -> None:
    cells = [
        "from seglab import expect, expect_trained as other",
        "expect(1 < 3 < 4 and not 2 > 5, 'three')",
        "expect(all(x > 0 for x in [1]), 'none')",
        "expect({1} < {1, 2}, 'no difference')",
    ]
    path = write(tmp_path / "a.ipynb", *cells)
    gaps = [claim.gaps for claim in shake.run_once(path, seed=1)]
    assert gaps == [[2.0, 1.0, -3.0], [], []]


def test_chapters_are_found_by_number() -> None:
    assert shake.find_notebook("4").name == "04_unet.ipynb"
    with pytest.raises(SystemExit, match="no chapter has the number 99"):
        shake.find_notebook("99")
