"""The competition's folder as a competitor reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seglab.data.competition import (
    CLASS_NAMES,
    CompetitionPart,
    masks_of,
    read_test_part,
    read_training_part,
    union_of,
)
from seglab.data.competition_files import write_competition
from seglab.data.formats.labelme import LabelledImage
from seglab.data.formats.polygons import Polygon
from seglab.data.radiographs import load_radiographs

SQUARE = Polygon([(1, 1), (3, 1), (3, 3), (1, 3)])
BESIDE = Polygon([(2, 1), (5, 1), (5, 3), (2, 3)])


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


def test_polygons_of_a_class_unite() -> None:
    assert union_of([SQUARE, BESIDE], (4, 6)).sum() == 8
    assert not union_of([], (4, 6)).any()


def test_masks_of_keeps_classes_apart() -> None:
    image = LabelledImage(
        path=Path("a.png"),
        size=(4, 6),
        labels=("heart", "lungs", "heart"),
        polygons=(SQUARE, BESIDE, BESIDE),
    )
    masks = masks_of(image)
    assert masks.shape == (27, 4, 6)
    assert masks[CLASS_NAMES.index("heart")].sum() == 8
    assert masks[CLASS_NAMES.index("lungs")].sum() == 6
    assert masks.sum() == 14


def test_an_unknown_label_is_named() -> None:
    image = LabelledImage(
        path=Path("a.png"),
        size=(4, 6),
        labels=("spleen",),
        polygons=(SQUARE,),
    )
    with pytest.raises(ValueError, match=r"a\.png .* no class: spleen"):
        masks_of(image)


def test_an_empty_folder_says_what_to_do(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "about.csv").write_bytes(
        (folder / "about.csv").read_bytes()
    )
    with pytest.raises(FileNotFoundError, match="write_competition"):
        read_test_part(tmp_path)
