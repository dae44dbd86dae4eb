"""Checkers for chapter 11, panoptic segmentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Answer = Callable[..., Any]


def quality(answer: Answer) -> Result:
    """Check the two factors of panoptic quality, category by category."""
    truth = np.repeat([1001, 1002, 6000, 2003], [6, 4, 8, 2])[None]
    renamed = np.repeat([1009, 1001, 6000, 2001], [6, 4, 8, 2])[None]
    half = np.where(
        np.arange(20) < 3, 1001, np.where(truth == 1001, 0, truth)
    )
    loose = np.where(np.arange(20) < 4, 1001, half)
    swapped = np.where(truth == 2003, 1003, truth)
    pieces = np.where(np.arange(20) == 12, 6004, truth)
    split = np.where(np.arange(20) < 2, 1005, truth)

    def fits(guess: Array, wanted: Array = truth) -> bool:
        found = answer(guess, wanted, (1, 2))
        right = _quality(guess, wanted, (1, 2))
        return set(found) == set(right) and all(
            np.allclose(found[kind], right[kind]) for kind in right
        )

    return run_cases(
        "quality",
        [
            Case(
                "the truth scores (1, 1) everywhere, whatever its ids",
                lambda: fits(truth) and fits(renamed),
                "match by overlap; an id is only a name",
            ),
            Case(
                "what is left open makes a match looser",
                lambda: fits(loose),
                "IoU of the segments; 0 is in no union but the truth's own",
            ),
            Case(
                "an IoU of exactly one half is no match",
                lambda: fits(half),
                "greater than one half; SQ without a match is 0",
            ),
            Case(
                "a segment of another category is a false alarm and a miss",
                lambda: fits(swapped),
                "segments match within a category only",
            ),
            Case(
                "pieces of stuff are one segment, those of a thing are not",
                lambda: fits(pieces) and fits(split),
                "for stuff compare panoptic // 1000, for things the values",
            ),
            Case(
                "a category that was only predicted counts too",
                lambda: fits(truth, np.where(truth == 2003, 6000, truth)),
                "take the categories of both maps",
            ),
        ],
    )


def merge(answer: Answer) -> Result:
    """Check the merging of overlapping objects."""
    row = np.zeros((4, 1, 12), bool)
    row[0, 0, :4] = row[1, 0, 2:8] = row[2, 0, 6:8] = row[3, 0, 7:12] = True
    scores = np.array([0.6, 0.9, 0.8, 0.7])
    large = np.zeros((3, 2, 9), bool)
    large[0, :, :8] = large[1, 0, 6:] = large[2, 1, 8:] = True

    def fits(masks: Array, given: Array, limit: float) -> bool:
        found = answer(masks.copy(), given.copy(), limit)
        return np.array_equal(found, _merge(masks, given, limit))

    return run_cases(
        "merge",
        [
            Case(
                "objects apart keep all their pixels",
                lambda: fits(row[[0, 3]], scores[[0, 3]], 0.5),
                "object k is k + 1 in the map, in the order given",
            ),
            Case(
                "the best score goes first, wherever it stands",
                lambda: fits(row, scores, 1.0),
                "sort by falling score, and number by the place in masks",
            ),
            Case(
                "too much taken means nothing at all",
                lambda: fits(row, scores, 0.4) and fits(row, scores, 0.1),
                "decide before you write; a refused object takes no pixel",
            ),
            Case(
                "the share is one of the object's own area",
                lambda: fits(large, np.array([0.9, 0.8, 0.7]), 0.5),
                "divide by the pixels of this mask, not by a union",
            ),
            Case(
                "a share of exactly the limit is allowed",
                lambda: fits(row[:2], scores[:2], 0.5),
                "more than max_overlap is too much, equal is not",
            ),
            Case(
                "an empty mask, and no object at all",
                lambda: (
                    fits(row & False, scores, 0.5)
                    and fits(row[:0], scores[:0], 0.5)
                ),
                "no division by an area of 0; the map has masks.shape[1:]",
            ),
        ],
    )


def group(answer: Answer) -> Result:
    """Check the grouping of pixels by centres and offsets."""
    generator = np.random.default_rng(11)
    offsets = generator.normal(0, 3, (2, 5, 9))
    still = np.zeros((2, 3, 8))
    corners = np.array([[0, 0], [2, 7], [0, 7]])
    many = generator.integers(0, 9, (6, 2))

    def fits(centres: Array, given: Array) -> bool:
        found = answer(centres.copy(), given.copy())
        return np.array_equal(found, _group(centres, given))

    return run_cases(
        "group",
        [
            Case(
                "without offsets a pixel joins the nearest centre",
                lambda: fits(corners, still),
                "np.indices gives the row and the column of each pixel",
            ),
            Case(
                "offsets lead to the centre, rows first",
                lambda: fits(corners, offsets) and fits(many, offsets),
                "add the offset to the place; offsets[0] counts rows",
            ),
            Case(
                "of equally near centres the first wins",
                lambda: fits(np.array([[0, 4], [0, 2], [0, 4]]), still),
                "argmin takes the first of equals",
            ),
            Case(
                "no centre means no object",
                lambda: fits(np.zeros((0, 2)), still),
                "there is no nearest of none: return zeros [H, W]",
            ),
        ],
    )


def number_segments(answer: Answer) -> Result:
    """Check the numbering of segments."""
    sky = frozenset({"sky"})
    both = frozenset({"sky", "sea"})
    long = ["sea", "sky", "cat", "sea", "dog", "sky", "dog", "cat"]

    def fits(kinds: Sequence[str], stuff: frozenset[str]) -> bool:
        return list(answer(list(kinds), stuff)) == _numbers(kinds, stuff)

    return run_cases(
        "number_segments",
        [
            Case(
                "things count 1, 2, 3, also of one kind",
                lambda: (
                    fits(["star", "disc", "star"], sky) and fits([], sky)
                ),
                "every thing is a segment of its own",
            ),
            Case(
                "pieces of one kind of stuff share a number",
                lambda: fits(["sky", "star", "sky"], sky),
                "remember the number of each kind of stuff",
            ),
            Case(
                "what comes after a second piece of stuff is new",
                lambda: fits(["sky", "disc", "sky", "star"], sky),
                "the highest number so far is not that of the last segment",
            ),
            Case(
                "several kinds of stuff, in any order, without gaps",
                lambda: fits(long, both) and fits(long[::-1], both),
                "count up only when a new number is given",
            ),
        ],
    )


def _quality(
    guess: Array, truth: Array, things: Sequence[int]
) -> dict[int, tuple[float, float]]:
    found = {}
    for kind in set((guess // 1000).flat) | set((truth // 1000).flat):
        if kind == 0:
            continue
        sides = []
        for panoptic in (guess, truth):
            own = panoptic if kind in things else panoptic // 1000 * 1000
            values = np.unique(own[own // 1000 == kind])
            sides.append([own == value for value in values])
        fits = [
            np.sum(a & b) / np.sum(a | b)
            for a in sides[0]
            for b in sides[1]
        ]
        fits = [iou for iou in fits if iou > 0.5]
        segments = len(sides[0]) + len(sides[1])
        sq = sum(fits) / len(fits) if fits else 0.0
        found[int(kind)] = (float(sq), 2 * len(fits) / segments)
    return found


def _merge(masks: Array, scores: Array, limit: float) -> Array:
    owner = np.zeros(masks.shape[1:], np.int64)
    for k in sorted(range(len(masks)), key=lambda k: -scores[k]):
        taken = np.count_nonzero(masks[k] & (owner > 0))
        area = np.count_nonzero(masks[k])
        if area and taken <= limit * area:
            owner[masks[k] & (owner == 0)] = k + 1
    return owner


def _group(centres: Array, offsets: Array) -> Array:
    owner = np.zeros(offsets.shape[1:], np.int64)
    if len(centres):
        for row, column in np.ndindex(owner.shape):
            aim = offsets[:, row, column] + (row, column)
            steps = np.asarray(centres) - aim
            owner[row, column] = np.argmin((steps**2).sum(axis=1)) + 1
    return owner


def _numbers(kinds: Sequence[str], stuff: frozenset[str]) -> list[int]:
    segments: list[object] = []
    numbers = []
    for place, kind in enumerate(kinds):
        segment = kind if kind in stuff else (kind, place)
        if segment not in segments:
            segments.append(segment)
        numbers.append(segments.index(segment) + 1)
    return numbers
