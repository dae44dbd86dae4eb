"""One pass gives what a loop over thresholds gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab.inference.thresholds import threshold_curve


def slowly(
    chance: np.ndarray, truth: np.ndarray, thresholds: list[float]
) -> np.ndarray:
    """Every threshold, class and image by itself."""
    table = np.full((len(thresholds), chance.shape[1]), np.nan)
    for row, threshold in enumerate(thresholds):
        for index in range(chance.shape[1]):
            scores = []
            for p, t in zip(chance[:, index], truth[:, index], strict=True):
                found = p > chance.dtype.type(threshold)
                if found.sum() + t.sum():
                    both = (found & t).sum()
                    scores.append(2 * both / (found.sum() + t.sum()))
            if scores:
                table[row, index] = np.mean(scores)
    return table


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(
        st.integers(1, 3), st.integers(1, 3), st.integers(1, 5)
    ),
    seed=st.integers(0, 99),
    kind=st.sampled_from([np.float32, np.float64]),
)
def test_equal_to_a_loop(
    shape: tuple[int, int, int], seed: int, kind: type
) -> None:
    rng = np.random.default_rng(seed)
    # probabilities on the thresholds too: a pixel must lie above
    chance = rng.integers(0, 11, shape).astype(kind) / kind(10)
    truth = rng.random(shape) < 0.4
    thresholds = [0.1, 0.3, 0.5, 0.8]
    curve = threshold_curve(chance, truth, thresholds)
    np.testing.assert_allclose(
        curve.dice, slowly(chance, truth, thresholds)
    )


def test_tensors_and_images() -> None:
    chance = torch.rand(2, 3, 8, 9)
    curve = threshold_curve(chance, chance > 0.35)
    np.testing.assert_allclose(curve.best, 0.35, atol=0.021)
    assert curve.dice.max(0) == pytest.approx([1, 1, 1], abs=0.05)


def test_a_class_that_is_nowhere_keeps_one_half() -> None:
    chance = np.zeros((2, 1, 4, 4))
    curve = threshold_curve(chance, chance > 1)
    assert np.isnan(curve.dice).all()
    assert curve.best == [0.5]


def test_the_middle_of_equally_good_thresholds() -> None:
    chance = np.array([[[0.1, 0.9]]])
    curve = threshold_curve(
        chance, chance > 0.5, [0.2, 0.4, 0.6, 0.8, 0.95]
    )
    assert curve.best == [0.6]


@pytest.mark.parametrize(
    ("chance", "truth", "thresholds", "message"),
    [
        (
            np.zeros((1, 1, 2)),
            np.zeros((1, 1, 3)),
            [0.5],
            "both have shape",
        ),
        (np.full((1, 1, 2), 1.5), np.zeros((1, 1, 2)), [0.5], "in 0..1"),
        (np.full((1, 1, 2), np.nan), np.zeros((1, 1, 2)), [0.5], "in 0..1"),
        (np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), [0.5, 0.5], "ascend"),
        (np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), [], "ascend"),
    ],
)
def test_bad_arguments(
    chance: np.ndarray,
    truth: np.ndarray,
    thresholds: list[float],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        threshold_curve(chance, truth.astype(bool), thresholds)
