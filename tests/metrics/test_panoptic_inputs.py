"""Panoptic quality refuses what it cannot read, in one sentence."""

import math

import numpy as np
import pytest

from seglab.metrics import PanopticQuality, panoptic_quality


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"things": []}, ValueError, "must name a category"),
        ({"things": [1, 1]}, ValueError, "each category once"),
        ({"things": [1], "stuff": [1]}, ValueError, "each category once"),
        ({"things": [1.0]}, TypeError, "must be an integer"),
        ({"things": [-1]}, ValueError, "0 or more, got -1"),
        (
            {"things": [1], "void": 1},
            ValueError,
            "void must be no category",
        ),
        (
            {"things": [1], "void": "x"},
            TypeError,
            "void must be an integer",
        ),
        ({"things": [1], "divisor": 0}, ValueError, "divisor must be 1"),
        ({"things": [1], "names": ["a"]}, ValueError, "names must have"),
        (
            {"things": [0, 1], "names": ["a", "a"]},
            ValueError,
            "must differ",
        ),
        ({"things": [0], "names": "ab"}, TypeError, "a list of names"),
    ],
)
def test_bad_labels_are_refused_in_one_sentence(arguments, error, said):
    with pytest.raises(error, match=said):
        PanopticQuality(**arguments)


@pytest.mark.parametrize(
    ("prediction", "truth", "crowd", "error", "said"),
    [
        ([[1000.0]], [[1000]], None, TypeError, "prediction must hold int"),
        ([[1000]], [[True]], None, TypeError, "truth must hold integers"),
        ([[1000]], [[1000, 0]], None, ValueError, "the same shape"),
        ([1000], [1000], None, ValueError, r"\[H, W\]"),
        (
            [[3000]],
            [[1000]],
            None,
            ValueError,
            "prediction must .* got cat",
        ),
        ([[1000]], [[-1]], None, ValueError, "truth must .* category -1"),
        ([[1000]], [[1000]], [[True] * 2], ValueError, "crowd must have"),
        ([[1000]], [[1000]], [[0.5]], TypeError, "crowd must be a bool"),
    ],
)
def test_bad_maps_are_refused(prediction, truth, crowd, error, said):
    with pytest.raises(error, match=said):
        panoptic_quality(prediction, truth, things=[1], crowd=crowd)


def test_a_bad_image_leaves_no_trace():
    seen = PanopticQuality([1])
    batch = np.array([[[1000, 1000]], [[1000, 5000]]])
    with pytest.raises(ValueError, match="got category 5"):
        seen.update(batch, batch)
    assert math.isnan(seen.pq)
