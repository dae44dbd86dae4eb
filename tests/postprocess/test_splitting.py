"""Objects that touch come apart, single ones stay whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from skimage.measure import label
from skimage.segmentation import watershed

from seglab.postprocess import split_by_markers, split_touching
from tests.postprocess.label_maps import label_maps


def disc(shape: tuple[int, int], row: int, column: int, radius: int):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) < radius


def test_touching_pairs_come_apart() -> None:
    mask = np.zeros((60, 120), bool)
    for row in (15, 42):
        for column in (15, 75):
            mask |= disc(mask.shape, row, column, 10)
            mask |= disc(mask.shape, row, column + 16, 10)
    assert label(mask).max() == 4
    found = split_touching(mask)
    assert found.max() == 8
    sizes = np.bincount(found.ravel())[1:]
    assert sizes.max() / sizes.min() < 1.1


def test_a_rough_outline_does_not_split() -> None:
    rng = np.random.default_rng(0)
    mask = disc((60, 60), 30, 30, 20)
    rim = mask ^ disc((60, 60), 30, 30, 18)
    mask &= ~(rim & (rng.random(mask.shape) < 0.3))
    whole = label(mask, connectivity=1).max()
    assert split_touching(mask, depth=3).max() == whole


def test_depth_decides() -> None:
    mask = disc((40, 70), 20, 20, 14) | disc((40, 70), 20, 42, 14)
    assert split_touching(mask, depth=1).max() == 2
    assert split_touching(mask, depth=10).max() == 1


@settings(deadline=None)
@given(labels=label_maps(most=1))
def test_every_pixel_belongs_to_one_object(labels: np.ndarray) -> None:
    found = split_touching(labels)
    np.testing.assert_array_equal(found > 0, labels > 0)
    numbers = np.unique(found[found > 0])
    np.testing.assert_array_equal(numbers, np.arange(1, len(numbers) + 1))
    parts = label(labels, connectivity=1)
    # a component without a maximum of its own would have been lost
    assert len(numbers) >= label(labels, connectivity=2).max()
    for number in numbers:
        assert len(np.unique(parts[found == number])) == 1


def test_markers_keep_their_numbers() -> None:
    mask = np.ones((5, 20), int)
    markers = np.zeros_like(mask)
    markers[2, 2], markers[2, 17] = 40, 7
    relief = np.abs(np.arange(20) - 9.5)[None].repeat(5, 0)
    found = split_by_markers(mask, markers, relief=-relief)
    assert (found[:, :10] == 40).all()
    assert (found[:, 10:] == 7).all()
    np.testing.assert_array_equal(
        found, watershed(-relief, markers, mask=mask > 0)
    )


def test_what_no_marker_reaches_is_background() -> None:
    mask = np.array([[1, 1, 0, 1]])
    found = split_by_markers(mask, np.array([[3, 0, 0, 0]]))
    assert found.tolist() == [[3, 3, 0, 0]]


def test_nothing_to_split() -> None:
    assert not split_touching(np.zeros((4, 4), int)).any()
    assert split_touching(np.ones((1, 1), int)).tolist() == [[1]]


def test_bad_arguments() -> None:
    mask = np.ones((3, 3), int)
    with pytest.raises(ValueError, match="depth must be 0 or more, got -1"):
        split_touching(mask, depth=-1)
    with pytest.raises(ValueError, match="markers must have the mask's"):
        split_by_markers(mask, np.ones((2, 3), int))
    with pytest.raises(ValueError, match="relief must have the mask's"):
        split_by_markers(mask, mask, relief=np.zeros((2, 3)))
