"""Counting pixels in machine code, where Numba is installed.

NumPy reads a chunk of labels several times: to limit them, to shift them
into one number, to count. A compiled loop reads each label once.
"""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["can_count", "count_cells"]

# fewer pixels are counted before a compiled loop is loaded
LARGE = 1 << 17
MOST_CLASSES = 256  # their tables stay in the cache
# neighbours are mostly of one class: taking turns, they need not wait for
# one another's addition
TURNS = 4


def can_count(
    truth: NDArray, prediction: NDArray, num_classes: int
) -> bool:
    """Whether these labels are many, and of types that Numba knows."""
    return (
        truth.size >= LARGE
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
    threads = min(torch.get_num_threads(), 1 + truth.size // LARGE)
    cells = np.zeros(
        (threads, TURNS, num_classes + 2, num_classes + 1), np.int64
    )
    ends = np.linspace(0, truth.size, threads + 1).astype(int)
    ignored = -1 if ignore_index is None else ignore_index

    def count(k: int) -> None:
        piece = slice(ends[k], ends[k + 1])
        _compiled()(
            truth[piece],
            prediction[piece],
            num_classes,
            ignored,
            ignore_index is not None,
            cells[k],
        )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count, range(threads)))
    return cells.sum(axis=(0, 1))


def _loop(
    truth: NDArray,
    prediction: NDArray,
    classes: int,
    ignored: int,
    ignores: bool,
    cells: NDArray[np.int64],
) -> None:
    """Add each pixel to its cell of cells [turns, C + 2, C + 1]."""
    turns = len(cells)
    for i in range(len(truth)):
        label, found = truth[i], prediction[i]
        row = label if 0 <= label < classes else classes
        if ignores and label == ignored:
            row = classes + 1
        column = found if 0 <= found < classes else classes
        cells[i % turns, row, column] += 1


@cache
def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


@cache
def _compiled() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_loop)
