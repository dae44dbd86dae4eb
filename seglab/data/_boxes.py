"""Boxes around masks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def boxes_around(masks: NDArray[np.bool_]) -> Tensor:
    """The box of each mask, float32 [K, 4], xyxy in pixels.

    Args:
        masks: bool [K, H, W], none of them empty.

    Convention:
        The right and lower edge lie one past the last pixel, so that width
        and height count pixels.

    >>> boxes_around(np.eye(3, dtype=bool)[None, :2])
    tensor([[0., 0., 2., 2.]])
    """
    boxes = np.zeros((len(masks), 4), np.float32)
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = np.nonzero(mask)
        box[:2] = columns.min(), rows.min()
        box[2:] = columns.max() + 1, rows.max() + 1
    return torch.from_numpy(boxes)
