"""Boxes around masks that may be empty."""

from __future__ import annotations

import torch
from torch import Tensor


def boxes_around_masks(masks: Tensor) -> Tensor:
    """The box of each mask; all 0 for one that is empty.

    Convention:
        xyxy in pixels, the right and lower edge one past the last pixel.

    Args:
        masks: bool [P, H, W].

    Returns:
        Float32 [P, 4].

    >>> masks = torch.zeros(2, 6, 6, dtype=torch.bool)
    >>> masks[0, 2:4, 3:6] = True
    >>> boxes_around_masks(masks).tolist()
    [[3.0, 2.0, 6.0, 4.0], [0.0, 0.0, 0.0, 0.0]]
    """
    top, bottom = _ends(masks.any(2))
    left, right = _ends(masks.any(1))
    boxes = torch.stack([left, top, right, bottom], 1).float()
    return boxes * masks.flatten(1).any(1)[:, None]


def _ends(line: Tensor) -> tuple[Tensor, Tensor]:
    """First place of each row of bool [P, L], and one past the last."""
    places = line.int()
    return places.argmax(1), line.shape[1] - places.flip(1).argmax(1)
