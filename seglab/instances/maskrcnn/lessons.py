"""What one image teaches in one step: a few anchors, a few proposals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import encode_boxes
from seglab.instances.maskrcnn.matching import sample_balanced
from seglab.instances.maskrcnn.targets import (
    crop_masks,
    label_anchors,
    label_proposals,
)

Truth = Mapping[str, Tensor]
HEAD_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


@dataclass(frozen=True)
class AnchorLesson:
    """What the anchors of one image should have said.

    Args:
        labels: float [N], 1 object, 0 background, -1 ignored.
        targets: [N, 4], the change to the object; as good as any where
            there is none.
        positives, negatives: indices of those that were drawn.
    """

    labels: Tensor
    targets: Tensor
    positives: Tensor
    negatives: Tensor


@dataclass(frozen=True)
class BoxLesson:
    """What the heads should say of some proposals of one image.

    Args:
        boxes: xyxy [R, 4], the proposals that were drawn.
        labels: int64 [R], 0 for background.
        targets: [R, 4], the change to the object.
        masks: float [P, S, S], of the positive ones, in their order.
    """

    boxes: Tensor
    labels: Tensor
    targets: Tensor
    masks: Tensor


def draw_anchors(
    anchors: Tensor, truth: Truth, *, count: int = 64
) -> AnchorLesson:
    """Match all anchors and draw some of them, up to half positive.

    Args:
        anchors: xyxy [N, 4].
        truth: "boxes" [K, 4] of the objects, as ``true_objects`` has them.
        count: drawn at most.

    Source: Ren et al. 2015.

    >>> box = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    >>> lesson = draw_anchors(torch.cat([box, box + 20]), {"boxes": box})
    >>> lesson.positives.tolist(), lesson.negatives.tolist()
    ([0], [1])
    """
    labels, which = label_anchors(anchors, truth["boxes"])
    drawn = sample_balanced(labels, count, positive_share=0.5)
    targets = _encode(truth["boxes"], which, anchors, (1, 1, 1, 1))
    return AnchorLesson(labels, targets, *drawn)


def draw_proposals(
    proposals: Tensor,
    truth: Truth,
    *,
    count: int = 32,
    mask_side: int = 28,
) -> BoxLesson:
    """Match the proposals and draw some, up to a quarter positive.

    The true boxes are added to the proposals: so the heads have something
    to learn from the first step on, when no proposal is any good yet.

    Args:
        proposals: xyxy [N, 4].
        truth: "boxes", "labels" and "masks", as ``true_objects`` has them.
        count: drawn at most.
        mask_side: of the masks that the mask head draws.

    Source: Girshick 2015 and He et al. 2017.

    >>> box = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    >>> truth = {"boxes": box, "labels": torch.tensor([3]),
    ...          "masks": torch.ones(1, 32, 32)}
    >>> lesson = draw_proposals(box + 20, truth)
    >>> lesson.labels.tolist(), tuple(lesson.masks.shape)
    ([0, 3], (1, 28, 28))
    """
    candidates = torch.cat([proposals, truth["boxes"]])
    labels, which = label_proposals(
        candidates, truth["boxes"], truth["labels"]
    )
    drawn = torch.cat(sample_balanced(labels, count, positive_share=0.25))
    drawn = drawn.sort().values
    positive = drawn[labels[drawn] > 0]
    boxes = candidates[drawn]
    return BoxLesson(
        boxes=boxes,
        labels=labels[drawn],
        targets=_encode(truth["boxes"], which[drawn], boxes, HEAD_WEIGHTS),
        masks=crop_masks(
            truth["masks"],
            candidates[positive],
            which[positive],
            mask_side,
        ),
    )


def _encode(
    objects: Tensor,
    which: Tensor,
    boxes: Tensor,
    weights: Sequence[float],
) -> Tensor:
    if not len(objects):
        return torch.zeros_like(boxes)
    return encode_boxes(objects[which], boxes, weights)
