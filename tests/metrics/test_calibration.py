"""Calibration error: worked by hand, a slow version, torchmetrics."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.functional import classification as torchmetrics

from seglab.metrics import expected_calibration_error, reliability_table

IGNORED = 255


def slow_error(confidence, right, bins):
    """The definition, one bin at a time."""
    total, edges = 0.0, np.linspace(0, 1, bins + 1)
    for k in range(bins):
        inside = (confidence >= edges[k]) & (confidence < edges[k + 1])
        if k == bins - 1:
            inside |= confidence == 1
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            total += gap * inside.sum()
    return total / confidence.size


@given(
    hnp.arrays(float, (3, 5), elements=st.floats(0, 1)),
    hnp.arrays(np.uint8, (3, 5), elements=st.sampled_from([0, 1, IGNORED])),
    st.integers(1, 20),
)
@settings(max_examples=80, deadline=None)
def test_a_loop_over_the_bins_gives_the_same(scores, truth, bins):
    ours = expected_calibration_error(
        scores, truth, bins=bins, ignore_index=IGNORED
    )
    valid = truth != IGNORED
    if valid.any():
        slow = slow_error(scores[valid], truth[valid] == 1, bins)
        assert ours == pytest.approx(slow)
    else:
        assert math.isnan(ours)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_of_two_classes_torchmetrics_agrees(bins):
    torch.manual_seed(0)
    scores = torch.rand(4, 32, 31)
    truth = (torch.rand(4, 32, 31) < scores**2).long()
    truth[0, :7] = IGNORED
    theirs = torchmetrics.binary_calibration_error(
        scores, truth, n_bins=bins, ignore_index=IGNORED
    )
    ours = expected_calibration_error(
        scores, truth, bins=bins, ignore_index=IGNORED
    )
    assert ours == pytest.approx(theirs.item(), abs=1e-5)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_of_many_classes_torchmetrics_agrees(bins):
    torch.manual_seed(0)
    scores = torch.randn(3, 5, 32, 31).mul(2).softmax(1)
    truth = torch.randint(0, 5, (3, 32, 31))
    truth[torch.rand(truth.shape) < 0.5] = IGNORED
    theirs = torchmetrics.multiclass_calibration_error(
        scores, truth, 5, n_bins=bins, ignore_index=IGNORED
    )
    ours = expected_calibration_error(
        scores, truth, bins=bins, ignore_index=IGNORED
    )
    assert ours == pytest.approx(theirs.item(), abs=1e-5)


def test_sure_and_right_is_calibrated_sure_and_wrong_is_not():
    assert expected_calibration_error([1.0, 0.0], [1, 0]) == 0
    assert expected_calibration_error([1.0, 0.0], [0, 1]) == 1


def test_a_table_worked_by_hand():
    scores = np.array([0.0, 0.2, 0.5, 0.6, 1.0])
    table = reliability_table(scores, [0, 1, 0, 1, 1], bins=4)
    np.testing.assert_array_equal(table["lower"], [0, 0.25, 0.5, 0.75])
    np.testing.assert_array_equal(table["upper"], [0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(table["count"], [2, 0, 2, 1])
    np.testing.assert_allclose(table["confidence"], [0.1, np.nan, 0.55, 1])
    np.testing.assert_allclose(table["accuracy"], [0.5, np.nan, 0.5, 1])


def test_the_error_of_many_classes_worked_by_hand():
    scores = [[0.8, 0.2, 0.0], [0.1, 0.3, 0.6]]
    # right with 0.8, wrong with 0.6: gaps of 0.2 and 0.6
    error = expected_calibration_error(scores, [0, 1], bins=10)
    assert error == pytest.approx(0.4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_score_on_an_edge_is_in_the_bin_above_it(dtype):
    scores = torch.tensor([k / 10 for k in range(10)], dtype=dtype)
    table = reliability_table(scores, [0] * 10, bins=10)
    assert table["count"].tolist() == [1] * 10


def test_bool_truth_and_bfloat16_scores():
    scores = torch.tensor([[0.25, 0.75]], dtype=torch.bfloat16)
    error = expected_calibration_error(scores, np.array([[False, True]]))
    assert error == pytest.approx(0.25)


def test_nothing_counted_is_nan():
    nothing = np.zeros((0, 4))
    error = expected_calibration_error(nothing, nothing.astype(int))
    assert math.isnan(error)
    ignored = expected_calibration_error(
        [[0.5, 0.5]], [IGNORED], ignore_index=IGNORED
    )
    assert math.isnan(ignored)


@pytest.mark.parametrize(
    ("scores", "truth", "more", "error", "said"),
    [
        ([1, 0], [1, 0], {}, TypeError, "probabilities must be floats"),
        ([0.5], [0.5], {}, TypeError, "truth must hold integer"),
        ([1.5], [1], {}, ValueError, "lie from 0 to 1"),
        ([math.nan], [1], {}, ValueError, "lie from 0 to 1"),
        ([0.5], [2], {}, ValueError, "class indices from 0 to 1"),
        ([[0.5, 0.5]], [2], {}, ValueError, "class indices from 0 to 1"),
        ([[0.5, 0.6]], [1], {}, ValueError, "add up to 1"),
        ([[0.5], [0.6]], [1], {}, ValueError, "truth's shape"),
        ([[0.5], [0.6]], [1, 1], {}, ValueError, "C >= 2"),
        ([0.5], [1], {"bins": 0}, ValueError, "bins must be 1 or more"),
        ([0.5], [1], {"bins": 2.0}, TypeError, "bins must be an integer"),
    ],
)
def test_bad_input_is_refused(scores, truth, more, error, said):
    with pytest.raises(error, match=said):
        expected_calibration_error(scores, truth, **more)
