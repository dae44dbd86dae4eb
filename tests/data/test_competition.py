"""The competition's folder as a competitor reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from seglab.data.competition import (
    CLASS_NAMES,
    CompetitionPart,
    read_test_part,
    read_training_part,
)
from seglab.data.competition_files import write_competition
from seglab.data.radiographs import load_radiographs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The competition of four virtual patients."""
    return write_competition(tmp_path_factory.mktemp("bones"), patients=4)


@pytest.fixture(scope="module")
def training_part(folder: Path) -> CompetitionPart:
    return read_training_part(folder)


def test_masks_are_those_of_the_films(
    training_part: CompetitionPart,
) -> None:
    films = load_radiographs()
    names = [
        "lungs_above_diaphragm" if name == "lungs" else name
        for name in CLASS_NAMES
    ]
    truth = films.masks(names)[: len(training_part)]
    found = training_part.masks
    assert found is not None
    assert found.shape == truth.shape
    both = 2 * (found & truth).sum((2, 3))
    dice = both / (found.sum((2, 3)) + truth.sum((2, 3)))
    assert dice.min() > 0.95, "outlines follow the masks"
    assert dice.mean() > 0.995


def test_no_class_is_absent(training_part: CompetitionPart) -> None:
    assert training_part.masks is not None
    assert training_part.masks.any((2, 3)).all()


def test_structures_overlap(training_part: CompetitionPart) -> None:
    assert training_part.masks is not None
    assert (training_part.masks.sum(1) > 1).mean() > 0.2


def test_no_patient_is_in_both_parts(folder: Path) -> None:
    train, test = read_training_part(folder), read_test_part(folder)
    assert test.masks is None
    assert len(train) == 9
    assert len(test) == 3
    assert not set(train.about["patient"]) & set(test.about["patient"])


def test_images_are_unchanged(training_part: CompetitionPart) -> None:
    films = load_radiographs().images[: len(training_part)]
    np.testing.assert_array_equal(training_part.images, films)


def test_an_unknown_label_is_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bones"
    shutil.copytree(folder, broken)
    file = broken / "train" / "labels" / "p00_0.json"
    file.write_text(file.read_text().replace('"heart"', '"spleen"'))
    with pytest.raises(ValueError, match=r"p00_0\.png.* for spleen"):
        read_training_part(broken)


def test_an_empty_folder_says_what_to_do(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "about.csv").write_bytes(
        (folder / "about.csv").read_bytes()
    )
    with pytest.raises(FileNotFoundError, match="write_competition"):
        read_test_part(tmp_path)
