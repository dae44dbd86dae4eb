"""Boundary IoU, and surface Dice by length or area of surface."""

import math

import monai.metrics
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mask_pairs import disc, pairs_and_spacing
from scipy import ndimage

from seglab.metrics import (
    binary_iou,
    boundary_iou,
    surface_dice,
    surface_distances,
    weighted_surface_dice,
)


def slow_band(mask, ratio):
    """As Cheng et al. write it: pad by a pixel, erode, crop, subtract."""
    height, width = mask.shape
    times = round(ratio * math.sqrt(height**2 + width**2))
    padded = np.pad(mask, 1)
    eroded = ndimage.binary_erosion(
        padded, np.ones((3, 3)), iterations=max(1, times)
    )
    return mask & ~eroded[1:-1, 1:-1]


@given(pairs_and_spacing(), st.sampled_from([0.01, 0.1, 0.2, 0.35, 5.0]))
def test_boundary_iou_is_that_of_the_slow_version(drawn, ratio):
    first, second = (slow_band(mask, ratio) for mask in drawn[:2])
    either = (first | second).sum()
    expected = (first & second).sum() / either if either else 1.0
    found = boundary_iou(*drawn[:2], dilation_ratio=ratio)
    assert found == pytest.approx(expected)
    assert type(found) is float


@pytest.mark.parametrize("ratio", [0.02, 0.05])
def test_boundary_iou_of_larger_pictures(ratio):
    one = disc((121, 97), (50, 40), (45, 39))
    other = disc((121, 97), (60, 48), (50, 40))
    bands = [slow_band(mask, ratio) for mask in (one, other)]
    assert boundary_iou(one, other, dilation_ratio=ratio) == pytest.approx(
        binary_iou(*bands)
    )
    assert boundary_iou(one, other) < binary_iou(one, other)


def by_size(*pair):
    return weighted_surface_dice(*pair, tolerance=100)


@pytest.mark.parametrize(
    ("metric", "shape"),
    [
        (boundary_iou, (5, 7)),
        (by_size, (5, 7)),
        (by_size, (3, 5, 7)),
        (by_size, (1, 1, 1)),
    ],
)
def test_empty_masks(metric, shape):
    none, one = np.zeros((2, *shape), bool)
    one[tuple(side // 2 for side in shape)] = True
    assert metric(none, none) == metric(one, one) == 1
    assert metric(none, one) == metric(one, none) == 0


def test_a_wide_band_is_the_whole_mask():
    one, other = np.eye(5, dtype=bool), np.ones((5, 5), bool)
    found = boundary_iou(one, other, dilation_ratio=10)
    assert found == binary_iou(one, other)


TOLERANCES = st.sampled_from([0.0, 0.4, 1.2, 2.6])
VOLUMES_TOO = pairs_and_spacing(max_dims=3)


@given(VOLUMES_TOO, TOLERANCES)
def test_weighted_agrees_with_monai_where_not_both_are_empty(drawn, reach):
    prediction, truth, spacing = drawn
    if prediction.any() and truth.any():
        theirs = monai.metrics.compute_surface_dice(
            torch.from_numpy(prediction)[None, None],
            torch.from_numpy(truth)[None, None],
            class_thresholds=[reach],
            include_background=True,
            spacing=spacing,
            use_subvoxels=True,
        ).item()
        ours = weighted_surface_dice(
            prediction, truth, tolerance=reach, spacing=spacing
        )
        assert ours == pytest.approx(theirs, abs=1e-6)


@given(VOLUMES_TOO, TOLERANCES)
def test_weighted_agrees_with_its_authors_library(drawn, reach):
    theirs = pytest.importorskip("surface_distance.metrics")
    prediction, truth, spacing = drawn
    if prediction.any() and truth.any():
        distances = theirs.compute_surface_distances(
            truth, prediction, spacing
        )
        expected = theirs.compute_surface_dice_at_tolerance(
            distances, reach
        )
        ours = weighted_surface_dice(
            prediction, truth, tolerance=reach, spacing=spacing
        )
        assert ours == pytest.approx(expected, abs=1e-8)


def test_weighted_counts_a_slanted_edge_by_its_length():
    """A missed piece weighs its length; pixels would count it short."""
    y, x = np.mgrid[:40, :40]
    truth = (x + y <= 30) & (x >= 2) & (y >= 2)
    prediction = (x + y <= 20) & (x >= 2) & (y >= 2)
    by_pixels = surface_dice(
        surface_distances(prediction, truth), tolerance=1
    )
    by_length = weighted_surface_dice(prediction, truth, tolerance=1)
    # two legs of 16 and 26 px, hypotenuses longer by the root of 2
    sides = 2 * (16 + 26)
    expected = sides / (sides + math.sqrt(2) * (16 + 26))
    assert by_length < by_pixels
    assert by_length == pytest.approx(expected, abs=0.1)


def test_weighted_counts_a_surface_by_its_area():
    """A box too many: 8 x 20 x 10 mm beside one of 20 x 10 x 10 mm."""
    truth = np.zeros((20, 60, 30), bool)
    truth[5:15, 5:15, 5:25] = True
    prediction = truth.copy()
    prediction[5:9, 30:50, 5:25] = True
    spacing = (2, 1, 0.5)
    by_area = weighted_surface_dice(
        prediction, truth, tolerance=1, spacing=spacing
    )
    right, wrong = 2 * (200 + 200 + 100), 2 * (160 + 80 + 200)
    share = 2 * right / (2 * right + wrong)
    assert by_area == pytest.approx(share, abs=0.01)
    by_voxels = surface_dice(
        surface_distances(prediction, truth, spacing=spacing), tolerance=1
    )
    assert by_voxels < by_area - 0.04


MASK = np.zeros((3, 4), bool)


@pytest.mark.parametrize(
    ("prediction", "truth", "error", "message"),
    [
        (MASK, MASK[1:], ValueError, "same shape, got"),
        (MASK[0], MASK[0], ValueError, r"must be a mask \[H, W\]"),
        (MASK * 0.5, MASK, TypeError, "prediction must be a bool mask"),
        (MASK, MASK * 3 - 1, ValueError, "truth must hold 0 and 1 alone"),
    ],
)
def test_bad_masks(prediction, truth, error, message):
    with pytest.raises(error, match=message):
        boundary_iou(prediction, truth)
    with pytest.raises(error, match=message):
        weighted_surface_dice(prediction, truth, tolerance=1)


def test_boundary_iou_is_of_pictures_and_no_batch_is_a_volume():
    with pytest.raises(ValueError, match=r"a mask \[H, W\], got"):
        boundary_iou(MASK[None], MASK[None])
    with pytest.raises(ValueError, match=r"or a volume \[Z, H, W\], got"):
        weighted_surface_dice(
            MASK[None, None], MASK[None, None], tolerance=1
        )


@pytest.mark.parametrize("ratio", [0, -0.1, math.nan, math.inf])
def test_bad_ratio(ratio):
    with pytest.raises(ValueError, match="dilation_ratio must be positive"):
        boundary_iou(MASK, MASK, dilation_ratio=ratio)


def test_bad_tolerance_and_spacing():
    with pytest.raises(ValueError, match="tolerance must be 0 or more"):
        weighted_surface_dice(MASK, MASK, tolerance=-1)
    with pytest.raises(ValueError, match="spacing must be 2 positive"):
        weighted_surface_dice(MASK, MASK, tolerance=1, spacing=(1, 1, 1))
    with pytest.raises(ValueError, match="spacing must be 3 positive"):
        weighted_surface_dice(
            MASK[None], MASK[None], tolerance=1, spacing=(1, 1)
        )
