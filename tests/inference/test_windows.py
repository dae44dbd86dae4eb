"""Windows cover everything, and weigh as MONAI's do."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data.utils import compute_importance_map, dense_patch_slices

from seglab.inference.windows import (
    Weighting,
    window_starts,
    window_weights,
)


@given(
    length=st.integers(1, 200),
    window=st.integers(1, 60),
    overlap=st.floats(0, 0.95),
)
def test_every_pixel_is_covered_and_no_window_sticks_out(
    length: int, window: int, overlap: float
) -> None:
    starts = window_starts(length, window, overlap)
    covered = np.zeros(max(length, window), dtype=bool)
    for start in starts:
        assert start + window <= len(covered)
        covered[start : start + window] = True
    assert covered.all()
    assert starts == sorted(set(starts))


@given(
    length=st.integers(8, 200),
    window=st.integers(1, 8),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
)
def test_the_places_are_those_of_monai(
    length: int, window: int, overlap: float
) -> None:
    step = max(1, int(window * (1 - overlap)))
    theirs = dense_patch_slices((length,), (window,), (step,))
    assert window_starts(length, window, overlap) == [
        place[0].start for place in theirs
    ]


@pytest.mark.parametrize("size", [(1, 1), (7, 12), (64, 64)])
def test_gaussian_weights_are_those_of_monai(size: tuple[int, int]) -> None:
    theirs = compute_importance_map(size, mode="gaussian")
    torch.testing.assert_close(window_weights(size), theirs)


def test_flat_weights_are_one() -> None:
    assert window_weights((3, 4), "flat").eq(1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4, 0.5), "length must be 1 or more, got 0"),
        ((4, 0, 0.5), "window must be 1 or more, got 0"),
        ((4, 4, 1.0), "overlap must be 0 or more and below 1, got 1.0"),
        ((4, 4, float("nan")), "overlap must be"),
    ],
)
def test_bad_places(
    arguments: tuple[int, int, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        window_starts(*arguments)


def test_bad_weights() -> None:
    with pytest.raises(ValueError, match="flat, gaussian, got 'round'"):
        window_weights((4, 4), cast(Weighting, "round"))
    with pytest.raises(ValueError, match="size must be 1 or more"):
        window_weights((0, 4))
