"""Duplicates removed without a loop: fast NMS and matrix NMS."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import box_iou

Decay = Callable[[Tensor], Tensor]


def overlap_with_better(iou: Tensor, labels: Tensor) -> Tensor:
    """The IoU of each candidate with the better ones of its label.

    Args:
        iou: floats [M, M], of candidates in the order of their scores,
            best first.
        labels: [M], in the same order.

    Returns:
        Floats [M, M]: in column j the overlaps of j, and 0 in every row i
        that is no better (i at or below the diagonal) or of another label.

    >>> overlap_with_better(torch.ones(3, 3), torch.tensor([1, 1, 2]))
    tensor([[0., 1., 0.],
            [0., 0., 0.],
            [0., 0., 0.]])
    """
    same = labels[:, None] == labels
    return torch.where(same, iou, 0).triu(1)


def surest(
    chances: Tensor, *, above: float, most: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The candidates that are worth a comparison, best first.

    Args:
        chances: floats [M, C], of each place and class; one place can
            speak for several classes.
        above: a candidate must have a higher chance.
        most: how many are kept.

    Returns:
        Places and classes, int64 [K], and their chances [K]. Of equal
        chances the earlier one comes first.

    >>> chances = torch.tensor([[0.1, 0.6], [0.9, 0.2]])
    >>> places, classes, scores = surest(chances, above=0.1, most=2)
    >>> places.tolist(), classes.tolist()
    ([1, 0], [0, 1])
    """
    places, classes = (chances > above).nonzero(as_tuple=True)
    scores = chances[places, classes]
    best = scores.argsort(descending=True, stable=True)[:most]
    return places[best], classes[best], scores[best]


def fast_nms(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    *,
    iou_threshold: float = 0.5,
) -> Tensor:
    """Drop each box that overlaps a better one of its label.

    Args:
        boxes: floats [M, 4], xyxy.
        scores: floats [M].
        labels: integers [M].
        iou_threshold: an overlap above it counts as the same object.

    Returns:
        Indices of what is kept, int64, best first.

    Raises:
        ValueError: shapes that do not fit, or a threshold outside [0, 1].

    Convention:
        A box that has been dropped still drops others, where ordinary NMS
        no longer counts it. So fast NMS keeps some of what NMS keeps, and
        nothing else; in return it is one comparison of all pairs.
        Of equal scores the earlier one counts as better.

    Source:
        Bolya et al. 2019, section 3.4.

    >>> boxes = torch.tensor([[0.0, 0, 10, 9], [0, 3, 10, 12],
    ...                       [0, 6, 10, 15]])
    >>> scores, label = torch.tensor([0.9, 0.8, 0.7]), torch.ones(3)
    >>> fast_nms(boxes, scores, label, iou_threshold=0.4)
    tensor([0])
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must be [M, 4], got {tuple(boxes.shape)}")
    _check_rows(len(boxes), scores, labels)
    if not 0 <= iou_threshold <= 1:
        raise ValueError(
            f"iou_threshold must be in [0, 1], got {iou_threshold}"
        )
    order = scores.argsort(descending=True, stable=True)
    boxes = boxes[order]
    iou = overlap_with_better(box_iou(boxes, boxes), labels[order])
    return order[(iou <= iou_threshold).all(0)]


def linear_decay(iou: Tensor) -> Tensor:
    """1 - IoU.

    >>> linear_decay(torch.tensor([0.0, 0.25]))
    tensor([1.0000, 0.7500])
    """
    return 1 - iou


def gaussian_decay(iou: Tensor, *, sigma: float = 0.5) -> Tensor:
    """exp(-IoU^2 / sigma).

    Convention: sigma stands below, as in the paper. The authors' code
    multiplies by it, with 2.0 for the paper's 0.5.

    >>> gaussian_decay(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1353])
    """
    return torch.exp(-(iou**2) / sigma)


def matrix_nms(
    masks: Tensor,
    scores: Tensor,
    labels: Tensor,
    *,
    decay: Decay = gaussian_decay,
) -> Tensor:
    """Lower each score by how much a better mask of its label covers it.

    With f the decay, s the scores and IoU that of the masks, the score of
    j is multiplied by the least, over all better i, of
    f(IoU_ij) / f(the largest IoU of i with a mask better than i).
    The numerator says how much i and j are one; the denominator weakens
    an i that is itself a duplicate.

    Args:
        masks: bool [M, H, W].
        scores: floats [M].
        labels: integers [M].
        decay: 1 at an IoU of 0, falling to 0 or more at 1.

    Returns:
        Scores [M], in the order that came, none higher than before.

    Raises:
        ValueError: shapes that do not fit.

    Convention:
        An i with a denominator of 0 is gone and lowers nothing. Two empty
        masks have an IoU of 0. Of equal scores the earlier one counts as
        better.

    Source:
        Wang et al. 2020, SOLOv2, section 3.3.

    >>> left = torch.tensor([[[True, True, False, False]]])
    >>> masks = torch.cat([left, left, ~left])
    >>> scores, label = torch.tensor([0.9, 0.8, 0.7]), torch.ones(3)
    >>> matrix_nms(masks, scores, label)
    tensor([0.9000, 0.1083, 0.7000])
    """
    if masks.ndim != 3 or masks.dtype != torch.bool:
        raise ValueError(
            f"masks must be bool [M, H, W], got {tuple(masks.shape)} of "
            f"{masks.dtype}"
        )
    _check_rows(len(masks), scores, labels)
    if not len(masks):
        return scores.clone()
    order = scores.argsort(descending=True, stable=True)
    iou = overlap_with_better(mask_iou(masks[order]), labels[order])
    own = decay(iou.amax(0))[:, None]
    factors = torch.where(own > 0, decay(iou) / own, torch.inf)
    lowered = torch.empty_like(scores)
    lowered[order] = scores[order] * factors.amin(0).clamp(max=1)
    return lowered


def mask_iou(masks: Tensor) -> Tensor:
    """The IoU of every two masks.

    Args:
        masks: bool [M, H, W].

    Returns:
        float32 [M, M]; 0 where both masks are empty.

    >>> mask_iou(torch.tensor([[[True, False]], [[True, True]]]))
    tensor([[1.0000, 0.5000],
            [0.5000, 1.0000]])
    """
    rows = masks.flatten(1).float()
    both = rows @ rows.T
    area = rows.sum(1)
    return both / (area[:, None] + area - both).clamp(min=1)


def _check_rows(count: int, scores: Tensor, labels: Tensor) -> None:
    for name, found in (("scores", scores), ("labels", labels)):
        if found.shape != (count,):
            raise ValueError(
                f"{name} must have shape ({count},), got "
                f"{tuple(found.shape)}"
            )
