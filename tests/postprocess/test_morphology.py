"""All classes at once, against SciPy's morphology class by class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from seglab.postprocess import close_labels, open_labels
from tests.postprocess.label_maps import label_maps


def disc(radius: float) -> np.ndarray:
    reach = int(radius)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.hypot(rows, columns) <= radius + 1e-9


@settings(deadline=None)
@given(labels=label_maps(), radius=st.sampled_from([0, 1, 1.5, 2, 3]))
def test_opening_is_that_of_every_class(
    labels: np.ndarray, radius: float
) -> None:
    reach = int(radius)
    wide = np.pad(labels, reach, mode="edge")
    wanted = np.zeros_like(wide)
    for label in np.unique(labels[labels > 0]):
        # what lies outside does not erode
        core = ndimage.binary_erosion(
            wide == label, disc(radius), border_value=1
        )
        wanted[ndimage.binary_dilation(core, disc(radius))] = label
    inside = slice(reach, -reach or None)
    inner = wanted[inside, inside]
    found = open_labels(labels, radius)
    # a disc whose middle lies beyond the rim is the one difference
    differ = found != inner
    assert not (differ & (inner == 0) & (found != labels)).any()
    near_rim = np.ones(labels.shape, bool)
    near_rim[reach : -reach or None, reach : -reach or None] = False
    assert not (differ & ~near_rim).any()


@settings(deadline=None)
@given(labels=label_maps(), radius=st.sampled_from([0, 1, 2]))
def test_opening_only_takes_away_and_ends(
    labels: np.ndarray, radius: float
) -> None:
    once = open_labels(labels, radius)
    assert np.isin(once[once != labels], 0).all()
    np.testing.assert_array_equal(open_labels(once, 0), once)


@settings(deadline=None)
@given(labels=label_maps(), radius=st.sampled_from([0, 1, 2]))
def test_closing_only_adds_to_the_nearest(
    labels: np.ndarray, radius: float
) -> None:
    found = close_labels(labels, radius)
    was = labels > 0
    np.testing.assert_array_equal(found[was], labels[was])
    for row, column in np.argwhere((found > 0) & ~was):
        places = np.argwhere(was)
        away = np.hypot(*(places - [row, column]).T)
        nearest = labels[tuple(places[away == away.min()].T)]
        assert found[row, column] in nearest


def test_a_thin_bridge_goes_and_a_thin_gap_closes() -> None:
    labels = np.zeros((15, 31), np.uint8)
    labels[3:12, 3:12] = labels[3:12, 19:28] = 2
    labels[7, 12:19] = 2
    opened = open_labels(labels, 2)
    assert not opened[:, 13:18].any()
    assert opened[7, 7] == opened[7, 23] == 2
    labels[:, 10] = 0
    assert (close_labels(labels, 1)[4:11, 10] == 2).all()


def test_nothing_stays_nothing() -> None:
    empty = np.zeros((4, 5), np.uint8)
    assert not open_labels(empty, 2).any()
    assert not close_labels(empty, 2).any()
    assert open_labels(np.zeros((0, 3), int), 1).shape == (0, 3)


def test_a_full_image_stays() -> None:
    full = np.full((3, 4), 7)
    assert (open_labels(full, 5) == 7).all()
    assert (close_labels(full, 5) == 7).all()


@pytest.mark.parametrize("radius", [-1, float("nan")])
def test_bad_radius(radius: float) -> None:
    with pytest.raises(ValueError, match="radius must be 0 or more"):
        open_labels(np.ones((3, 3), int), radius)
