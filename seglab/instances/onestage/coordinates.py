"""Coordinates as two more channels, so that a network knows where."""

from __future__ import annotations

import torch
from torch import Tensor


def add_coordinates(features: Tensor) -> Tensor:
    """Stack a map's x and y on it, each from -1 to 1.

    A convolution gives two things that look alike the same answer,
    wherever they stand. With coordinates beside the features it need not.

    Args:
        features: floats [N, C, h, w].

    Returns:
        Floats [N, C + 2, h, w]: the features, then x, then y.

    Raises:
        ValueError: no map [N, C, h, w].

    Convention:
        -1 and 1 are the centres of the first and the last pixel; the
        coordinate of a single pixel is -1.

    Source:
        Liu et al. 2018, CoordConv.

    >>> add_coordinates(torch.zeros(1, 1, 1, 3))[0, 1]
    tensor([[-1.,  0.,  1.]])
    """
    if features.ndim != 4:
        raise ValueError(
            f"features must be [N, C, h, w], got {tuple(features.shape)}"
        )
    n, _, height, width = features.shape
    rows, columns = torch.meshgrid(
        torch.linspace(-1, 1, height),
        torch.linspace(-1, 1, width),
        indexing="ij",
    )
    where = torch.stack([columns, rows]).to(features)
    return torch.cat([features, where.expand(n, -1, -1, -1)], 1)
