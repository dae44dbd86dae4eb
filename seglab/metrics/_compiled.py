"""Loops in machine code, where Numba is installed.

NumPy reads a chunk of labels several times: to limit them, to shift them
into one number, to count. A compiled loop reads each label once.

A tree of points is built before it is asked. The boundaries of two masks
are in order already, row by row, and mostly near each other: the nearest
pixel is found a few rows away.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._inputs import class_codes

__all__ = ["can_count", "can_search", "count_cells", "nearest_in_rows"]

# fewer pixels are counted before a compiled loop is loaded
LARGE = 1 << 17
HUGE = 1 << 32  # a cell of 32 bits might overflow
MOST_CLASSES = 256  # their tables stay in the cache
# neighbours are mostly of one class: taking turns, they need not wait for
# one another's addition
TURNS = 4  # a power of two
BYTES = np.arange(256, dtype=np.uint8)
SEVERAL = 512  # points of two boundaries that are worth a compiled search


def can_count(
    truth: NDArray, prediction: NDArray, num_classes: int
) -> bool:
    """Whether these labels are many, and of types that Numba knows."""
    return (
        LARGE <= truth.size < HUGE
        and num_classes <= MOST_CLASSES
        and all(_is_known(labels) for labels in (truth, prediction))
        and _has_numba()
    )


def _is_known(labels: NDArray) -> bool:
    # of 64 bits the signed alone: Numba would compare others as floats
    kind, size = labels.dtype.kind, labels.dtype.itemsize
    return labels.dtype.isnative and (
        kind == "i" or (kind == "u" and size < 8)
    )


def count_cells(
    truth: NDArray,
    prediction: NDArray,
    num_classes: int,
    ignore_index: int | None,
) -> NDArray[np.int64]:
    """Pixels by true code (rows) and predicted code (columns).

    Args:
        truth: labels [N].
        prediction: labels [N].
        num_classes: C.
        ignore_index: true label of pixels that do not count.

    Returns:
        int64 [C + 2, C + 1]: row and column C are for what is no class, the
        last row for what is ignored.
    """
    rows, columns = num_classes + 2, num_classes + 1
    if truth.dtype == prediction.dtype == np.uint8:
        row = class_codes(BYTES, num_classes, ignore_index)
        column = class_codes(BYTES, num_classes)
        cells = _count_bytes(
            truth,
            prediction,
            row.astype(np.uint64) * columns,
            column.astype(np.uint64),
            rows * columns,
        )
        return cells.reshape(rows, columns)
    cells = np.zeros((TURNS, rows * columns), np.int64)
    _counting()(
        truth,
        prediction,
        num_classes,
        -1 if ignore_index is None else ignore_index,
        ignore_index is not None,
        cells.reshape(-1),
    )
    return cells.sum(axis=0).reshape(rows, columns)


def _count_bytes(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    row: NDArray[np.uint64],
    column: NDArray[np.uint64],
    size: int,
) -> NDArray[np.int64]:
    """Pixels by the sum of what two tables [256] say of their bytes."""
    cells = np.zeros(TURNS * size, np.uint32)
    words = len(truth) // 8 * 8
    _counting_words()(
        truth[:words].view(np.uint64),
        prediction[:words].view(np.uint64),
        row,
        column,
        cells,
    )
    rest = row[truth[words:]] + column[prediction[words:]]
    counts = cells.reshape(TURNS, size).sum(axis=0, dtype=np.int64)
    return counts + np.bincount(rest.astype(np.intp), minlength=size)


def _count_words(
    truth: NDArray[np.uint64],
    prediction: NDArray[np.uint64],
    row: NDArray[np.uint64],
    column: NDArray[np.uint64],
    cells: NDArray[np.uint32],
) -> None:
    """Take eight bytes at a time: one reading serves eight pixels."""
    low = np.uint64(255)
    size = np.uint64(cells.size // TURNS)
    for i in range(len(truth)):
        eight, theirs = truth[i], prediction[i]
        for k in range(8):
            shift = np.uint64(8 * k)
            place = row[(eight >> shift) & low]
            place += column[(theirs >> shift) & low]
            cells[np.uint64(k & (TURNS - 1)) * size + place] += 1


def _count(
    truth: NDArray,
    prediction: NDArray,
    num_classes: int,
    ignored: int,
    ignores: bool,
    cells: NDArray[np.int64],
) -> None:
    """Add each pixel to its cell, in tables that take turns.

    Numbers are unsigned throughout: a negative label is then a huge one,
    and no index has to be looked at for its sign.
    """
    classes, columns = np.uint64(num_classes), np.uint64(num_classes + 1)
    size = np.uint64((num_classes + 2) * (num_classes + 1))
    for i in range(len(truth)):
        row = min(np.uint64(truth[i]), classes)
        if ignores and truth[i] == ignored:
            row = columns  # C + 1, the last row
        column = min(np.uint64(prediction[i]), classes)
        turn = np.uint64(i & (TURNS - 1))
        cells[turn * size + row * columns + column] += 1


def can_search(points: int, axes: int) -> bool:
    """Whether that many points of a picture are searched row by row."""
    return axes == 2 and points >= SEVERAL and _has_numba()


def nearest_in_rows(
    queries: NDArray[np.intp],
    others: NDArray[np.intp],
    shape: tuple[int, ...],
    spacing: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Distance of each pixel to the nearest of others.

    Args:
        queries: flat places [N] in a picture.
        others: flat places [M] in the same picture, ascending, 1 or more.
        shape: (height, width) of the picture.
        spacing: size of a pixel along each axis.

    Returns:
        float64 [N], in the unit of the spacing.
    """
    height, width = shape
    rows, columns = np.divmod(others, width)
    starts = np.searchsorted(rows, np.arange(height + 1))
    distances = np.empty(len(queries))
    _searching()(queries, columns, starts, width, spacing, distances)
    return distances


def _search(
    queries: NDArray[np.intp],
    columns: NDArray[np.intp],
    starts: NDArray[np.intp],
    width: int,
    spacing: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> None:
    """For each query go up and down until rows are farther than a find."""
    height = len(starts) - 1
    for i in range(len(queries)):
        row, column = queries[i] // width, queries[i] % width
        best = np.inf
        for step in range(height):
            away = (step * spacing[0]) ** 2
            if away >= best:
                break
            for side in (-step, step):
                other = row + side
                if other < 0 or other >= height:
                    continue
                low, end = starts[other], starts[other + 1]
                high = end
                while low < high:
                    middle = (low + high) // 2
                    if columns[middle] < column:
                        low = middle + 1
                    else:
                        high = middle
                for k in (low - 1, low):
                    if starts[other] <= k < end:
                        across = (columns[k] - column) * spacing[1]
                        best = min(best, away + across**2)
        distances[i] = np.sqrt(best)


@cache
def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


@cache
def _counting_words() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_count_words)


@cache
def _counting() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_count)


@cache
def _searching() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_search)
