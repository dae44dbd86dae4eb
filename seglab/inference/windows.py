"""Where the windows of a large image lie, and how much each pixel counts.

Sliding windows with overlap: Ronneberger et al. 2015 ("overlap tile");
Gaussian weights: Isensee et al. 2021.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

Weighting = Literal["flat", "gaussian"]

_SIGMA = 0.125  # of the Gaussian, as a share of the window's side
_LEAST = 1e-3  # weight of a corner against the middle


def window_starts(length: int, window: int, overlap: float) -> list[int]:
    """First pixels of the windows along one side of an image.

    Args:
        length: of the image's side, in pixels.
        window: length of a window, in pixels.
        overlap: share of a window that the next one covers again, 0 or
            more and below 1.

    Returns:
        Ascending. The last window ends with the image, however much it
        then overlaps the one before, so every pixel is covered. An image
        shorter than a window has the one window that starts at 0.

    Raises:
        ValueError: an argument is out of range.

    >>> window_starts(10, 4, 0.5)
    [0, 2, 4, 6]
    >>> window_starts(11, 4, 0.5)
    [0, 2, 4, 6, 7]
    """
    for name, value in (("length", length), ("window", window)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more, got {value}")
    if not 0 <= overlap < 1:
        raise ValueError(
            f"overlap must be 0 or more and below 1, got {overlap}"
        )
    step = max(1, int(window * (1 - overlap)))
    last = max(0, length - window)
    starts = list(range(0, last, step))
    return [*starts, last]


def window_weights(
    size: tuple[int, int], weighting: Weighting = "gaussian"
) -> Tensor:
    """How much each pixel of a window counts in the mean.

    Args:
        size: (height, width) of the window.
        weighting: ``flat``, or ``gaussian``: less towards the rim, where
            the network sees only one side of a pixel.

    Returns:
        float32 [height, width], above 0, at most 1.

    Raises:
        ValueError: a side is below 1, or the weighting has no such name.

    Convention:
        MONAI's Gaussian: its standard deviation is an eighth of each
        side; nothing weighs less than a thousandth.

    >>> weights = window_weights((8, 8))
    >>> bool(weights[4, 4] > 10 * weights[0, 0] > 0)
    True
    """
    if min(size) < 1:
        raise ValueError(f"size must be 1 or more a side, got {size}")
    if weighting not in get_args(Weighting):
        raise ValueError(
            f"weighting must be one of {', '.join(get_args(Weighting))}, "
            f"got {weighting!r}"
        )
    if weighting == "flat":
        return torch.ones(size)
    rows, columns = (_bell(side) for side in size)
    return (rows[:, None] * columns[None]).clamp(min=_LEAST)


def _bell(side: int) -> Tensor:
    """A Gaussian with its peak in the middle: [side]."""
    away = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    return torch.exp(-0.5 * (away / (_SIGMA * side)) ** 2)
