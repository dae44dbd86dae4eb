"""Distances between boundaries, and the figures made of them."""

import itertools
import math

import monai.metrics
import numpy as np
import pytest
import torch
from hypothesis import given
from mask_pairs import disc, pairs_and_spacing

from seglab.metrics import (
    SurfaceDistances,
    _distances,
    average_surface_distance,
    average_symmetric_surface_distance,
    hausdorff,
    hausdorff_distance,
    hausdorff_percentile,
    hd95,
    surface_dice,
    surface_distances,
)

DISTANCES = (
    hausdorff,
    hausdorff_percentile,
    average_surface_distance,
    average_symmetric_surface_distance,
)
volumes = pairs_and_spacing(max_dims=3)


def slow_boundary(mask):
    """Positions of set pixels with an unset or missing face neighbour."""
    found = []
    for place in zip(*np.nonzero(mask), strict=True):
        for axis, step in itertools.product(range(mask.ndim), (-1, 1)):
            other = list(place)
            other[axis] += step
            inside = 0 <= other[axis] < mask.shape[axis]
            if not (inside and mask[tuple(other)]):
                found.append(place)
                break
    return found


def slow_distances(points, others, spacing):
    def apart(a, b):
        steps = zip(a, b, spacing, strict=True)
        return math.sqrt(sum(((x - y) * s) ** 2 for x, y, s in steps))

    return [
        min((apart(a, b) for b in others), default=math.inf) for a in points
    ]


@given(volumes)
def test_distances_are_those_of_the_slow_version(drawn):
    prediction, truth, spacing = drawn
    distances = surface_distances(prediction, truth, spacing=spacing)
    a, b = slow_boundary(prediction), slow_boundary(truth)
    forward = slow_distances(a, b, spacing)
    back = slow_distances(b, a, spacing)
    np.testing.assert_allclose(distances.prediction_to_truth, forward)
    np.testing.assert_allclose(distances.truth_to_prediction, back)
    assert distances.prediction_is_empty == (not prediction.any())
    assert distances.truth_is_empty == (not truth.any())
    finite = [d for d in forward + back if d < math.inf]
    assert max(finite, default=0) <= distances.image_diagonal


def tensors(*masks):
    return [torch.from_numpy(mask)[None, None] for mask in masks]


def monai_figures(prediction, truth, spacing, tolerance):
    y_pred, y = tensors(prediction, truth)
    common = {"include_background": True, "spacing": spacing}
    distance = monai.metrics.compute_average_surface_distance
    largest = monai.metrics.compute_hausdorff_distance
    share = monai.metrics.compute_surface_dice
    return [
        result.item()
        for result in (
            largest(y_pred, y, **common),
            largest(y_pred, y, percentile=95, **common),
            distance(y_pred, y, **common),
            distance(y_pred, y, symmetric=True, **common),
            share(y_pred, y, class_thresholds=[tolerance], **common),
        )
    ]


@given(volumes)
def test_agrees_with_monai_where_nothing_is_empty(drawn):
    prediction, truth, spacing = drawn
    if prediction.any() and truth.any():
        distances = surface_distances(prediction, truth, spacing=spacing)
        ours = [figure(distances) for figure in DISTANCES]
        ours.append(surface_dice(distances, tolerance=1.2))
        theirs = monai_figures(prediction, truth, spacing, 1.2)
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_monai_hides_a_missed_object_in_the_mean_of_hd95():
    """There a miss is NaN, which its mean leaves out: a perfect 0."""
    none, one = np.zeros((5, 7), bool), disc((5, 7), (2, 3), 1)
    theirs = monai.metrics.HausdorffDistanceMetric(
        include_background=True, percentile=95
    )
    theirs(*tensors(none, one))
    theirs(*tensors(one, none))
    assert theirs.aggregate().item() == 0
    assert hd95(none, one) == hd95(one, none) == math.inf


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_monai_gives_nan_where_both_are_empty():
    none = np.zeros((5, 7), bool)
    assert np.isnan(monai_figures(none, none, (1, 1), 1)).all()
    assert hausdorff_distance(none, none) == 0
    assert surface_dice(surface_distances(none, none), tolerance=1) == 1


@pytest.mark.parametrize("figure", DISTANCES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 3, 4)])
def test_empty_and_full_masks(figure, shape):
    none, full = np.zeros(shape, bool), np.ones(shape, bool)
    assert figure(surface_distances(none, none)) == 0
    assert figure(surface_distances(none, full)) == math.inf
    assert figure(surface_distances(full, none)) == math.inf
    assert figure(surface_distances(full, full)) == 0


def test_surface_dice_of_empty_masks():
    none, one = np.zeros((3, 4), bool), np.ones((3, 4), bool)
    share = {
        (i, j): surface_dice(surface_distances(a, b), tolerance=100)
        for (i, a), (j, b) in itertools.product(
            enumerate((none, one)), repeat=2
        )
    }
    assert share == {(0, 0): 1, (0, 1): 0, (1, 0): 0, (1, 1): 1}


def test_no_pixels_at_all_are_two_empty_masks():
    assert hd95(np.zeros((0, 4), bool), np.zeros((0, 4), bool)) == 0


def test_a_mask_has_boundary_on_the_image_border():
    full = np.ones((4, 6), bool)
    distances = surface_distances(full, full)
    assert distances.prediction_to_truth.size == 2 * (4 + 6) - 4


def test_non_square_images_measure_along_the_right_axis():
    one, other = np.zeros((2, 3, 40), bool)
    one[0, 0] = other[2, 30] = True
    assert hausdorff_distance(one, other) == math.hypot(2, 30)
    found = hausdorff_distance(one, other, spacing=(10, 0.5))
    assert found == math.hypot(20, 15)


