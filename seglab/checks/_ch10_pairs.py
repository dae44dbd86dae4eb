"""References of chapter 10: plain and slow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor


def full_masks_product(
    prototypes: Tensor,
    coefficients: Tensor,
    boxes: Tensor,
    size: tuple[int, int],
) -> Tensor:
    """Interpolation as two matrix products, then sign and box."""
    down, across = (
        _weights(before, after).to(prototypes.dtype)
        for before, after in zip(prototypes.shape[1:], size, strict=True)
    )
    logits = torch.tensordot(coefficients, prototypes, 1)
    masks = down @ logits @ across.T > 0
    y = torch.arange(size[0])[:, None] + 0.5
    x = torch.arange(size[1]) + 0.5
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask &= (x >= left) & (x < right) & (y >= top) & (y < bottom)
    return masks


def fast_nms_loop(
    boxes: Tensor, scores: Tensor, labels: Tensor, limit: float
) -> list[int]:
    """Which boxes no better one of their label overlaps, best first."""
    order = scores.argsort(descending=True).tolist()
    kept = []
    for rank, j in enumerate(order):
        rivals = [i for i in order[:rank] if labels[i] == labels[j]]
        if all(_box_iou(boxes[i], boxes[j]) <= limit for i in rivals):
            kept.append(j)
    return kept


def matrix_nms_loop(masks: Tensor, scores: Tensor) -> Tensor:
    """Scores after the Gaussian decay with sigma 0.5."""
    order = scores.argsort(descending=True).tolist()
    lowered = scores.tolist()
    for rank, j in enumerate(order):
        for place, i in enumerate(order[:rank]):
            own = [_mask_iou(masks[k], masks[i]) for k in order[:place]]
            factor = _decay(_mask_iou(masks[i], masks[j]))
            factor /= _decay(max(own, default=0.0))
            lowered[j] = min(lowered[j], scores[j].item() * factor)
    return torch.tensor(lowered)


def centre_cells_loop(
    mask: np.ndarray[Any, Any], cells: int
) -> set[tuple[int, int]]:
    """(row, column) of the cells that the centre region touches."""
    ranges = []
    for axis in (0, 1):
        places = np.nonzero(mask)[axis]
        middle = places.mean() + 0.5
        reach = 0.1 * (places.max() + 1 - places.min())
        step = mask.shape[axis] / cells
        low, at, high = (
            min(max(math.floor(place / step), 0), cells - 1)
            for place in (middle - reach, middle, middle + reach)
        )
        ranges.append(range(max(low, at - 1), min(high, at + 1) + 1))
    return {(row, column) for row in ranges[0] for column in ranges[1]}


def _box_iou(a: Tensor, b: Tensor) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(float(width), 0.0) * max(float(height), 0.0)
    areas = sum(float((c[2] - c[0]) * (c[3] - c[1])) for c in (a, b))
    return shared / (areas - shared)


def _mask_iou(a: Tensor, b: Tensor) -> float:
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 0.0


def _decay(iou: float) -> float:
    return math.exp(-(iou**2) / 0.5)


def _weights(before: int, after: int) -> Tensor:
    """What each old pixel gives to each new one, [after, before]."""
    place = (torch.arange(after) + 0.5) * before / after - 0.5
    place = place.clamp(0, before - 1)
    distance = (place[:, None] - torch.arange(before)).abs()
    return (1 - distance).clamp(min=0)
