"""Checkers of chapter 15 for what is done with probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]


def threshold_for_recall(answer: Callable[..., Any]) -> Result:
    """Check a threshold that finds enough of the true pixels."""
    rng = np.random.default_rng(0)
    probability = rng.random((12, 15)).round(3)
    truth = rng.random((12, 15)) < 0.4 + 0.4 * probability

    def given(p: Array, y: Array, recall: float) -> float:
        return float(answer(p.copy(), y.copy(), recall))

    def recall_at(threshold: float) -> float:
        return float((probability[truth] >= threshold).mean())

    shares = (0.05, 0.33, 0.5, 0.8, 0.95, 1.0)

    def enough() -> bool:
        return all(
            recall_at(given(probability, truth, share)) >= share - 1e-9
            for share in shares
        )

    def highest() -> bool:
        return all(
            recall_at(given(probability, truth, share) + 1e-6) < share
            for share in shares
        )

    def raises() -> bool:
        try:
            given(probability, np.zeros_like(truth), 0.9)
        except ValueError:
            return True
        return False

    ten = np.arange(1, 11) / 10
    return run_cases(
        "threshold_for_recall",
        [
            Case(
                "of ten true pixels at 0.1 to 1.0 eight lie at 0.3 or more",
                lambda: math.isclose(
                    given(ten, np.ones(10, bool), 0.8), 0.3
                ),
                "sort the probabilities of the true pixels, highest first",
            ),
            Case(
                "what is not true has no say",
                lambda: math.isclose(
                    given(
                        np.r_[ten, np.full(30, 0.95)],
                        np.r_[np.ones(10, bool), np.zeros(30, bool)],
                        0.8,
                    ),
                    0.3,
                ),
                "recall counts true pixels only",
            ),
            Case(
                "enough is found, for every share asked for",
                enough,
                "round up: half a pixel too few is too few",
            ),
            Case(
                "and no higher threshold would do",
                highest,
                "the threshold is itself the probability of a true pixel",
            ),
            Case(
                "without a true pixel it is a ValueError",
                raises,
                "there is no recall of nothing",
            ),
        ],
    )


def calibration_error(answer: Callable[..., Any]) -> Result:
    """Check the expected calibration error."""
    rng = np.random.default_rng(0)
    confidence = rng.random((6, 50))
    right = rng.random((6, 50)) < confidence**2

    def slow(p: Array, hit: Array, bins: int) -> float:
        p, hit, total = p.ravel(), hit.ravel(), 0.0
        for index in range(bins):
            low, high = index / bins, (index + 1) / bins
            here = (p >= low) & ((p < high) | (index == bins - 1))
            if here.any():
                gap = abs(hit[here].mean() - p[here].mean())
                total += here.mean() * gap
        return float(total)

    def gives(p: Any, hit: Any, bins: int, wanted: float) -> bool:
        found = float(answer(np.array(p), np.array(hit, bool), bins))
        return math.isclose(found, wanted, abs_tol=1e-9)

    return run_cases(
        "calibration_error",
        [
            Case(
                "two of four right at 0.75 is a gap of 0.25",
                lambda: gives([0.75] * 4, [1, 1, 0, 0], 10, 0.25),
                "confidence minus the share that was right",
            ),
            Case(
                "three of four right at 0.75 is no gap at all",
                lambda: gives([0.75] * 4, [1, 1, 1, 0], 10, 0.0),
                "take the absolute value of a bin's gap, not a pixel's",
            ),
            Case(
                "too sure in one bin and too shy in another both count",
                lambda: gives(
                    [0.25] * 4 + [0.75] * 4,
                    [1, 1, 0, 0, 1, 1, 0, 0],
                    2,
                    0.25,
                ),
                "gaps of different bins must not cancel",
            ),
            Case(
                "a bin weighs as much as it has pixels",
                lambda: all(
                    gives(confidence, right, b, slow(confidence, right, b))
                    for b in (1, 3, 10, 15)
                ),
                "weigh each gap by the bin's share of the pixels",
            ),
            Case(
                "a confidence of 0 and one of 1 have bins too",
                lambda: gives([0.0, 1.0, 1.0], [1, 0, 0], 5, 1.0),
                "the first bin holds 0, the last one holds 1",
            ),
        ],
    )
