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

__all__ = ["can_count", "can_search", "count_cells", "nearest_in_rows"]

# fewer pixels are counted before a compiled loop is loaded
LARGE = 1 << 17
HUGE = 1 << 32  # a cell of 32 bits might overflow
MOST_CLASSES = 254  # cells of more have no number of 16 bits
BLOCK = 1 << 12  # pixels whose cells are found before they are counted
# neighbours are mostly of one class: taking turns, they need not wait for
# one another's addition
TURNS = 8  # a power of two; a word of 64 bits holds four cells
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
    return labels.dtype.isnative and labels.dtype.kind in "iu"


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
        num_classes: C, at most MOST_CLASSES.
        ignore_index: true label of pixels that do not count.

    Returns:
        int64 [C + 2, C + 1]: row and column C are for what is no class, the
        last row for what is ignored.
    """
    rows, columns = num_classes + 2, num_classes + 1
    true_limits = _limits(truth.dtype, num_classes, ignore_index)
    limits = _limits(prediction.dtype, num_classes, None)
    cells = np.zeros(TURNS * rows * columns, np.uint32)
    _counting()(
        truth.view(true_limits.dtype),
        prediction.view(limits.dtype),
        true_limits,
        limits,
        cells,
    )
    counts = cells.reshape(TURNS, rows, columns)
    return counts.sum(axis=0, dtype=np.int64)


def _limits(
    dtype: np.dtype, num_classes: int, ignore_index: int | None
) -> NDArray:
    """What the compiled loop compares labels with.

    Labels are read as unsigned numbers of the same bits: negative ones are
    then larger than all others.

    Returns:
        In that unsigned type: the first number that is no class, the code
        of what is none, the label that is ignored, its code.
    """
    info = np.iinfo(dtype)
    first = min(num_classes, int(info.max) + 1)
    ignored, its_code = first, num_classes  # it would be no class anyway
    if ignore_index is not None and info.min <= ignore_index <= info.max:
        ignored, its_code = ignore_index, num_classes + 1
    unsigned = np.dtype(f"u{dtype.itemsize}")
    bits = int(np.iinfo(unsigned).max)
    return np.array(
        [n & bits for n in (first, num_classes, ignored, its_code)],
        unsigned,
    )


def _count(
    truth: NDArray,
    prediction: NDArray,
    true_limits: NDArray,
    limits: NDArray,
    cells: NDArray[np.uint32],
) -> None:
    """Number the cells of a block of pixels, then add the pixels to them.

    The first loop has no table and no branch, and takes many pixels at a
    time. The second takes the numbers four to a word.

    Args:
        truth: labels [N], unsigned.
        prediction: labels [N], unsigned.
        true_limits: what :func:`_limits` says of the truth.
        limits: what it says of the prediction.
        cells: of TURNS tables, added to.
    """
    first, no_class, ignored, code_of_ignored = true_limits
    first_column, no_column = limits[0], limits[1]
    columns = np.uint16(no_column) + np.uint16(1)
    size = np.uint64(len(cells) // TURNS)
    numbers = np.empty(BLOCK, np.uint16)
    words = numbers.view(np.uint64)
    for start in range(0, len(truth), BLOCK):
        true = truth[start : start + BLOCK]
        predicted = prediction[start : start + BLOCK]
        for i in range(len(true)):
            row = true[i] if true[i] < first else no_class
            row = code_of_ignored if true[i] == ignored else row
            column = (
                predicted[i] if predicted[i] < first_column else no_column
            )
            numbers[i] = np.uint16(row) * columns + np.uint16(column)
        whole = len(true) // 4
        for i in range(whole):
            turn = np.uint64(4 * i & (TURNS - 1))
            for k in range(4):
                number = words[i] >> np.uint64(16 * k) & np.uint64(0xFFFF)
                cells[(turn + np.uint64(k)) * size + number] += np.uint32(1)
        for i in range(4 * whole, len(true)):
            cells[numbers[i]] += np.uint32(1)


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
def _counting() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_count)


@cache
def _searching() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_search)
