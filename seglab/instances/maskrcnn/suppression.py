"""Non-maximum suppression: one box for one object."""

from __future__ import annotations

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import box_iou


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Keep the best box, drop those that overlap it, and so on.

    Args:
        boxes: xyxy [N, 4].
        scores: [N].
        threshold: a box goes if its IoU with a better one that stays is
            above this.

    Returns:
        int64 indices of the boxes that stay, best first.

    Raises:
        ValueError: not as many scores as boxes, or a threshold outside
            [0, 1].

    Convention:
        Of two equal scores the earlier box is the better one.

    Source: equal to ``torchvision.ops.nms``.

    >>> boxes = torch.tensor([[0.0, 0, 9, 9], [1, 0, 9, 9], [20, 0, 29, 9]])
    >>> nms(boxes, torch.tensor([0.6, 0.9, 0.5]), 0.5).tolist()
    [1, 2]
    """
    if scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"scores must be [{len(boxes)}], got {tuple(scores.shape)}"
        )
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be in [0, 1], got {threshold}")
    order = scores.argsort(descending=True, stable=True)
    too_close = box_iou(boxes[order], boxes[order]) > threshold
    stays = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    for i in range(len(order)):
        if stays[i]:
            stays[i + 1 :] &= ~too_close[i, i + 1 :]
    return order[stays]


def batched_nms(
    boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float
) -> Tensor:
    """Suppression within each group alone, such as a class or a level.

    Each group is moved to a place of its own, so far away that boxes of
    two groups cannot overlap. Then one call does for all.

    Args:
        boxes: xyxy [N, 4].
        scores: [N].
        groups: integers [N].
        threshold: as in ``nms``.

    Returns:
        int64 indices of the boxes that stay, best first.

    Raises:
        ValueError: as ``nms``, or not as many groups as boxes.

    Source: equal to ``torchvision.ops.batched_nms``.

    >>> box = torch.tensor([[0.0, 0.0, 9.0, 9.0]]).expand(3, 4)
    >>> scores = torch.tensor([0.7, 0.9, 0.8])
    >>> batched_nms(box, scores, torch.tensor([1, 2, 1]), 0.5).tolist()
    [1, 2]
    """
    if groups.shape != boxes.shape[:1]:
        raise ValueError(
            f"groups must be [{len(boxes)}], got {tuple(groups.shape)}"
        )
    if not len(boxes):
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    room = boxes.max() - boxes.min() + 1
    return nms(boxes + (groups * room)[:, None], scores, threshold)
