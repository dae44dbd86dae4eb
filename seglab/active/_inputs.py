"""What the functions of this room accept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def as_probabilities(
    values: ArrayLike, name: str, axes: str, class_axis: int
) -> FloatArray:
    """Probabilities whose classes add up to 1 at every place.

    Args:
        values: an array, or a tensor on the CPU.
        name: of the argument.
        axes: what its first axes are, for the error, such as "N, K".
        class_axis: which of them holds the classes.
    """
    array = np.asarray(values, dtype=np.float64)
    least = axes.count(",") + 1
    if array.ndim < least or 0 in array.shape[:class_axis]:
        raise ValueError(
            f"{name} must be [{axes}, ...] and not empty, got shape "
            f"{array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"{name} must lie in [0, 1], got others or NaN")
    sums = array.sum(axis=class_axis)
    # half precision leaves about a thousandth
    if not np.allclose(sums, 1, atol=5e-3):
        raise ValueError(
            f"{name} must add up to 1 over the classes, got sums from "
            f"{sums.min():g} to {sums.max():g}"
        )
    return array


def as_points(values: ArrayLike, name: str) -> FloatArray:
    """Embeddings [N, D], finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name} must be [N, D], got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def entropy_of(probabilities: FloatArray, axis: int) -> FloatArray:
    """Entropy in nats; 0 log 0 counts as 0."""
    safe = np.where(probabilities > 0, probabilities, 1)
    # + 0.0 makes -0.0 plain
    return np.asarray(-(probabilities * np.log(safe)).sum(axis=axis) + 0.0)
