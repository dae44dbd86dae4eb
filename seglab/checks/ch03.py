"""Checkers for chapter 03, data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]


def runs(answer: Callable[[Array], Any]) -> Result:
    """Check a run-length encoding in a competition's dialect."""
    inner = np.zeros((4, 5), bool)
    inner[1:3, 2] = True
    joined = np.zeros((3, 4), bool)
    joined[2, 1] = joined[0, 2] = True
    corners = np.zeros((3, 4), bool)
    corners[0, 0] = corners[2, 3] = True
    noise = np.random.default_rng(0).random((2, 7, 4)) > 0.5
    kept = noise.copy()

    def fits(mask: Array) -> bool:
        return bool(answer(mask) == _runs(mask))

    return run_cases(
        "runs",
        [
            Case(
                "two pixels in the third of four-pixel columns: '10 2'",
                lambda: answer(inner) == "10 2",
                "down the columns, from 1; the second number is a length",
            ),
            Case(
                "a run goes on at the top of the next column",
                lambda: answer(joined) == "6 2",
                "one long row of all columns: mask.T.ravel()",
            ),
            Case(
                "runs at the first and at the last pixel",
                lambda: answer(corners) == "1 1 12 1",
                "they have no beginning or end inside: put a zero outside",
            ),
            Case(
                "all or nothing",
                lambda: (
                    answer(np.ones((3, 4), bool)) == "1 12"
                    and answer(np.zeros((3, 4), bool)) == ""
                ),
                "one run for all, and an empty string for nothing",
            ),
            Case(
                "random masks, which stay as they were",
                lambda: (
                    all(fits(mask) for mask in noise)
                    and np.array_equal(noise, kept)
                ),
                "pairs of start and length, joined by single spaces",
            ),
        ],
    )


def augment(answer: Callable[..., Any]) -> Result:
    """Check a rotation of image and mask together."""
    y, x = np.mgrid[:61, :61] - 30
    blob = np.where((x - 15) ** 2 + y**2 < 64, 4, 0)
    blob[(x - 15) ** 2 + (y - 3) ** 2 < 9] = 2
    picture = (blob > 0).astype(float)
    kept = picture.copy(), blob.copy()

    def pair(seed: int) -> tuple[Array, Array]:
        rng = np.random.default_rng(seed)
        image, mask = answer(picture, blob, rng)
        return np.asarray(image), np.asarray(mask)

    def together(seed: int) -> bool:
        image, mask = pair(seed)
        return int(np.sum((image > 0.5) != (mask > 0))) <= 12

    def angle(mask: Array) -> float:
        rows, columns = np.nonzero(mask)
        down, right = rows.mean() - 30, columns.mean() - 30
        return float(np.degrees(np.arctan2(-down, right)))

    def new_each_time() -> bool:
        rng = np.random.default_rng(0)
        angles = [
            angle(np.asarray(answer(picture, blob, rng)[1]) > 0)
            for _ in range(40)
        ]
        inside = max(map(abs, angles)) < 22
        return inside and min(angles) < -8 and max(angles) > 8

    def smooth_image() -> bool:
        return any(np.unique(pair(seed)[0]).size > 10 for seed in range(3))

    return run_cases(
        "augment",
        [
            Case(
                "image and mask keep their size, and stay as they were",
                lambda: (
                    pair(0)[0].shape == (61, 61)
                    and pair(0)[1].shape == (61, 61)
                    and np.array_equal(picture, kept[0])
                    and np.array_equal(blob, kept[1])
                ),
                "return two new arrays; reshape=False",
            ),
            Case(
                "both turn by one angle",
                lambda: all(together(seed) for seed in range(6)),
                "draw the angle once, and use it twice",
            ),
            Case(
                "the mask holds old labels only",
                lambda: all(
                    set(np.unique(pair(seed)[1])) <= {0, 2, 4}
                    for seed in range(6)
                ),
                "order=0 for the mask: the nearest label",
            ),
            Case(
                "the image is interpolated",
                smooth_image,
                "order=1 for the image: its edges become smooth",
            ),
            Case(
                "another angle at each call, from -20 to 20 degrees",
                new_each_time,
                "draw from the generator that you were given",
            ),
            Case(
                "the same state gives the same pair",
                lambda: (
                    np.array_equal(pair(7)[0], pair(7)[0])
                    and np.array_equal(pair(7)[1], pair(7)[1])
                ),
                "no random numbers from anywhere else",
            ),
        ],
    )


