"""Parts of all classes at once, against a loop over classes and parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import ndimage

from seglab.postprocess import (
    fill_holes,
    find_components,
    keep_largest,
    remove_small,
)
from tests.postprocess.label_maps import label_maps

EIGHT = np.ones((3, 3))


def parts(labels: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Class and mask of every part, class by class."""
    found = []
    for label in np.unique(labels[labels > 0]):
        ids, count = ndimage.label(labels == label)
        found += [(int(label), ids == n) for n in range(1, count + 1)]
    return found


@settings(deadline=None)
@given(labels=label_maps())
def test_components_are_those_of_a_loop(labels: np.ndarray) -> None:
    found = find_components(labels)
    wanted = parts(labels)
    assert len(found.sizes) == len(wanted) + 1
    assert found.sizes[0] == (labels == 0).sum()
    for label, mask in wanted:
        (number,) = np.unique(found.ids[mask])
        assert found.classes[number] == label
        assert found.sizes[number] == mask.sum()


@settings(deadline=None)
@given(labels=label_maps())
def test_small_parts_go(labels: np.ndarray) -> None:
    wanted = labels.copy()
    for _, mask in parts(labels):
        if mask.sum() < 5:
            wanted[mask] = 0
    found = remove_small(labels, 5)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(remove_small(found, 5), found)


@settings(deadline=None)
@given(labels=label_maps())
def test_the_largest_stay(labels: np.ndarray) -> None:
    wanted = np.zeros_like(labels)
    for label in np.unique(labels[labels > 0]):
        ours = [mask for one, mask in parts(labels) if one == label]
        # a stable sort: of equal parts the upper one comes first
        for mask in sorted(ours, key=lambda m: -m.sum())[:2]:
            wanted[mask] = label
    np.testing.assert_array_equal(keep_largest(labels, 2), wanted)


def test_counts_by_class() -> None:
    labels = np.array([[1, 0, 1, 1, 0, 2, 0, 2]])
    assert keep_largest(labels, {1: 1}).tolist() == [
        [0, 0, 1, 1, 0, 2, 0, 2]
    ]
    assert keep_largest(labels, {2: 0}).tolist() == [
        [1, 0, 1, 1, 0, 0, 0, 0]
    ]
    assert keep_largest(labels, {9: 1}).tolist() == labels.tolist()


@settings(deadline=None)
@given(labels=label_maps())
def test_holes_of_one_class_are_filled(labels: np.ndarray) -> None:
    wanted = labels.copy()
    holes, count = ndimage.label(labels == 0, EIGHT)
    rim = np.ones(labels.shape, bool)
    rim[1:-1, 1:-1] = False
    for number in range(1, count + 1):
        hole = holes == number
        around = labels[ndimage.binary_dilation(hole) & ~hole]
        if not (hole & rim).any() and len(np.unique(around)) == 1:
            wanted[hole] = around[0]
    np.testing.assert_array_equal(fill_holes(labels), wanted)


def test_one_class_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    mask = ndimage.gaussian_filter(rng.random((80, 90)), 2) > 0.5
    found = fill_holes(mask.astype(np.uint8))
    # SciPy's holes are 4-connected unless it is told otherwise
    wanted = ndimage.binary_fill_holes(mask, EIGHT)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.uint8


def test_large_holes_may_stay() -> None:
    ring = np.ones((6, 6), int)
    ring[2:4, 2:4] = 0
    assert fill_holes(ring, most=4).all()
    assert not fill_holes(ring, most=3).all()


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 0)])
def test_hardly_an_image(shape: tuple[int, int]) -> None:
    labels = np.zeros(shape, np.uint8)
    for found in (
        remove_small(labels, 3),
        keep_largest(labels, 1),
        fill_holes(labels),
    ):
        assert found.shape == shape


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([[1]], TypeError, "labels must be a NumPy array, got list"),
        (np.ones((2, 2)), TypeError, "labels must hold whole numbers"),
        (np.ones(3, int), ValueError, r"shape \[H, W\], got \(3,\)"),
        (np.full((2, 2), -1), ValueError, "labels must be 0 or more"),
    ],
)
def test_no_label_map(
    labels: np.ndarray, error: type[Exception], message: str
) -> None:
    for function in (find_components, fill_holes):
        with pytest.raises(error, match=message):
            function(labels)


def test_bad_counts() -> None:
    labels = np.ones((2, 2), int)
    with pytest.raises(ValueError, match="least must be 0 or more, got -1"):
        remove_small(labels, -1)
    with pytest.raises(ValueError, match="count of class 1 must be 0"):
        keep_largest(labels, -1)
    with pytest.raises(ValueError, match="most must be 0 or more"):
        fill_holes(labels, -1)
