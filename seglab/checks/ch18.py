"""Checkers for chapter 18, overlapping bones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]

_NAMES = ("heart", "rib", "lung")
_WIDE = [(1, 1), (7, 1), (7, 4), (1, 4)]  # 6 x 3 pixels
_TALL = [(5, 2), (8, 2), (8, 6), (5, 6)]  # 3 x 4, 4 of them in _WIDE
_THIRD = [(0, 0), (2, 0), (2, 2), (0, 2)]  # 2 x 2, 1 of them in _WIDE


def rasterise(answer: Callable[..., Any]) -> Result:
    """Check masks made of polygons, one for each class."""

    def masks(*shapes: tuple[str, Any]) -> Array:
        found = np.asarray(answer(list(shapes), _NAMES, 7, 9))
        if found.dtype != bool or found.shape != (3, 7, 9):
            raise ValueError(
                f"bool (3, 7, 9) is wanted, not {found.dtype} {found.shape}"
            )
        return found

    def areas(*shapes: tuple[str, Any]) -> list[int]:
        return [int(a) for a in masks(*shapes).sum((1, 2))]

    def place() -> bool:
        mask = masks(("rib", _WIDE))[1]
        return bool(mask[1:4, 1:7].all()) and int(mask.sum()) == 18

    triangle = [(0, 0), (5, 0), (0, 5)]
    return run_cases(
        "rasterise",
        [
            Case(
                "a rectangle of 6 x 3 px fills those pixels",
                place,
                "points are (x, y), masks are [row, column]; pixel centres "
                "lie at halves",
            ),
            Case(
                "a triangle fills the pixels whose centre it holds",
                lambda: areas(("lung", triangle))[2] in range(10, 16),
                "test the centres, column + 0.5 and row + 0.5",
            ),
            Case(
                "a class without polygons has an empty mask",
                lambda: areas(("rib", _WIDE)) == [0, 18, 0],
                "begin with zeros, one mask for each name, in that order",
            ),
            Case(
                "two classes share pixels",
                lambda: (
                    areas(("heart", _WIDE), ("lung", _TALL)) == [18, 0, 12]
                ),
                "no class may erase another: one mask for each class",
            ),
            Case(
                "polygons of one class unite, also where they overlap",
                lambda: (
                    areas(("rib", _WIDE), ("rib", _TALL), ("rib", _THIRD))
                    == [0, 18 + 12 - 4 + 4 - 1, 0]
                ),
                "or them: neither replace the mask nor exclusive or",
            ),
        ],
    )


def masks_from(answer: Callable[..., Any]) -> Result:
    """Check masks of overlapping classes, made of logits."""
    generator = torch.Generator().manual_seed(18)
    logits = 2 * torch.randn(2, 4, 5, 6, generator=generator)
    limits = np.array([0.2, 0.5, 0.7, 0.9])

    def found(values: Any, thresholds: Any) -> Array:
        masks = np.asarray(answer(values, thresholds))
        if masks.dtype != bool:
            raise TypeError(f"a bool mask is wanted, not {masks.dtype}")
        return masks

    def wanted(values: Any, thresholds: Any) -> Array:
        chance = 1 / (1 + np.exp(-values.double().numpy()))
        return np.asarray(chance > np.reshape(thresholds, (-1, 1, 1)))

    def three_at_once() -> bool:
        return bool(found(torch.full((1, 3, 2, 2), 3.0), [0.5] * 3).all())

    def none_at_all() -> bool:
        values = torch.tensor([-4.0, -3.0, -2.0]).reshape(1, 3, 1, 1)
        return not found(values, [0.5] * 3).any()

    def agrees(values: Any, thresholds: Any) -> bool:
        return np.array_equal(
            found(values, thresholds), wanted(values, thresholds)
        )

    return run_cases(
        "masks_from",
        [
            Case(
                "a pixel may have three classes",
                three_at_once,
                "softmax shares one probability out; ask each class alone",
            ),
            Case(
                "a pixel may have none",
                none_at_all,
                "argmax always names a class",
            ),
            Case(
                "at one half, logits above 0 are in",
                lambda: agrees(logits, [0.5] * 4),
                "the sigmoid of a logit is its probability",
            ),
            Case(
                "every class has its own threshold",
                lambda: agrees(logits, limits),
                "thresholds [K] belong to axis 1: reshape to [K, 1, 1]; "
                "they are probabilities",
            ),
        ],
    )


def fold_of(answer: Callable[..., Any]) -> Result:
    """Check folds that keep patients whole."""
    images = [f"p{p:02d}_{s}.png" for p in range(12) for s in range(3)]
    shots = {"a": 9, "bb": 2, "p1": 4, "p11": 5, "x": 3, "y": 1, "z": 6}
    uneven = [f"{p}_{s}.png" for p, n in shots.items() for s in range(n)]
    np.random.default_rng(0).shuffle(uneven)

    def folds(names: list[str], count: int) -> list[int]:
        found = [int(fold) for fold in answer(names, count)]
        if len(found) != len(names):
            raise ValueError("one fold for each picture is wanted")
        return found

    def every_fold_used() -> bool:
        used = [set(folds(images, count)) for count in (2, 3, 5)]
        return used == [set(range(count)) for count in (2, 3, 5)]

    def is_whole(names: list[str], count: int) -> bool:
        seen: dict[str, set[int]] = {}
        for name, fold in zip(names, folds(names, count), strict=True):
            seen.setdefault(name.split("_")[0], set()).add(fold)
        return all(len(found) == 1 for found in seen.values())

    def spread(names: list[str], count: int) -> int:
        sizes = Counter(folds(names, count))
        return max(sizes[k] for k in range(count)) - min(
            sizes[k] for k in range(count)
        )

    return run_cases(
        "fold_of",
        [
            Case(
                "the folds are 0 to count - 1",
                every_fold_used,
                "return a whole number for each picture",
            ),
            Case(
                "no patient is in two folds",
                lambda: is_whole(images, 3) and is_whole(uneven, 3),
                "the patient is what stands before the underscore",
            ),
            Case(
                "12 patients of 3 pictures are dealt out evenly",
                lambda: spread(images, 3) == 0 and spread(images, 2) == 0,
                "count pictures",
            ),
            Case(
                "so are patients with 1 to 9 pictures, as far as it goes",
                lambda: spread(uneven, 3) <= 2,
                "the largest first, each to the fold that is smallest",
            ),
        ],
    )


def mirrored(answer: Callable[..., Any]) -> Result:
    """Check a prediction that is brought back from a mirror image."""
    names = ["rib_left_1", "rib_left_2", "rib_right_1", "rib_right_2"]
    mixed = ["heart", "arm_right", "rib_left_9", "arm_left", "rib_right_9"]

    def found(chance: Array, labels: list[str]) -> Array:
        return np.asarray(answer(chance.copy(), labels))

    chance = np.random.default_rng(4).random((2, 4, 3, 5))
    other = np.random.default_rng(5).random((1, 5, 2, 4))
    back = chance[:, [2, 3, 0, 1], :, ::-1]
    other_back = other[:, [0, 3, 4, 1, 2], :, ::-1]
    return run_cases(
        "mirrored",
        [
            Case(
                "the shape stays",
                lambda: found(chance, names).shape == chance.shape,
                "reverse an axis, reorder another, and lose none",
            ),
            Case(
                "columns run the other way, rows do not",
                lambda: np.allclose(
                    found(chance, names).sum(1), back.sum(1)
                ),
                "the last axis is the one from left to right",
            ),
            Case(
                "left and right change their names",
                lambda: np.allclose(found(chance, names), back),
                "channel k holds what the channel of the other side said",
            ),
            Case(
                "whatever the order, and a class without a side stays",
                lambda: np.allclose(found(other, mixed), other_back),
                "find the other side by its name, not by its place",
            ),
        ],
    )


def decode(answer: Callable[..., Any]) -> Result:
    """Check a mask read from start and length."""

    def is_mask(text: str, rows: list[list[int]]) -> bool:
        wanted = np.array(rows, bool)
        found = np.asarray(answer(text, *wanted.shape))
        return found.dtype == bool and np.array_equal(found, wanted)

    return run_cases(
        "decode",
        [
            Case(
                "'1 1' is the first pixel alone",
                lambda: is_mask("1 1", [[1, 0], [0, 0]]),
                "the first pixel has the number 1; return bool",
            ),
            Case(
                "an empty text is an empty mask",
                lambda: is_mask("", [[0, 0, 0], [0, 0, 0]]),
                "split() of an empty text is an empty list",
            ),
            Case(
                "numbers run down the columns",
                lambda: is_mask("2 1 6 1", [[0, 0, 0], [1, 0, 1]]),
                "fill a flat array, then reshape: (width, height), turned",
            ),
            Case(
                "a run goes on in the next column, to the last pixel",
                lambda: is_mask("3 4", [[0, 1, 1], [0, 1, 1]]),
                "the second number of a pair is a length, not an end",
            ),
        ],
    )


def encode(answer: Callable[..., Any]) -> Result:
    """Check a mask written as start and length."""

    def is_text(rows: list[list[int]], text: str) -> bool:
        found = answer(np.array(rows, bool))
        return isinstance(found, str) and found.strip() == text

    return run_cases(
        "encode",
        [
            Case(
                "the first pixel alone is '1 1'",
                lambda: is_text([[1, 0], [0, 0]], "1 1"),
                "count from 1",
            ),
            Case(
                "an empty mask is an empty text",
                lambda: is_text([[0, 0, 0], [0, 0, 0]], ""),
                "no run, no number",
            ),
            Case(
                "numbers run down the columns",
                lambda: is_text([[0, 0, 0], [1, 0, 1]], "2 1 6 1"),
                "flatten the transposed mask",
            ),
            Case(
                "a run goes on in the next column, to the last pixel",
                lambda: is_text([[0, 1, 1], [0, 1, 1]], "3 4"),
                "look for changes in the flat mask, with a 0 at both ends",
            ),
        ],
    )
