"""Few boxes out of many: the proposals, and at the end the answers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import clip_boxes
from seglab.instances.maskrcnn.suppression import batched_nms


def choose_proposals(
    objectness: Sequence[Tensor],
    boxes: Sequence[Tensor],
    size: tuple[int, int],
    *,
    before: int = 1000,
    after: int = 1000,
    threshold: float = 0.7,
) -> tuple[Tensor, Tensor]:
    """The boxes of one image that are worth a closer look.

    The best of each level, clipped to the image, without those that
    overlap a better one of their level; of the rest, the best.

    Args:
        objectness: logits [M_i] of each level's anchors.
        boxes: xyxy [M_i, 4], the anchors as they are moved.
        size: (height, width) of the image.
        before: boxes of each level that go into the suppression.
        after: boxes that leave it, over all levels.
        threshold: of the suppression.

    Returns:
        Boxes xyxy [K, 4] and probabilities [K], best first.

    Raises:
        ValueError: counts below 1.

    Source: Lin et al. 2017; equal to torchvision's
        ``RegionProposalNetwork``.

    >>> boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8], [5, 5, 9, 9]])
    >>> found, scores = choose_proposals(
    ...     [torch.tensor([0.0, 2.0, 1.0])], [boxes], (9, 9))
    >>> found.tolist()
    [[0.0, 0.0, 9.0, 8.0], [5.0, 5.0, 9.0, 9.0]]
    """
    if min(before, after) < 1:
        raise ValueError(
            f"before and after must be 1 or more, got {before} and {after}"
        )
    best = [logits.topk(min(before, len(logits))) for logits in objectness]
    candidates = torch.cat(
        [b[top.indices] for b, top in zip(boxes, best, strict=True)]
    )
    scores = torch.cat([top.values for top in best]).sigmoid()
    level = torch.cat(
        [torch.full_like(t.indices, i) for i, t in enumerate(best)]
    )
    candidates = clip_boxes(candidates, size)
    real = _is_larger(candidates, 1e-3)
    candidates, scores, level = candidates[real], scores[real], level[real]
    kept = batched_nms(candidates, scores, level, threshold)[:after]
    return candidates[kept], scores[kept]


def choose_detections(
    probabilities: Tensor,
    boxes: Tensor,
    size: tuple[int, int],
    *,
    least_score: float = 0.05,
    threshold: float = 0.5,
    most: int = 100,
) -> tuple[Tensor, Tensor, Tensor]:
    """The answers for one image: every proposal may give several.

    Each class of each proposal is a candidate with a box of its own.
    Suppression runs within a class, so one place can keep two answers.

    Args:
        probabilities: softmax [R, C] of each proposal; class 0 is the
            background.
        boxes: xyxy [R, C, 4], one for each class.
        size: (height, width) of the image.
        least_score: a candidate must have more.
        threshold: of the suppression.
        most: answers that are kept.

    Returns:
        Boxes xyxy [K, 4], labels int64 [K] and scores [K], best first.

    Raises:
        ValueError: shapes that do not fit.

    Source: Girshick 2015; equal to torchvision's
        ``RoIHeads.postprocess_detections``.

    >>> box = torch.tensor([[[0.0, 0, 0, 0], [1, 1, 5, 5], [1, 1, 6, 6]]])
    >>> chances = torch.tensor([[0.1, 0.2, 0.7]])
    >>> choose_detections(chances, box, (8, 8))[1].tolist()
    [2, 1]
    """
    if boxes.shape != (*probabilities.shape, 4):
        raise ValueError(
            f"boxes must be {(*probabilities.shape, 4)} beside these "
            f"probabilities, got {tuple(boxes.shape)}"
        )
    classes = probabilities.shape[1]
    labels = torch.arange(classes, device=boxes.device)
    candidates = clip_boxes(boxes[:, 1:].reshape(-1, 4), size)
    scores = probabilities[:, 1:].flatten()
    labels = labels[1:].repeat(len(boxes))
    real = (scores > least_score) & _is_larger(candidates, 1e-2)
    candidates, scores, labels = (
        candidates[real],
        scores[real],
        labels[real],
    )
    kept = batched_nms(candidates, scores, labels, threshold)[:most]
    return candidates[kept], labels[kept], scores[kept]


def _is_larger(boxes: Tensor, side: float) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2] >= side).all(1)
