"""Checkers for chapter 07, imbalance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]


def sqrt_weights(answer: Callable[[Array], Any]) -> Result:
    """Check class weights of one over the square root of frequency."""
    counts = np.array([900, 90, 9, 1])
    absent = np.array([400, 0, 100])

    def of(numbers: Array) -> Array:
        return np.asarray(answer(numbers), dtype=np.float64)

    return run_cases(
        "sqrt_weights",
        [
            Case(
                "classes of one size weigh 1",
                lambda: np.allclose(of(np.array([50, 50, 50])), 1),
                "divide by the mean over all pixels, not by the sum",
            ),
            Case(
                "a class a hundred times as rare weighs ten times as much",
                lambda: math.isclose(
                    of(np.array([10_000, 100]))[1]
                    / of(np.array([10_000, 100]))[0],
                    10,
                    rel_tol=1e-6,
                ),
                "one over the square root of the frequency",
            ),
            Case(
                "the mean over the pixels is 1",
                lambda: math.isclose(
                    (of(counts) * counts).sum() / counts.sum(), 1
                ),
                "every pixel carries the weight of its class",
            ),
            Case(
                "an absent class gets the largest weight of a present one",
                lambda: np.allclose(of(absent), _sqrt_weights(absent)),
                "not infinity, not 0; and it adds nothing to the mean",
            ),
            Case(
                "other counts too, and the argument stays as it was",
                lambda: (
                    np.allclose(of(counts), _sqrt_weights(counts))
                    and counts.tolist() == [900, 90, 9, 1]
                ),
                "compute on a copy",
            ),
        ],
    )


def tversky(answer: Callable[..., Tensor]) -> Result:
    """Check a Tversky loss on probabilities."""
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(2, 3, 5, 7, generator=generator)
    t = (torch.rand(2, 3, 5, 7, generator=generator) > 0.5).float()
    perfect = torch.zeros(1, 1, 4, 4)
    perfect[..., :2] = 1
    too_much = torch.ones(1, 1, 4, 4)

    def fits(alpha_fp: float, beta_fn: float, smooth: float) -> bool:
        wanted = _tversky(p, t, alpha_fp, beta_fn, smooth)
        got = answer(p, t, alpha_fp, beta_fn, smooth)
        return bool(torch.isclose(torch.as_tensor(got), wanted))

    def has_gradient() -> bool:
        leaf = p.clone().requires_grad_()
        answer(leaf, t, 0.3, 0.7, 1.0).backward()
        return leaf.grad is not None and bool(leaf.grad.abs().sum() > 0)

    return run_cases(
        "tversky",
        [
            Case(
                "a perfect mask costs 0",
                lambda: (
                    abs(float(answer(perfect, perfect, 0.3, 0.7, 1.0)))
                    < 1e-6
                ),
                "smooth stands above and below",
            ),
            Case(
                "painting too much costs by alpha_fp",
                lambda: math.isclose(
                    float(answer(too_much, perfect, 0.25, 0.75, 1.0)),
                    1 - 9 / (8 + 0.25 * 8 + 1),
                    rel_tol=1e-5,
                ),
                "false positives: painted, but not in the truth",
            ),
            Case(
                "means are taken per image and class",
                lambda: fits(0.5, 0.5, 1.0),
                "sum over the last two axes only, then take the mean",
            ),
            Case(
                "other prices and smoothings",
                lambda: fits(0.3, 0.7, 1e-3) and fits(1.0, 0.0, 2.0),
                "use every argument",
            ),
            Case(
                "a gradient reaches the probabilities",
                has_gradient,
                "no threshold, no argmax, no detach",
            ),
        ],
    )


def binary_focal(answer: Callable[..., Tensor]) -> Result:
    """Check the mended focal loss."""
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(2, 1, 6, 5, generator=generator)
    truth = (torch.rand(2, 1, 6, 5, generator=generator) > 0.7).float()
    sure = torch.tensor([200.0, -200.0])
    ones, zeros = torch.ones(1), torch.zeros(1)
    half = torch.zeros(1)  # a logit of 0: p = 1/2

    def value(*arguments: Any) -> float:
        return float(answer(*arguments))

    def finite_gradient() -> bool:
        leaf = sure.clone().requires_grad_()
        answer(leaf, torch.tensor([0.0, 1.0]), 2.0, 0.25).backward()
        return leaf.grad is not None and bool(leaf.grad.isfinite().all())

    return run_cases(
        "binary_focal",
        [
            Case(
                "gamma 0 and alpha 1/2 give half the cross-entropy",
                lambda: math.isclose(
                    value(logits, truth, 0.0, 0.5),
                    0.5
                    * F.binary_cross_entropy_with_logits(
                        logits, truth
                    ).item(),
                    rel_tol=1e-4,
                ),
                "1 - alpha belongs to the negatives; take the mean",
            ),
            Case(
                "sure and right costs nothing, and is no NaN",
                lambda: (
                    abs(value(sure, torch.tensor([1.0, 0.0]), 2.0, 0.25))
                    < 1e-6
                ),
                "there is a cross-entropy that takes logits",
            ),
            Case(
                "sure and wrong is finite, with a finite gradient",
                lambda: (
                    math.isclose(
                        value(sure, torch.tensor([0.0, 1.0]), 2.0, 0.25),
                        0.5 * (0.75 + 0.25) * 200,
                        rel_tol=1e-4,
                    )
                    and finite_gradient()
                ),
                "the loss of a logit of 200 on the wrong side is 200",
            ),
            Case(
                "alpha weighs positives, 1 - alpha negatives",
                lambda: math.isclose(
                    value(half, zeros, 2.0, 0.25),
                    3 * value(half, ones, 2.0, 0.25),
                    rel_tol=1e-4,
                ),
                "with alpha 0.25 a negative weighs three times a positive",
            ),
            Case(
                "random logits, other gammas",
                lambda: all(
                    math.isclose(
                        value(logits, truth, gamma, 0.25),
                        _binary_focal(logits, truth, gamma, 0.25).item(),
                        rel_tol=1e-4,
                    )
                    for gamma in (0.5, 1.0, 2.0, 5.0)
                ),
                "the factor is (1 - p_t) to the power gamma",
            ),
        ],
    )


def best_threshold(answer: Callable[..., Any]) -> Result:
    """Check the choice of a threshold by Dice."""
    grid = [0.1, 0.3, 0.5, 0.7, 0.9]
    shy = np.array([[0.05, 0.2, 0.35, 0.4], [0.02, 0.15, 0.32, 0.05]])
    there = np.array([[0, 0, 1, 1], [0, 0, 1, 0]], bool)
    two = np.array([[0.6] * 10 + [0.05] * 10, [0.2] * 9 + [0.05] * 11])
    both = np.array([[1] * 10 + [0] * 10, [1] + [0] * 19], bool)
    on_rim = np.array([[0.3, 0.31, 0.1]])
    tiny, dot = np.full((1, 100), 0.01), np.zeros((1, 100), bool)
    tiny[0, :4], dot[0, 0] = 0.4, True

    def fits(p: Array, t: Array) -> bool:
        return math.isclose(answer(p, t, grid), _best_threshold(p, t, grid))

    return run_cases(
        "best_threshold",
        [
            Case(
                "a shy network gets a low threshold",
                lambda: math.isclose(answer(shy, there, grid), 0.3),
                "score every candidate, and take the one that does best",
            ),
            Case(
                "all images are pooled",
                lambda: fits(two, both),
                "one Dice over all pixels, not a mean over images",
            ),
            Case(
                "a pixel at the threshold is not painted",
                lambda: fits(on_rim, np.array([[False, True, False]])),
                "paint where the probability is above it",
            ),
            Case(
                "a lesion of one pixel is worth three false ones",
                lambda: math.isclose(answer(tiny, dot, grid), 0.1),
                "accuracy would paint nothing: score by Dice",
            ),
            Case(
                "of equals the first candidate is taken",
                lambda: math.isclose(
                    answer(
                        np.array([[0.95, 0.0]]), there[:1, 2:0:-1], grid
                    ),
                    0.1,
                ),
                "only a better candidate replaces the best so far",
            ),
            Case(
                "without the organ there is nothing to choose: 0.5",
                lambda: math.isclose(
                    answer(shy + 0.25, np.zeros_like(there), grid), 0.5
                ),
                "look at the truth before you divide",
            ),
        ],
    )


def _sqrt_weights(counts: Array) -> Array:
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = (counts[present] / counts.sum()) ** -0.5
    weights[~present] = weights.max()
    return weights / ((weights * counts).sum() / counts.sum())


def _tversky(
    p: Tensor, t: Tensor, alpha_fp: float, beta_fn: float, smooth: float
) -> Tensor:
    tp = (p * t).sum((2, 3))
    fp, fn = p.sum((2, 3)) - tp, t.sum((2, 3)) - tp
    index = (tp + smooth) / (tp + alpha_fp * fp + beta_fn * fn + smooth)
    return (1 - index).mean()


def _binary_focal(
    logits: Tensor, truth: Tensor, gamma: float, alpha: float
) -> Tensor:
    side = 2 * truth - 1
    missing = torch.sigmoid(-side * logits)
    weights = alpha * truth + (1 - alpha) * (1 - truth)
    return (weights * missing**gamma * F.softplus(-side * logits)).mean()


def _best_threshold(p: Array, t: Array, candidates: list[float]) -> float:
    scores = [
        2
        * np.count_nonzero((p > c) & t)
        / max(1, ((p > c).sum() + t.sum()))
        for c in candidates
    ]
    return candidates[int(np.argmax(scores))]
