"""Segments of two panoptic maps: who overlaps whom, and who matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Labelling:
    """How a map's numbers are read."""

    things: IntArray
    stuff: IntArray
    void: int | None
    divisor: int

    def without_stuff_ids(self, values: IntArray) -> IntArray:
        """The values, with stuff as one segment for each category."""
        category = values // self.divisor
        return np.where(
            np.isin(category, self.stuff), category * self.divisor, values
        )

    def is_void(self, category: IntArray) -> NDArray[np.bool_]:
        """Which segments carry no label."""
        if self.void is None:
            return np.zeros(category.shape, dtype=bool)
        return category == self.void

    def check(self, category: IntArray, name: str) -> None:
        """Refuse categories that are neither things, stuff nor void."""
        known = np.isin(category, self.things)
        known |= np.isin(category, self.stuff) | self.is_void(category)
        if not known.all():
            raise ValueError(
                f"{name} must hold categories of things, stuff or void, "
                f"got category {category[~known][0]} with a divisor of "
                f"{self.divisor}"
            )


@dataclass(frozen=True)
class Matches:
    """Segments of one image after matching, by category."""

    found: IntArray
    iou: NDArray[np.float64]
    false: IntArray
    missed: IntArray


def match_segments(
    prediction: NDArray,
    truth: NDArray,
    crowd: NDArray[np.bool_],
    labelling: Labelling,
) -> Matches:
    """Match the segments of two flat panoptic maps of one image."""
    starts, length = _runs(prediction, truth, crowd)
    predicted = prediction[starts].astype(np.int64)
    true = truth[starts].astype(np.int64)
    in_crowd = crowd[starts]
    divisor = labelling.divisor
    predicted = labelling.without_stuff_ids(predicted)
    true = labelling.without_stuff_ids(true)
    # a crowd is one segment for each category, whatever its ids
    true = np.where(in_crowd, true // divisor * divisor, true)
    p_keys, p = np.unique(predicted, return_inverse=True)
    t_keys, t = np.unique(2 * true + in_crowd, return_inverse=True)
    p_category, t_category = p_keys // divisor, t_keys // 2 // divisor
    labelling.check(p_category, "prediction")
    labelling.check(t_category, "truth")
    p_void = labelling.is_void(p_category)
    t_void = labelling.is_void(t_category)
    t_crowd = (t_keys % 2 == 1) & ~t_void

    pairs, pair = np.unique(p * t_keys.size + t, return_inverse=True)
    p, t = np.divmod(pairs, max(t_keys.size, 1))
    area = _totals(pair, length, pairs.size)
    p_area = _totals(p, area, p_keys.size)
    t_area = _totals(t, area, t_keys.size)
    on_void = _totals(p, area * t_void[t], p_keys.size)
    same = (p_category[p] == t_category[t]) & ~t_void[t]
    on_crowd = _totals(p, area * (same & t_crowd[t]), p_keys.size)

    union = p_area[p] - on_void[p] + t_area[t] - area
    # in whole numbers: an IoU of exactly one half is no match
    hit = same & ~t_crowd[t] & (2 * area > union)
    false = ~p_void & (2 * (on_void + on_crowd) <= p_area)
    false[p[hit]] = False
    missed = ~t_void & ~t_crowd
    missed[t[hit]] = False
    return Matches(
        found=t_category[t[hit]],
        iou=area[hit] / union[hit],
        false=p_category[false],
        missed=t_category[missed],
    )


def _runs(*maps: NDArray) -> tuple[IntArray, IntArray]:
    # stretches of pixels over which no map changes: far fewer than pixels,
    # so that what needs sorting is short
    size = maps[0].size
    if size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    change = np.zeros(size, dtype=bool)
    change[0] = True
    for values in maps:
        change[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(change)
    return starts, np.diff(starts, append=size)


def _totals(index: IntArray, weight: IntArray, size: int) -> IntArray:
    # float64 sums of pixel counts are exact below 2**53
    return np.bincount(index, weight, minlength=size).astype(np.int64)
