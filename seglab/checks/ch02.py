"""Checkers for chapter 02, metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Batches = Sequence[tuple[Array, Array]]


def dice_to_iou(answer: Callable[[Any], Any]) -> Result:
    """Check the conversion of Dice to IoU."""
    grid = np.linspace(0, 1, 11)

    def counts_agree() -> bool:
        tp, errors = 30, 25
        dice = 2 * tp / (2 * tp + errors)
        return _near(answer(dice), tp / (tp + errors))

    return run_cases(
        "dice_to_iou",
        [
            Case(
                "a perfect mask has IoU 1, an empty one 0",
                lambda: _near(answer(1.0), 1) and _near(answer(0.0), 0),
                "try Dice 1 and Dice 0 in your formula by hand",
            ),
            Case(
                "Dice 0.8 is IoU 2/3",
                lambda: _near(answer(0.8), 2 / 3),
                "write e = (FP + FN) / TP and express both metrics by e",
            ),
            Case(
                "it fits a mask counted by hand (TP 30, 25 errors)",
                counts_agree,
                "compute both metrics from TP = 30 and FP + FN = 25",
            ),
            Case(
                "it takes an array",
                lambda: np.allclose(answer(grid), grid / (2 - grid)),
                "use plain arithmetic; it works on arrays as it is",
            ),
        ],
    )


def disc_scores(
    answer: Callable[..., tuple[float, float]],
) -> Result:
    """Check the scores of two discs."""

    def fits(radius: int, distance: int, size: int) -> bool:
        return np.allclose(
            answer(radius, distance, size),
            _disc_scores(radius, distance, size),
        )

    return run_cases(
        "disc_scores",
        [
            Case(
                "a disc and itself score (1, 1)",
                lambda: np.allclose(answer(20, 0, 100), (1, 1)),
                "with distance 0 both discs are the same mask",
            ),
            Case(
                "discs far apart score (0, 0)",
                lambda: np.allclose(answer(5, 30, 100), (0, 0)),
                "the second centre lies `distance` to the right",
            ),
            Case(
                "the tutorial's discs are right to four places",
                lambda: fits(20, 5, 100),
                "IoU first; a pixel at exactly `radius` is inside",
            ),
            Case(
                "other radii, distances and sizes too",
                lambda: fits(7, 4, 41) and fits(1, 1, 9),
                "use the arguments, not the numbers of the text",
            ),
        ],
    )


def accumulated_miou(
    answer: Callable[[Batches, int, int], float],
) -> Result:
    """Check the accumulated mIoU."""
    generator = np.random.default_rng(2)
    whole = [generator.integers(0, 3, (10, 6, 5)) for _ in range(2)]
    thirds = [(whole[0][i : i + 4], whole[1][i : i + 4]) for i in (0, 4, 8)]
    void = [(p, np.where(p == 1, 255, t)) for p, t in thirds]
    one = (np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    odd = (np.array([0, 0, 2, 2]), np.array([0, 0, 0, 0]))
    empty = (np.array([0, 1]), np.array([255, 255]))

    def fits(batches: Batches, classes: int) -> bool:
        expected = _accumulated(batches, classes)
        return _near(answer(batches, classes, 255), expected)

    return run_cases(
        "accumulated_miou",
        [
            Case(
                "one batch of four pixels is right",
                lambda: fits([one], 2),
                "IoU is 1/2 for class 0 and 2/3 for class 1",
            ),
            Case(
                "several batches are scored as one data set",
                lambda: fits(thirds, 3),
                "what belongs to one batch, and what to the data set?",
            ),
            Case(
                "ignored pixels do not count",
                lambda: fits(void, 3),
                "drop pixels by the truth, never by the prediction",
            ),
            Case(
                "a class that never occurs is left out",
                lambda: fits([one], 5),
                "a union of 0 is no IoU: neither 0 nor 1",
            ),
            Case(
                "a class that was only predicted counts 0",
                lambda: fits([odd], 4),
                "leave out a class only if its union is empty",
            ),
            Case(
                "a truth of nothing but ignored pixels gives NaN",
                lambda: math.isnan(answer([empty], 2, 255)),
                "if no class is left, there is no mean",
            ),
        ],
    )


def honest_scores(
    answer: Callable[..., tuple[float, float]],
) -> Result:
    """Check the mended pair of scores."""
    generator = np.random.default_rng(3)
    none = np.zeros((6, 7), bool)
    dot = none.copy()
    dot[2, 3] = True
    pairs = [generator.random((2, 6, 7)) < p for p in (0.1, 0.5, 0.9)]

    def random_pairs() -> bool:
        return all(
            np.allclose(answer(*pair), _scores(*pair)) for pair in pairs
        )

    def nan_comes_through() -> bool:
        scores = answer(none, none, empty=float("nan"))
        return all(map(math.isnan, scores))

    return run_cases(
        "honest_scores",
        [
            Case(
                "a perfect mask scores (1, 1)",
                lambda: np.allclose(answer(dot, dot), (1, 1)),
                "return IoU and Dice, in this order",
            ),
            Case(
                "a missed pixel scores (0, 0)",
                lambda: np.allclose(answer(none, dot), (0, 0)),
                "something is still added above and below",
            ),
            Case(
                "a false alarm scores (0, 0)",
                lambda: np.allclose(answer(dot, none), (0, 0)),
                "only two empty masks are a special case",
            ),
            Case(
                "two empty masks score `empty` in both",
                lambda: (
                    np.allclose(answer(none, none), (1, 1))
                    and np.allclose(answer(none, none, empty=0.0), (0, 0))
                ),
                "decide it once, before either division",
            ),
            Case(
                "`empty` may be NaN",
                nan_comes_through,
                "return `empty` as it came",
            ),
            Case(
                "random masks score what counting gives",
                random_pairs,
                "compare with TP / (TP + FP + FN) and its Dice",
            ),
        ],
    )


def _near(value: Any, expected: float) -> bool:
    return bool(np.isclose(float(value), expected, atol=1e-9))


def _scores(prediction: Array, truth: Array) -> tuple[float, float]:
    both = np.count_nonzero(prediction & truth)
    total = np.count_nonzero(prediction) + np.count_nonzero(truth)
    return both / (total - both), 2 * both / total


def _disc_scores(
    radius: int, distance: int, size: int
) -> tuple[float, float]:
    y, x = np.mgrid[:size, :size] - size // 2
    return _scores(
        x**2 + y**2 <= radius**2,
        (x - distance) ** 2 + y**2 <= radius**2,
    )


def _accumulated(batches: Batches, classes: int) -> float:
    prediction = np.concatenate([p.ravel() for p, _ in batches])
    truth = np.concatenate([t.ravel() for _, t in batches])
    counted = truth != 255
    scores = []
    for label in range(classes):
        p, t = prediction[counted] == label, truth[counted] == label
        if (p | t).any():
            scores.append(_scores(p, t)[0])
    return float(np.mean(scores))