def test_hd95_is_the_larger_direction_not_the_pool():
    truth = disc((60, 80), (30, 30), 20)
    prediction = truth | disc((60, 80), (30, 70), 3)
    distances = surface_distances(prediction, truth)
    directed = [
        np.percentile(one, 95)
        for one in (
            distances.prediction_to_truth,
            distances.truth_to_prediction,
        )
    ]
    pooled = np.percentile(
        np.concatenate(
            [distances.prediction_to_truth, distances.truth_to_prediction]
        ),
        95,
    )
    assert hausdorff_percentile(distances) == max(directed) > pooled + 2
    assert hausdorff(distances) > hausdorff_percentile(distances)
    assert hd95(prediction, truth) == hd95(truth, prediction)


@pytest.mark.parametrize("percentile", [0, 3.7, 50, 95, 99.9, 100])
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_percentiles_are_those_of_numpy(size, percentile):
    values = np.random.default_rng(size).random((2, size)) * 9
    found = hausdorff_percentile(
        SurfaceDistances(*values, 99.0), percentile=percentile
    )
    expected = np.percentile(values, percentile, axis=1).max()
    assert found == pytest.approx(expected, rel=1e-14)


def test_threads_change_nothing(monkeypatch):
    masks = disc((9, 40, 50), (4, 20, 20), 15), np.ones((9, 40, 50), bool)
    one = surface_distances(*masks, spacing=(3, 1, 0.7))
    monkeypatch.setattr(_distances, "MANY", 0)
    more = surface_distances(*masks, spacing=(3, 1, 0.7))
    np.testing.assert_array_equal(
        one.truth_to_prediction, more.truth_to_prediction
    )


def test_average_distance_sees_one_direction_the_symmetric_one_both():
    truth = disc((40, 90), (20, 20), 10)
    both = truth | disc((40, 90), (20, 70), 10)
    missed_one = surface_distances(truth, both)
    assert average_surface_distance(missed_one) == 0
    assert average_symmetric_surface_distance(missed_one) > 10


def test_a_distance_equal_to_the_tolerance_counts_despite_rounding():
    one, other = np.zeros((2, 1, 5), bool)
    one[0, 0] = other[0, 3] = True
    distances = surface_distances(one, other, spacing=(1, 0.1))
    assert distances.prediction_to_truth[0] > 0.3  # 3 * 0.1
    assert surface_dice(distances, tolerance=0.3) == 1
    assert surface_dice(distances, tolerance=0.29) == 0


def test_a_volume_of_one_slice_is_all_boundary():
    square = np.ones((5, 5), bool)
    flat = surface_distances(square, square)
    volume = surface_distances(square[None], square[None])
    assert flat.prediction_to_truth.size == 16
    assert volume.prediction_to_truth.size == 25


def test_takes_tensors_lists_and_integers_and_returns_floats():
    truth = [[0, 1, 1], [0, 0, 1]]
    prediction = torch.tensor([[1, 1, 0], [0, 0, 0]])
    distances = surface_distances(prediction, truth)
    for figure in DISTANCES:
        assert type(figure(distances)) is float
    assert type(surface_dice(distances, tolerance=1)) is float
    assert hausdorff(distances) == math.sqrt(2)


def test_arguments_are_left_as_they_were():
    truth = disc((9, 11), (4, 5), 3)
    before = truth.copy()
    surface_distances(truth, truth)
    np.testing.assert_array_equal(truth, before)


MASK = np.zeros((3, 4), bool)


@pytest.mark.parametrize(
    ("prediction", "truth", "spacing", "error", "message"),
    [
        (MASK, MASK[1:], None, ValueError, "same shape, got"),
        (MASK[0], MASK[0], None, ValueError, r"\[H, W\] or a volume"),
        (MASK * 0.5, MASK, None, TypeError, "prediction must be a bool"),
        (MASK, MASK * np.nan, None, TypeError, "truth must be a bool"),
        (MASK * 2 + 5, MASK, None, ValueError, "hold 0 and 1 alone"),
        (MASK, MASK, 1.5, ValueError, "spacing must be 2 positive"),
        (MASK, MASK, (1, 1, 1), ValueError, "spacing must be 2 positive"),
        (MASK, MASK, (1, 0), ValueError, "spacing must be 2 positive"),
        (MASK, MASK, (1, math.nan), ValueError, "must be 2 positive"),
        (MASK, MASK, ("a", "b"), ValueError, "must be 2 positive"),
        (MASK, MASK, [[1], [1, 2]], ValueError, "must be 2 positive"),
    ],
)
def test_bad_masks_and_spacing(prediction, truth, spacing, error, message):
    with pytest.raises(error, match=message):
        surface_distances(prediction, truth, spacing=spacing)


def test_bad_arguments_of_the_figures():
    distances = surface_distances(MASK, MASK)
    with pytest.raises(ValueError, match="percentile must be from 0"):
        hausdorff_percentile(distances, percentile=101)
    with pytest.raises(ValueError, match="tolerance must be 0 or more"):
        surface_dice(distances, tolerance=-1)
    with pytest.raises(ValueError, match="tolerance must be 0 or more"):
        surface_dice(distances, tolerance=math.nan)
    for figure in DISTANCES:
        with pytest.raises(TypeError, match="what surface_distances ret"):
            figure(MASK)
    with pytest.raises(TypeError, match="what surface_distances returns"):
        surface_dice(MASK, tolerance=1)
