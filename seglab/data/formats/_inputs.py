"""What every format asks of its arguments, said in one place."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def check_shape(shape: Sequence[int]) -> tuple[int, int]:
    """(height, width) as two integers of 0 or more."""
    try:
        height, width = map(operator.index, shape)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"shape must be (height, width), got {shape!r}"
        ) from error
    if height < 0 or width < 0:
        raise ValueError(
            f"shape must be (height, width) of 0 or more, got {shape!r}"
        )
    return height, width


def as_masks(masks: ArrayLike, name: str, axes: str) -> BoolArray:
    """Masks of bool, or of the integers 0 and 1, as bool; no copy of bool.

    Args:
        masks: the argument.
        name: what the caller calls it.
        axes: such as ``"H, W"``; says how many there must be.
    """
    array = np.asarray(masks)
    if array.dtype.kind not in "bui":
        raise TypeError(
            f"{name} must be bool or hold 0 and 1, got {array.dtype}"
        )
    if array.ndim != axes.count(",") + 1:
        raise ValueError(
            f"{name} must be [{axes}], got shape {array.shape}"
        )
    if array.dtype.kind == "b":
        return array
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"{name} must hold 0 and 1 alone, got values from "
            f"{array.min()} to {array.max()}; compare with a label first"
        )
    return array.astype(bool)
