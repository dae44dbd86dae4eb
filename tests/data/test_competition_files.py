"""The competition's folder as it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seglab.data.competition import CLASS_NAMES
from seglab.data.competition_files import write_competition
from seglab.data.formats.rle import decode_columns
from seglab.data.radiographs import load_radiographs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The competition of four virtual patients."""
    return write_competition(tmp_path_factory.mktemp("bones"), patients=4)


def test_the_layout(folder: Path) -> None:
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )
    assert len(files) == 9 + 9 + 3 + 3
    assert files[:3] == [
        "about.csv",
        "sample_submission.csv",
        "solution.csv",
    ]
    assert "train/labels/p00_0.json" in files
    assert "test/images/p03_2.png" in files


def test_the_solution_has_every_class_of_every_test_image(
    folder: Path,
) -> None:
    solution = pd.read_csv(folder / "solution.csv")
    assert solution["class"].tolist() == list(CLASS_NAMES) * 3
    heart = solution.query("`class` == 'heart' and image == 'p03_1.png'")
    found = decode_columns(heart["rle"].item(), (192, 192))
    films = load_radiographs()
    at = np.flatnonzero((films.patient == 3) & (films.shot == 1))
    truth = films.mask("heart")[at.item()]
    assert (found != truth).mean() < 0.001


def test_the_sample_submission_fits_the_solution(folder: Path) -> None:
    solution = pd.read_csv(folder / "solution.csv")
    sample = pd.read_csv(folder / "sample_submission.csv")
    keys = ["image", "class"]
    pd.testing.assert_frame_equal(solution[keys], sample[keys])


def test_the_same_bytes_twice(folder: Path, tmp_path: Path) -> None:
    again = write_competition(tmp_path, patients=4)
    for path in folder.rglob("*.*"):
        if path.is_file():
            other = again / path.relative_to(folder)
            assert other.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("patients", [0, 3, 49])
def test_patients_out_of_range(tmp_path: Path, patients: int) -> None:
    with pytest.raises(ValueError, match="patients must be from 4 to 48"):
        write_competition(tmp_path, patients=patients)
