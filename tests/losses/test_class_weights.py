"""Class weights of a data set."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from seglab.losses import (
    class_counts,
    cross_entropy,
    effective_number_weights,
    inverse_frequency_weights,
    inverse_sqrt_frequency_weights,
)

WEIGHTS = [
    inverse_frequency_weights,
    inverse_sqrt_frequency_weights,
    effective_number_weights,
]
counts_of = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(
    any
)


@given(counts_of)
def test_weights_are_finite_and_average_1_over_the_pixels(counts):
    counts = torch.tensor(counts)
    for weigh in WEIGHTS:
        weights = weigh(counts)
        assert weights.dtype == torch.float32
        assert torch.isfinite(weights).all() and (weights > 0).all()
        mean = (weights.double() * counts).sum() / counts.sum()
        assert mean.item() == pytest.approx(1, rel=1e-5)
        absent = weights[counts == 0]
        assert (absent == weights[counts > 0].max()).all()
        rising = weights[counts.argsort(stable=True)].double()
        assert (rising.diff() <= 1e-6 * rising[:-1]).all()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_inverse_frequency_is_scikit_learns_balanced(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight(
        "balanced", classes=np.arange(len(counts)), y=labels
    )
    ours = inverse_frequency_weights(torch.tensor(counts))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_ratios_are_those_of_the_formulas():
    counts = torch.tensor([400, 100])
    weights = inverse_sqrt_frequency_weights(counts)
    assert (weights[1] / weights[0]).item() == pytest.approx(2)
    weights = effective_number_weights(counts, beta=0.99)
    expected = (1 - 0.99**400) / (1 - 0.99**100)
    assert (weights[1] / weights[0]).item() == pytest.approx(expected)
    weights = effective_number_weights(counts, beta=0.0)
    assert torch.equal(weights, torch.ones(2))
    near = effective_number_weights(counts, beta=1 - 1e-9)
    torch.testing.assert_close(
        near, inverse_frequency_weights(counts), atol=0, rtol=1e-4
    )


@given(st.lists(st.lists(st.integers(0, 4), max_size=9), max_size=5))
def test_counts_are_those_of_all_masks_together(masks):
    masks = [torch.tensor(mask, dtype=torch.uint8) for mask in masks]
    ours = class_counts(iter(masks), 4, ignore_index=4)
    together = torch.cat([torch.empty(0, dtype=torch.uint8), *masks])
    assert ours.tolist() == [(together == i).sum() for i in range(4)]


def test_they_fit_cross_entropy():
    target = torch.tensor([[0, 0, 0, 2]])
    counts = class_counts([target], 3)
    logits = torch.randn(1, 3, 4)
    weight = inverse_frequency_weights(counts)
    ours = cross_entropy(logits, target, weight=weight)
    each = cross_entropy(logits, target, reduction="none")[0]
    expected = (each[:3].mean() + each[3]) / 2
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("weigh", WEIGHTS)
def test_wrong_counts_are_named(weigh):
    with pytest.raises(ValueError, match=r"counts must have shape \[C\]"):
        weigh(torch.ones(2, 2))
    with pytest.raises(ValueError, match="got -1 to 2"):
        weigh(torch.tensor([-1, 2]))
    with pytest.raises(ValueError, match="finite and 0 or more"):
        weigh(torch.tensor([float("nan"), 2]))
    with pytest.raises(ValueError, match="at least one pixel, got none"):
        weigh(torch.zeros(3))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="beta must be from 0 to below 1"):
        effective_number_weights(torch.ones(2), beta=1)
    with pytest.raises(ValueError, match="from 0 to 1, got 7"):
        class_counts([torch.tensor([0, 7])], 2)
    with pytest.raises(TypeError, match="integer class indices"):
        class_counts([torch.zeros(2)], 2)
    with pytest.raises(ValueError, match="num_classes must be 2 or more"):
        class_counts([], 1)
