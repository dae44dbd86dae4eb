"""What every function of this room checks at its door."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.extras import optional

LabelMap = NDArray[np.integer[Any]]
# what callers may give: bool stands for a map of one class
Labels = LabelMap | NDArray[np.bool_]


def check_labels(labels: object) -> LabelMap:
    """A label map [H, W] of whole numbers, 0 or more.

    Raises:
        TypeError: no NumPy array, or not of bool or whole numbers.
        ValueError: another number of axes, or a label below 0.
    """
    if not isinstance(labels, np.ndarray):
        raise TypeError(
            f"labels must be a NumPy array, got {type(labels).__name__}"
        )
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            f"labels must hold whole numbers, got {labels.dtype}"
        )
    if labels.ndim != 2:
        raise ValueError(
            f"labels must have shape [H, W], got {labels.shape}"
        )
    if labels.size and labels.min() < 0:
        raise ValueError(f"labels must be 0 or more, got {labels.min()}")
    return labels


def check_least(name: str, value: float, least: float) -> None:
    """A number that may not be smaller.

    Raises:
        ValueError: it is, or it is NaN.
    """
    if not value >= least:
        raise ValueError(f"{name} must be {least:g} or more, got {value}")


def import_skimage(part: str) -> ModuleType:
    """A submodule of scikit-image.

    Raises:
        ImportError: it is missing; names the extra.
    """
    return optional(
        f"skimage.{part}", "cleaning a label map", "postprocess"
    )