def group_folds(answer: Callable[..., Any]) -> Result:
    """Check folds that keep groups together and are even."""
    patients = np.array(list("abacbaddaceffgaab"))
    sizes = (5, 4, 3, 3, 3)
    dealt = np.repeat(np.arange(5), sizes)
    late = np.repeat(np.arange(5), sizes[::-1])
    shuffled = np.random.default_rng(1).permutation(dealt)

    def folds_of(groups: Array, folds: int) -> Array:
        return np.asarray(answer(groups, folds))

    def together(groups: Array, folds: int) -> bool:
        found = folds_of(groups, folds)
        return found.shape == groups.shape and all(
            np.unique(found[groups == name]).size == 1
            for name in np.unique(groups)
        )

    def counts(groups: Array, folds: int) -> list[int]:
        found = folds_of(groups, folds)
        return sorted(np.bincount(found, minlength=folds).tolist())

    return run_cases(
        "group_folds",
        [
            Case(
                "one fold for each item, from 0 to folds - 1",
                lambda: (
                    set(folds_of(patients, 3).tolist()) == {0, 1, 2}
                    and folds_of(patients, 3).shape == patients.shape
                ),
                "an array as long as the groups; no fold is empty",
            ),
            Case(
                "a group lies in one fold",
                lambda: together(patients, 3) and together(shuffled, 2),
                "give the fold to the group, then to its items",
            ),
            Case(
                "groups of 5, 4, 3, 3 and 3 make folds of 8 and 10",
                lambda: counts(dealt, 2) == [8, 10],
                "the next group goes where the fewest items are",
            ),
            Case(
                "the largest group is dealt first, wherever it stands",
                lambda: (
                    counts(late, 2) == [8, 10]
                    and counts(shuffled, 2) == [8, 10]
                ),
                "sort the groups by size, not by name",
            ),
            Case(
                "as even as the reference on other groups",
                lambda: all(
                    counts(groups, 4) == _fold_sizes(groups, 4)
                    for groups in (patients, np.arange(30) ** 2 // 60)
                ),
                "count items, not groups",
            ),
        ],
    )


def human_ceiling(answer: Callable[[Array], Any]) -> Result:
    """Check the agreement of annotators with the others' majority."""
    rng = np.random.default_rng(2)
    base = rng.random((12, 9)) > 0.5
    same = np.stack([base] * 3)
    outlier = np.zeros((4, 6, 6), bool)
    outlier[:3, 1:4, 1:4] = True
    outlier[3, 3:, 3:] = True
    noisy = base ^ (rng.random((5, 12, 9)) > 0.85)
    four = base ^ (rng.random((4, 12, 9)) > 0.7)
    kept = noisy.copy()

    def fits(drawings: Array) -> bool:
        return bool(np.isclose(answer(drawings), _ceiling(drawings)))

    return run_cases(
        "human_ceiling",
        [
            Case(
                "annotators who agree have a ceiling of 1",
                lambda: np.isclose(answer(same), 1),
                "Dice counts the pixels of both twice",
            ),
            Case(
                "one who draws something else pulls it down",
                lambda: fits(outlier),
                "the mean over all annotators, the odd one too",
            ),
            Case(
                "one's own vote does not count",
                lambda: fits(noisy),
                "leave the annotator out before you vote",
            ),
            Case(
                "half of the others is no majority",
                lambda: fits(four) and fits(same ^ (four[:3] & base)),
                "more than half: two of three, two of two",
            ),
            Case(
                "two empty masks agree, and the argument stays",
                lambda: (
                    np.isclose(answer(np.zeros((3, 4, 4), bool)), 1)
                    and np.array_equal(noisy, kept)
                ),
                "look at the sum before you divide",
            ),
        ],
    )


def _runs(mask: Array) -> str:
    flat = np.concatenate([[False], mask.T.ravel(), [False]])
    bounds = np.flatnonzero(flat[1:] != flat[:-1]).reshape(-1, 2)
    return " ".join(f"{a + 1} {b - a}" for a, b in bounds.tolist())


def _fold_sizes(groups: Array, folds: int) -> list[int]:
    filled = [0] * folds
    for size in sorted(np.unique(groups, return_counts=True)[1])[::-1]:
        filled[filled.index(min(filled))] += int(size)
    return sorted(filled)


def _ceiling(drawings: Array) -> float:
    scores = []
    for one, drawn in enumerate(drawings):
        votes = drawings.sum(axis=0) - drawn
        most = 2 * votes > len(drawings) - 1
        total = most.sum() + drawn.sum()
        both = (most & drawings[one]).sum()
        scores.append(2 * both / total if total else 1.0)
    return float(np.mean(scores))
