"""Outlines of masks and of maps of scores, and which hole is whose."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from seglab.data.formats._inputs import (
    BoolArray,
    FloatArray,
    IntArray,
)
from seglab.extras import optional

# of the largest score: nearer to the level than this is as near as this
_LEAST = 1e-9


def ring_area(ring: FloatArray) -> float:
    """Area of a ring [N, 2]; positive if it runs clockwise on the screen.

    x grows to the right and y downwards.
    """
    x, y = ring.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def pixel_outlines(
    mask: BoolArray,
) -> list[tuple[FloatArray, list[FloatArray]]]:
    """Outer ring and holes of each 4-connected part, along pixel edges.

    Outer rings run clockwise on the screen, holes the other way; no ring
    meets itself, and each begins at its first point in reading order.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size == 0:
        return []
    top, left = rows[0], columns[0]
    padded = np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1)
    x, y, turns = _corners(padded)
    follows, runs_right = _successors(padded, x, y, turns)
    tied = _tied(follows, np.flatnonzero(turns == 2)[::2])
    for way in (follows, runs_right):
        way[tied], way[tied + 1] = way[tied + 1], way[tied]
    points = np.stack([x + left, y + top], axis=1).astype(np.float64)
    cycles = _cycles(follows, np.flatnonzero(runs_right))
    rings = [points[cycle] for cycle in cycles]
    if all(ring_area(ring) > 0 for ring in rings):
        return [(ring, []) for ring in rings]
    labels, _ = ndimage.label(padded)
    # the pixel below an edge that runs to the right is in the mask
    firsts = [cycle[0] for cycle in cycles]
    return _gathered(rings, labels[y[firsts] + 1, x[firsts] + 1].tolist())


def _corners(padded: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
    """Where an outline turns, in reading order: x, y, times it turns.

    A point between two pixels that touch only there comes twice.
    """
    sides = padded[:, 1:] != padded[:, :-1]
    caps = padded[1:] != padded[:-1]
    # an outline goes straight on where both sides or neither have an edge
    straight = (sides[1:] == sides[:-1]) & (caps[:, 1:] == caps[:, :-1])
    crossing = sides[1:] & sides[:-1] & caps[:, 1:] & caps[:, :-1]
    y, x = np.nonzero(~straight | crossing)
    turns = np.where(crossing[y, x], 2, 1)
    return np.repeat(x, turns), np.repeat(y, turns), np.repeat(turns, turns)


def _successors(
    padded: BoolArray, x: IntArray, y: IntArray, turns: IntArray
) -> tuple[IntArray, BoolArray]:
    """The corner after each corner, the mask on the right-hand side.

    Along a row, and down a column, corners are joined in pairs.
    """
    count = x.size
    copy = np.zeros(count, np.int64)
    copy[np.flatnonzero(turns == 2)[1::2]] = 1
    # of a crossing, the copy for the upper pixel comes first in its column
    upper_right = (turns == 2) & padded[y, x + 1]
    in_columns = np.lexsort((copy ^ upper_right, y, x))
    beside = np.arange(count) ^ 1
    above = np.empty(count, np.int64)
    above[in_columns] = in_columns[np.arange(count) ^ 1]
    first = np.arange(count) % 2 == 0
    is_top_edge = np.repeat(padded[y[::2] + 1, x[::2] + 1], 2)
    leaves_along_row = first == is_top_edge
    follows = np.where(leaves_along_row, beside, above)
    return follows, leaves_along_row & is_top_edge


def _tied(follows: IntArray, crossings: IntArray) -> IntArray:
    """The crossings at which a ring meets itself.

    To swap the two ways on there cuts the ring into two. At the others two
    rings touch, and stay as they are.
    """
    if crossings.size == 0:
        return crossings
    count = follows.size
    links = coo_array(
        (np.ones(count, bool), (np.arange(count), follows)), (count, count)
    )
    _, ring = connected_components(links, directed=False)
    return crossings[ring[crossings] == ring[crossings + 1]]


def _cycles(follows: IntArray, starts: IntArray) -> list[list[int]]:
    next_one, seen = follows.tolist(), bytearray(follows.size)
    cycles = []
    for start in starts.tolist():
        if seen[start]:
            continue
        cycle, at = [], start
        while not seen[at]:
            seen[at] = 1
            cycle.append(at)
            at = next_one[at]
        cycles.append(cycle)
    return cycles


def level_outlines(
    scores: FloatArray, level: float
) -> list[tuple[FloatArray, list[FloatArray]]]:
    """Outer ring and holes of each part above a level, between pixels."""
    measure = optional(
        "skimage.measure", "tracing a contour of scores", "data"
    )
    above = scores - level
    # no outline may run through a pixel's centre, where several could meet
    least = _LEAST * np.abs(above).max()
    above = np.where(
        above > 0, np.maximum(above, least), np.minimum(above, -least)
    )
    padded = np.pad(above, 1, mode="edge")
    # mirrored, so that what the image cuts ends at the image's border
    beyond = np.pad(np.zeros(above.shape, bool), 1, constant_values=True)
    padded[beyond] = -np.abs(padded[beyond])
    labels, _ = ndimage.label(padded > 0)
    rings, parts = [], []
    for contour in measure.find_contours(padded, 0.0):
        row, column = contour[:-1].T
        around = [
            labels[side(row).astype(int), side(column).astype(int)].max()
            for side in (np.floor, np.ceil)
        ]
        # the centre of the first pixel is (1, 1) here and (0.5, 0.5) there
        rings.append(np.stack([column, row], axis=1) - 0.5)
        parts.append(int(max(around)))
    return _gathered(rings, parts)


def _gathered(
    rings: list[FloatArray], parts: list[int]
) -> list[tuple[FloatArray, list[FloatArray]]]:
    outers: dict[int, FloatArray] = {}
    holes: dict[int, list[FloatArray]] = {}
    for ring, part in zip(rings, parts, strict=True):
        if ring_area(ring) > 0:
            outers[part] = ring
        else:
            holes.setdefault(part, []).append(ring)
    return [(ring, holes.get(part, [])) for part, ring in outers.items()]
