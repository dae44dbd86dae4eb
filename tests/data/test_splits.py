"""Slabs that do not touch."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seglab.data.splits import slab_split


@given(
    st.integers(20, 150),
    st.integers(0, 5),
    st.integers(1, 5),
    st.floats(0.1, 0.5),
    st.integers(1, 3),
)
def test_slabs_keep_their_distance(count, gap, slabs, held_out, every):
    z = np.arange(0, count * every, every)
    try:
        train, test = slab_split(z, held_out=held_out, gap=gap, slabs=slabs)
    except ValueError as error:
        assume("leaves no" not in str(error))
        raise
    distances = np.abs(z[train][:, None] - z[test][None])
    assert distances.min() > gap
    assert abs(len(test) - held_out * count) <= 0.5 * slabs + 1e-9
    # at most slabs contiguous stretches are held out
    assert np.sum(np.diff(test) > 1) <= slabs - 1


def test_only_the_gap_is_left_out():
    train, test = slab_split(range(40), gap=2, slabs=2)
    assert len(train) + len(test) == 40 - 2 * 2 * 2


def test_order_does_not_matter():
    z = np.random.default_rng(0).permutation(60)
    train, test = slab_split(z)
    sorted_train, sorted_test = slab_split(np.arange(60))
    assert sorted(z[train]) == sorted_train.tolist()
    assert sorted(z[test]) == sorted_test.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": 0}, "held_out must lie between 0 and 1"),
        ({"held_out": 1}, "held_out must lie between 0 and 1"),
        ({"gap": -1}, "gap must be 0 or more"),
        ({"slabs": 0}, "slabs must be 1 or more"),
        ({"gap": 30}, "gap=30 leaves no training slice"),
        ({"held_out": 0.01}, "leaves no test slice"),
    ],
)
def test_odd_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        slab_split(range(20), **options)


def test_z_must_be_one_dimensional():
    with pytest.raises(ValueError, match="one-dimensional"):
        slab_split(np.zeros((3, 3)))
