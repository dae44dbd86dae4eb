"""Checkers for chapter 17, the lungs in a chest radiograph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Part = tuple[Array, Array]

# patients in no order, with unequal numbers of films
_PATIENT = np.array([7, 3, 3, 9, 7, 5, 5, 5, 9, 1, 7, 2, 3, 2, 8, 5])


def split_by_patient(answer: Callable[..., Any]) -> Result:
    """Check a split that keeps patients whole."""

    def sides(seed: int, held_out: int = 3) -> tuple[set[int], set[int]]:
        train, test = answer(_PATIENT, held_out, seed)
        for side in (train, test):
            if np.asarray(side).dtype.kind not in "iu":
                raise TypeError("indices must be whole numbers")
        return set(map(int, train)), set(map(int, test))

    def no_patient_twice() -> bool:
        for seed in range(10):
            train, test = sides(seed)
            both = {_PATIENT[i] for i in train} & {
                _PATIENT[i] for i in test
            }
            if both:
                return False
        return True

    def all_films_once() -> bool:
        train, test = answer(_PATIENT, 3, 0)
        dealt = sorted([*map(int, train), *map(int, test)])
        return dealt == list(range(len(_PATIENT)))

    def right_count() -> bool:
        for seed in range(10):
            for held_out in (1, 3, 5):
                _, test = sides(seed, held_out)
                if len({_PATIENT[i] for i in test}) != held_out:
                    return False
        return True

    def patients_equally_likely() -> bool:
        seen = [_PATIENT[min(sides(seed, 1)[1])] for seed in range(400)]
        _, counts = np.unique(seen, return_counts=True)
        return len(counts) == 7 and bool(counts.max() < 2 * counts.min())

    return run_cases(
        "split_by_patient",
        [
            Case(
                "every film is in one of the two sides",
                all_films_once,
                "return two arrays of film indices that cover all films",
            ),
            Case(
                "no patient is on both sides",
                no_patient_twice,
                "decide for each patient, not for each film",
            ),
            Case(
                "exactly `held_out` patients are held out",
                right_count,
                "count patients, not films, and draw without replacement",
            ),
            Case(
                "the same seed gives the same split, another one another",
                lambda: (
                    sides(1) == sides(1)
                    and len({tuple(sides(s)[1]) for s in range(9)}) > 2
                ),
                "make a generator from the seed inside the function",
            ),
            Case(
                "a patient with many films is not drawn more often",
                patients_equally_likely,
                "draw from np.unique(patient)",
            ),
        ],
    )


def full_size_mask(answer: Callable[..., Any]) -> Result:
    """Check a mask that was resized before the threshold."""

    def disc(radius: float, side: int, size: int) -> tuple[Any, Array]:
        small = (np.arange(side) + 0.5) * size / side - size / 2
        large = np.arange(size) + 0.5 - size / 2
        logits = radius - np.hypot(small[:, None], small)
        truth = np.hypot(large[:, None], large) < radius
        return torch.from_numpy(logits).float(), truth

    def found(radius: float, side: int, size: int) -> tuple[Array, Array]:
        logits, truth = disc(radius, side, size)
        return np.asarray(answer(logits, (size, size))), truth

    def sharp() -> bool:
        mask, truth = found(80, 32, 256)
        return _dice(mask, truth) > 0.99

    def neither_fat_nor_thin() -> bool:
        mask, truth = found(80, 32, 256)
        return 0.98 < mask.sum() / truth.sum() < 1.02

    def other_shape() -> bool:
        mask = np.asarray(answer(torch.ones(5, 7), (30, 21)))
        return mask.shape == (30, 21) and bool(mask.all())

    def mirrored() -> bool:
        logits, _ = disc(40, 16, 128)
        mask = np.asarray(answer(logits, (128, 128)))
        rest = np.asarray(answer(-logits, (128, 128)))
        return _dice(~mask, rest) > 0.99

    return run_cases(
        "full_size_mask",
        [
            Case(
                "a bool mask of the size asked for, not square either",
                lambda: (
                    other_shape()
                    and np.asarray(answer(torch.ones(4, 4), (8, 8))).dtype
                    == bool
                ),
                "size is (height, width); compare at the very end",
            ),
            Case(
                "a disc of 32 px logits becomes a disc at 256 px",
                sharp,
                "interpolate the logits (bilinear), then compare with 0",
            ),
            Case(
                "its area is right within 2 %",
                neither_fat_nor_thin,
                "a logit of 0 is a probability of one half",
            ),
            Case(
                "turning the sign of the logits turns the mask round",
                mirrored,
                "the threshold must lie in the middle",
            ),
        ],
    )


def tune_then_test(answer: Callable[..., Any]) -> Result:
    """Check that the threshold is chosen on validation alone."""
    thresholds = [0.2, 0.4, 0.6, 0.8]
    validation, test = _parts(best=0.6), _parts(best=0.2)

    def returned(first: Part, second: Part) -> tuple[float, float]:
        threshold, dice = answer(first, second, thresholds)
        return float(threshold), float(dice)

    def dice_at(part: Part, threshold: float) -> float:
        pairs = zip(*part, strict=True)
        return float(np.mean([_dice(p > threshold, t) for p, t in pairs]))

    def empty() -> bool:
        nothing = np.zeros((2, 3, 3)), np.zeros((2, 3, 3), bool)
        return returned(validation, nothing)[1] == 1.0

    return run_cases(
        "tune_then_test",
        [
            Case(
                "the threshold is the best one for validation",
                lambda: returned(validation, test)[0] == 0.6,
                "the test part has no say in the choice",
            ),
            Case(
                "and so it is when the parts change places",
                lambda: returned(test, validation)[0] == 0.2,
                "try every threshold, and keep the one with most Dice",
            ),
            Case(
                "the Dice is that of the test part at this threshold",
                lambda: math.isclose(
                    returned(validation, test)[1], dice_at(test, 0.6)
                ),
                "score the test part once: mean over images, not pixels",
            ),
            Case(
                "two empty masks count 1",
                empty,
                "0 / 0 is the case where both masks are empty",
            ),
        ],
    )


def cardiothoracic_ratio(answer: Callable[..., Any]) -> Result:
    """Check the width of the heart over the width of the lungs."""

    def mask(*boxes: tuple[int, int, int, int]) -> Array:
        found = np.zeros((60, 50), bool)
        for top, bottom, left, right in boxes:
            found[top:bottom, left:right] = True
        return found

    heart = mask((30, 50, 18, 34))
    lungs = mask((5, 50, 5, 20), (10, 45, 28, 45))
    # widest row to row, the heart is 10 px; from end to end it is 16
    slanted = mask((30, 35, 18, 28), (35, 40, 24, 34))
    nothing = np.zeros_like(heart)

    def gives(first: Array, second: Array, wanted: float) -> bool:
        return math.isclose(answer(first, second), wanted)

    return run_cases(
        "cardiothoracic_ratio",
        [
            Case(
                "16 columns of heart in 40 columns of lungs are 0.4",
                lambda: gives(heart, lungs, 0.4),
                "both end columns count; the gap between the lungs too",
            ),
            Case(
                "one column of heart is as wide as one column",
                lambda: gives(mask((3, 9, 7, 8)), lungs, 1 / 40),
                "last minus first is one too few",
            ),
            Case(
                "a slanted heart is measured from end to end",
                lambda: gives(slanted, lungs, 0.4),
                "ask of each column whether the mask is in it",
            ),
            Case(
                "no heart is 0, no lungs is NaN",
                lambda: (
                    gives(nothing, lungs, 0.0)
                    and math.isnan(answer(heart, nothing))
                ),
                "an empty mask has no first column: treat it apart",
            ),
        ],
    )


def _dice(mask: Array, truth: Array) -> float:
    total = mask.sum() + truth.sum()
    return float(2 * (mask & truth).sum() / total) if total else 1.0


def _parts(best: float) -> Part:
    """Probabilities whose Dice is highest at one threshold."""
    rng = np.random.default_rng(round(10 * best))
    truth = (
        rng.random((4, 12, 12))
        < np.array([0.1, 0.3, 0.5, 0.7])[:, None, None]
    )
    high = best + 0.02 + 0.15 * rng.random(truth.shape)
    low = best - 0.02 - 0.15 * rng.random(truth.shape)
    probability = np.where(truth, high, low)
    # a few pixels that no threshold gets right
    wrong = rng.random(truth.shape) < 0.1
    return np.where(wrong, 1 - probability, probability), truth
