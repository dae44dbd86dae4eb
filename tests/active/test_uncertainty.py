import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seglab.active import entropy, least_confidence, margin, mean_per_item

SEEDS = st.integers(0, 10**6)
FIGURES = (entropy, margin, least_confidence)


def draw(seed, shape, axis=1):
    raw = np.random.default_rng(seed).gamma(0.5, size=shape)
    return raw / raw.sum(axis, keepdims=True)


@given(SEEDS, st.integers(1, 6))
def test_entropy_is_scipys(seed, classes):
    chance = draw(seed, (5, classes, 3, 2))
    wanted = stats.entropy(chance, axis=1)
    np.testing.assert_allclose(entropy(chance), wanted, atol=1e-12)


@given(SEEDS)
def test_margin_and_confidence_by_sorting_lists(seed):
    chance = draw(seed, (6, 4))
    for k, row in enumerate(chance.tolist()):
        first, second, *_ = sorted(row, reverse=True)
        assert margin(chance)[k] == pytest.approx(1 - first + second)
        assert least_confidence(chance)[k] == pytest.approx(1 - first)


@given(SEEDS)
def test_the_order_of_classes_does_not_matter(seed):
    chance = draw(seed, (4, 5, 3))
    mixed = chance[:, np.random.default_rng(seed).permutation(5)]
    for figure in FIGURES:
        np.testing.assert_allclose(figure(chance), figure(mixed))


@pytest.mark.parametrize(
    ("figure", "most"),
    [(entropy, math.log(4)), (margin, 1), (least_confidence, 0.75)],
)
def test_sure_is_0_and_even_is_the_most(figure, most):
    assert figure(np.eye(4)).tolist() == [0] * 4
    assert figure(np.full((1, 4), 0.25))[0] == pytest.approx(most)


def test_with_two_classes_all_three_rank_alike():
    chance = draw(3, (50, 2))
    orders = {tuple(figure(chance).argsort()) for figure in FIGURES}
    assert len(orders) == 1


def test_tensors_in_half_precision_are_taken():
    chance = torch.rand(3, 4, 5).softmax(1)
    np.testing.assert_allclose(
        entropy(chance.half()), entropy(chance), atol=0.01
    )


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([0.5, 0.5], r"\[N, K, ...\]"),
        ([[0.5, 0.6]], "add up to 1"),
        ([[1.5, -0.5]], r"\[0, 1\]"),
        ([[math.nan, 0.5]], "NaN"),
        (np.zeros((0, 2)), "not empty"),
    ],
)
def test_what_is_no_probability(figure, bad, said):
    with pytest.raises(ValueError, match=said):
        figure(bad)


def test_a_margin_needs_two_classes():
    with pytest.raises(ValueError, match="2 classes"):
        margin([[1.0]])


def test_mean_per_item():
    scores = np.arange(12.0).reshape(2, 3, 2)
    assert mean_per_item(scores).tolist() == [2.5, 8.5]
    assert mean_per_item([1.0, 2.0]).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="scores"):
        mean_per_item(np.zeros((2, 0)))
