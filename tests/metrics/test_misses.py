"""Means of distances that say what was missed."""

import math

import numpy as np
import pytest

from seglab.metrics import (
    MeanWithMisses,
    hausdorff,
    mean_with_misses,
    surface_distances,
)


def test_a_miss_is_counted_and_makes_the_mean_infinite():
    assert mean_with_misses([2, 4, math.inf]) == MeanWithMisses(
        mean=math.inf, mean_of_found=3.0, missed=1, images=3
    )


def test_a_cap_stands_in_for_a_miss_one_for_all_or_one_an_image():
    values = [2, math.inf, math.inf]
    assert mean_with_misses(values, cap=5).mean == 4
    each = mean_with_misses(values, cap=[9, 5, 8])
    assert each.mean == 5
    assert each.missed == 2


def test_no_miss_is_the_plain_mean_with_or_without_a_cap():
    values = [1.0, 2.0, 6.0]
    assert mean_with_misses(values) == mean_with_misses(values, cap=10)
    assert mean_with_misses(values).mean == 3


def test_all_missed_has_no_mean_of_found():
    found = mean_with_misses([math.inf], cap=7)
    assert found.mean == 7
    assert math.isnan(found.mean_of_found)


def test_the_image_diagonal_is_a_cap():
    none, one = np.zeros((2, 3, 4), bool)
    one[1, 1] = True
    pairs = [(one, one), (none, one), (none, none)]
    found = [surface_distances(*pair) for pair in pairs]
    mean = mean_with_misses(
        [hausdorff(distances) for distances in found],
        cap=[distances.image_diagonal for distances in found],
    )
    assert mean.mean == pytest.approx(5 / 3)
    assert mean.missed == 1


@pytest.mark.parametrize(
    ("values", "cap", "message"),
    [
        ([], None, r"values must be \[N\]"),
        ([[1.0]], None, r"values must be \[N\]"),
        ([math.nan], None, "values must be distances"),
        ([-1], None, "values must be distances"),
        ([1, 2], [1, 2, 3], "cap must be one number or 2"),
        ([1, 2], 0, "cap must be positive"),
        ([1, 2], math.inf, "cap must be positive"),
    ],
)
def test_bad_arguments(values, cap, message):
    with pytest.raises(ValueError, match=message):
        mean_with_misses(values, cap=cap)
