"""Boxes: how much two overlap, and one told as a change of another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

# Detectron's limit: no box grows more than 62.5-fold in one step
LARGEST_GROWTH = math.log(1000 / 16)
WEIGHTS = (1.0, 1.0, 1.0, 1.0)


def box_iou(ours: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of each box of one set with each other's.

    Args:
        ours: xyxy [N, 4].
        others: xyxy [M, 4].

    Returns:
        float [N, M] in [0, 1].

    Raises:
        ValueError: a set that is not [..., 4].

    Convention:
        Width is right minus left: a box ends one past its last pixel. A
        pair of boxes without area has IoU 0 (torchvision: NaN).

    >>> one = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    >>> box_iou(one, one + torch.tensor([1.0, 0.0, 1.0, 0.0]))
    tensor([[0.3333]])
    """
    _check_boxes("ours", ours)
    _check_boxes("others", others)
    low = torch.maximum(ours[:, None, :2], others[:, :2])
    high = torch.minimum(ours[:, None, 2:], others[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    union = box_area(ours)[:, None] + box_area(others) - shared
    return torch.where(union > 0, shared / union, torch.zeros_like(union))


def box_area(boxes: Tensor) -> Tensor:
    """Width times height [N] of boxes xyxy [N, 4].

    >>> box_area(torch.tensor([[0.0, 1.0, 3.0, 5.0]]))
    tensor([12.])
    """
    return (boxes[:, 2:] - boxes[:, :2]).prod(-1)


def encode_boxes(
    targets: Tensor,
    anchors: Tensor,
    weights: Sequence[float] = WEIGHTS,
) -> Tensor:
    """What turns each anchor into its target: the regression's truth.

    The centre moves by a share of the anchor's own size, and the size
    changes by a factor, of which the logarithm is taken. So a small and a
    large object ask for numbers of the same order.

    Args:
        targets: xyxy [N, 4].
        anchors: xyxy [N, 4], with a width and height above 0.
        weights: of x, y, width and height; (10, 10, 5, 5) in the box
            head, whose changes are that much smaller.

    Returns:
        float [N, 4]: (dx, dy, dw, dh).

    Raises:
        ValueError: shapes that differ or are not [N, 4].

    Source: Girshick et al. 2014; equal to torchvision's ``BoxCoder``.

    >>> anchor = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    >>> encode_boxes(anchor + 5, anchor)
    tensor([[0.5000, 0.5000, 0.0000, 0.0000]])
    """
    _check_boxes("targets", targets)
    _check_boxes("anchors", anchors)
    if targets.shape != anchors.shape:
        raise ValueError(
            f"targets must be as many as the {len(anchors)} anchors, got "
            f"{len(targets)}"
        )
    wanted, wanted_size = _centre_and_size(targets)
    centre, size = _centre_and_size(anchors)
    change = [(wanted - centre) / size, (wanted_size / size).log()]
    return torch.cat(change, 1) * anchors.new_tensor(weights)


def decode_boxes(
    changes: Tensor,
    anchors: Tensor,
    weights: Sequence[float] = WEIGHTS,
) -> Tensor:
    """The boxes that the changes make of the anchors.

    Args:
        changes: float [N, 4], or [N, K, 4] with a change for each of K
            classes.
        anchors: xyxy [N, 4].
        weights: as in ``encode_boxes``.

    Returns:
        xyxy, of the shape of the changes.

    Raises:
        ValueError: shapes that do not fit.

    Convention:
        A box grows 62.5-fold at most, so that an untrained network's
        numbers do not overflow in the exponential.

    >>> anchor = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    >>> decode_boxes(torch.tensor([[0.5, 0.5, 0.0, 0.0]]), anchor)
    tensor([[ 5.,  5., 15., 15.]])
    """
    _check_boxes("anchors", anchors)
    if changes.shape[-1] != 4 or len(changes) != len(anchors):
        raise ValueError(
            f"changes must be [{len(anchors)}, 4] or [{len(anchors)}, K, "
            f"4], got {tuple(changes.shape)}"
        )
    centre, size = _centre_and_size(anchors)
    if changes.ndim == 3:
        centre, size = centre[:, None], size[:, None]
    changes = changes / changes.new_tensor(weights)
    middle = centre + changes[..., :2] * size
    half = size * changes[..., 2:].clamp(max=LARGEST_GROWTH).exp() / 2
    return torch.cat([middle - half, middle + half], -1)


def clip_boxes(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes xyxy [..., 4], cut at the edges of an image (height, width).

    >>> clip_boxes(torch.tensor([[-3.0, 2.0, 9.0, 9.0]]), (8, 6))
    tensor([[0., 2., 6., 8.]])
    """
    height, width = size
    limit = boxes.new_tensor([width, height, width, height])
    return boxes.clamp(min=0).minimum(limit)


def _centre_and_size(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + size / 2, size


def _check_boxes(name: str, boxes: Tensor) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name} must be xyxy [N, 4], got {tuple(boxes.shape)}"
        )
