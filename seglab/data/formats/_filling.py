"""Which pixels lie inside rings: scan lines through pixel centres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seglab.data.formats._inputs import BoolArray, FloatArray, IntArray


def fill(
    shapes: Sequence[Sequence[FloatArray]], height: int, width: int
) -> BoolArray:
    """The pixels whose centre lies in any shape.

    Args:
        shapes: each a list of rings [N, 2] that are filled together by the
            even-odd rule.
        height, width: of the mask.
    """
    mask = np.zeros(height * width, bool)
    runs = _crossings(shapes, height, width).reshape(-1, 2)
    for start, stop in runs[runs[:, 0] < runs[:, 1]].tolist():
        mask[start:stop] = True
    return mask.reshape(height, width)


def _crossings(
    shapes: Sequence[Sequence[FloatArray]], height: int, width: int
) -> IntArray:
    """First pixel after each crossing of a row, in order, as flat index.

    Each row of each shape has an even number of them.
    """
    rings = [ring for rings in shapes for ring in rings if len(ring) > 2]
    if not rings:
        return np.zeros(0, np.int64)
    owner = np.repeat(
        [i for i, rings in enumerate(shapes) for r in rings if len(r) > 2],
        [len(ring) for ring in rings],
    )
    here = np.concatenate(rings)
    there = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    # an edge that two shapes share is computed alike for both
    swap = there[:, 1] < here[:, 1]
    here[swap], there[swap] = there[swap], here[swap]
    # row r is crossed if its middle, r + 0.5, lies in [upper y, lower y)
    first = np.ceil(np.clip(here[:, 1], 0, height + 1) - 0.5)
    stop = np.ceil(np.clip(there[:, 1], 0, height + 1) - 0.5)
    first, stop = np.minimum(first, height), np.minimum(stop, height)
    edge, row = _spread(first.astype(np.int64), stop.astype(np.int64))
    (x, y), (x_end, y_end) = here[edge].T, there[edge].T
    across = x + (row + 0.5 - y) * ((x_end - x) / (y_end - y))
    column = np.ceil(np.clip(across, 0, width + 1) - 0.5)
    column = np.minimum(column, width).astype(np.int64)
    # one number a crossing sorts faster than three
    keys = (owner[edge] * height + row) * (width + 1) + column
    keys.sort()
    row, column = np.divmod(keys, width + 1)
    return row % height * width + column


def _spread(first: IntArray, stop: IntArray) -> tuple[IntArray, IntArray]:
    """Each index with all integers of its range: (index, integer)."""
    counts = stop - first
    index = np.repeat(np.arange(counts.size), counts)
    before = np.cumsum(counts) - counts
    return index, np.arange(index.size) + (first - before)[index]
