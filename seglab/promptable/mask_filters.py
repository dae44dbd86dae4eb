"""Which of many masks are worth keeping: sure, stable, whole, and new."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seglab.promptable.around import boxes_around_masks

Box = tuple[int, int, int, int]


def point_grid(size: tuple[int, int], per_side: int) -> Tensor:
    """Points (x, y) evenly over a picture, row by row: float32 [N, 2].

    Convention:
        ``per_side`` points stand along the longer side and as many along
        the shorter one as keep the distance. 0 is the middle of the first
        pixel, so half the points' distance less half a pixel lies between
        the border and the first point. The package puts as many points on
        both sides, and lies half a pixel off.

    Args:
        size: (height, width) in pixels.
        per_side: 1 or more.

    Raises:
        ValueError: an argument is below 1.

    >>> point_grid((4, 8), 4)[:, 0].tolist()
    [0.5, 2.5, 4.5, 6.5, 0.5, 2.5, 4.5, 6.5]
    """
    if per_side < 1 or min(size) < 1:
        raise ValueError(
            "size and per_side must be 1 or more, got "
            f"{tuple(size)} and {per_side}"
        )
    apart = max(size) / per_side
    rows, columns = (
        _along(side, max(1, math.ceil(side / apart - 1e-9)))
        for side in size
    )
    grid = torch.cartesian_prod(rows, columns).reshape(-1, 2)
    return grid.flip(1)


def _along(length: int, count: int) -> Tensor:
    return (torch.arange(count) + 0.5) * length / count - 0.5


def stability_scores(logits: Tensor, *, offset: float = 1.0) -> Tensor:
    """How little a mask changes when its threshold does: float32 [M].

    The IoU of the mask cut at ``offset`` above 0 with the one cut as far
    below: 1 for an edge like a cliff.

    Convention:
        The package's. One is inside the other, so the IoU is a ratio of
        areas; it is 0 where even the larger mask is empty (the package
        gives NaN).

    Args:
        logits: float [M, H, W], at the size of the picture.
        offset: above 0.

    Raises:
        ValueError: another shape, or an offset that is not above 0.

    Source:
        Kirillov et al., ICCV 2023, appendix B.

    >>> logits = torch.tensor([[[5.0, 0.5, -0.5, -5.0]]])
    >>> stability_scores(logits)
    tensor([0.3333])
    """
    if logits.ndim != 3:
        raise ValueError(
            f"logits must have shape [M, H, W], got {tuple(logits.shape)}"
        )
    if not offset > 0:
        raise ValueError(f"offset must be above 0, got {offset}")
    small, large = (
        (logits > level).flatten(1).sum(1) for level in (offset, -offset)
    )
    return small / large.clamp(min=1)


def cut_by_tile(
    boxes: Tensor, tile: Box, size: tuple[int, int], *, margin: float = 2
) -> Tensor:
    """Which objects a tile's edge seems to cut: bool [M].

    Convention:
        An edge of the tile that is also the picture's cuts nothing.

    Args:
        boxes: float [M, 4] xyxy in the picture.
        tile: (left, top, right, bottom).
        size: (height, width) of the picture.
        margin: pixels between box and edge that count as touching. The
            package fixes it at 20, of tiles of a thousand.

    >>> boxes = torch.tensor([[0.0, 2.0, 5.0, 6.0], [5.0, 2.0, 8.0, 6.0]])
    >>> cut_by_tile(boxes, (0, 0, 8, 8), (8, 16)).tolist()
    [False, True]
    """
    edges = torch.tensor(tile).to(boxes)
    border = torch.tensor([0, 0, size[1], size[0]]).to(boxes)
    near = (boxes - edges).abs() <= margin
    return (near & (edges != border)).any(1)


def distinct_masks(
    masks: Tensor, scores: Tensor, *, most_iou: float = 0.7
) -> Tensor:
    """Drop each mask that repeats a better one; indices, best first.

    Convention:
        Greedy, as non-maximum suppression of boxes: what has been dropped
        drops nothing. It compares masks, where the package compares their
        boxes: a ring and the disc inside it have one box, and both stay.
        Of equal scores the earlier is better; empty masks repeat nothing.

    Args:
        masks: bool [M, H, W].
        scores: float [M].
        most_iou: a larger overlap means that two masks are one object.

    Returns:
        Int64 [K].

    Raises:
        ValueError: shapes that do not fit, or an IoU outside [0, 1].

    >>> masks = torch.zeros(3, 1, 4, dtype=torch.bool)
    >>> masks[0, 0, :3] = masks[1, 0, :] = masks[2, 0, 3:] = True
    >>> distinct_masks(masks, torch.tensor([0.9, 0.8, 0.7])).tolist()
    [0, 2]
    """
    if masks.ndim != 3 or scores.shape != masks.shape[:1]:
        raise ValueError(
            "masks and scores must have shapes [M, H, W] and [M], got "
            f"{tuple(masks.shape)} and {tuple(scores.shape)}"
        )
    if not 0 <= most_iou <= 1:
        raise ValueError(f"most_iou must be in [0, 1], got {most_iou}")
    areas = masks.flatten(1).sum(1)
    corners = boxes_around_masks(masks).int()
    dropped = torch.zeros(len(masks), dtype=torch.bool)
    kept: list[int] = []
    for best in scores.argsort(descending=True, stable=True).tolist():
        if dropped[best]:
            continue
        kept.append(best)
        # masks whose areas differ more cannot overlap so much
        alike = (areas > most_iou * areas[best]) & (
            areas * most_iou < areas[best]
        )
        rivals = (alike & ~dropped).nonzero()[:, 0]
        left, top, right, bottom = corners[best].tolist()
        inside = masks[rivals, top:bottom, left:right]
        both = inside & masks[best, top:bottom, left:right]
        shared = both.flatten(1).sum(1)
        iou = shared / (areas[rivals] + areas[best] - shared)
        dropped[rivals[iou > most_iou]] = True
    return torch.tensor(kept, dtype=torch.int64)
