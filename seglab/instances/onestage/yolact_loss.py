"""What YOLACT is trained with: classes, boxes and masks of anchors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.instances.maskrcnn.matching import IGNORED
from seglab.instances.onestage.anchors import match_anchors, to_changes
from seglab.instances.onestage.masks import (
    assemble_masks,
    inside_boxes,
    shrink_masks,
)
from seglab.instances.onestage.parted_loss import PartedLoss
from seglab.instances.onestage.semantic import semantic_loss
from seglab.instances.onestage.yolact import YolactOutput
from seglab.instances.truth import true_objects

WEIGHTS = {"class": 1.0, "box": 1.5, "mask": 6.125, "semantic": 1.0}
NEGATIVES_EACH = 3


class Matched(NamedTuple):
    """Which anchors of a batch stand for an object, and for which.

    Args:
        labels: int64 [N, A]; 0 for background, -1 for neither.
        images: int64 [P], the image of each positive anchor.
        anchors: int64 [P], its anchor.
        boxes: float32 [P, 4] of its object.
        masks: bool [P, H, W] of its object.
    """

    labels: Tensor
    images: Tensor
    anchors: Tensor
    boxes: Tensor
    masks: Tensor


class YolactLoss(PartedLoss):
    """The sum of YOLACT's four losses, for ``fit``.

    - class: cross-entropy of the positive anchors and of the hardest
      negatives, three for each positive;
    - box: smooth L1 of the positives' changes;
    - mask: binary cross-entropy of the assembled mask inside the true
      box, divided by the area of the box, so that large objects do not
      count more;
    - semantic: which classes each position of a map shows. It trains
      the pyramid and is not used later.

    Convention:
        Class, box and mask are divided by the number of positives in the
        batch. True masks are averaged down to the prototypes' size, so
        that a pixel on a rim is half in.

    Args:
        num_classes: the things are categories 1 to this.
        weights: of the four losses.

    Raises:
        ValueError: weights with other names.

    Source: Bolya et al. 2019, sections 3.3 and 4.

    >>> from seglab.instances.onestage.yolact import Yolact
    >>> maps = torch.zeros(1, 64, 64, dtype=torch.int64)
    >>> maps[0, 10:40, 20:50] = 2001
    >>> loss = YolactLoss(2)(Yolact(2)(torch.rand(1, 3, 64, 64)), maps)
    >>> bool(loss > 0)
    True
    """

    def __init__(
        self, num_classes: int = 5, weights: Mapping[str, float] = WEIGHTS
    ) -> None:
        super().__init__(WEIGHTS, weights)
        self.things = tuple(range(1, num_classes + 1))

    def parts(
        self, output: YolactOutput, panoptic: Tensor
    ) -> dict[str, Tensor]:
        """The four losses by name, before they are weighted.

        Args:
            output: of ``Yolact`` in training.
            panoptic: integers [N, H, W].
        """
        matched = match_batch(output.anchors, panoptic, self.things)
        count = max(len(matched.anchors), 1)
        chosen = matched.images, matched.anchors
        changes = to_changes(matched.boxes, output.anchors[matched.anchors])
        return {
            "class": mined_cross_entropy(output.logits, matched.labels)
            / count,
            "box": F.smooth_l1_loss(
                output.changes[chosen], changes, reduction="sum"
            )
            / count,
            "mask": mask_loss(output, matched) / count,
            "semantic": semantic_loss(
                output.semantic, panoptic, self.things
            ),
        }


def match_batch(
    anchors: Tensor, panoptic: Tensor, things: tuple[int, ...]
) -> Matched:
    """Match the anchors with the objects of every image of a batch.

    Args:
        anchors: float32 [A, 4].
        panoptic: integers [N, H, W].
        things: categories that are objects.

    >>> nothing = torch.zeros(2, 8, 8, dtype=torch.int64)
    >>> match_batch(torch.rand(3, 4), nothing, (1,)).labels.shape
    torch.Size([2, 3])
    """
    truths = [true_objects(one, things=things) for one in panoptic]
    found = torch.stack(
        [match_anchors(t["boxes"], anchors) for t in truths]
    )
    images, chosen = (found >= 0).nonzero(as_tuple=True)
    counts = torch.tensor([0, *(len(t["boxes"]) for t in truths)])
    first = counts.cumsum(0).to(found.device)
    objects = first[images] + found[images, chosen]
    together = {
        key: torch.cat([truth[key] for truth in truths])
        for key in ("boxes", "labels", "masks")
    }
    labels = torch.zeros_like(found)
    labels[found == IGNORED] = -1
    labels[images, chosen] = together["labels"][objects]
    return Matched(
        labels,
        images,
        chosen,
        together["boxes"][objects],
        together["masks"][objects],
    )


def mined_cross_entropy(
    logits: Tensor, labels: Tensor, *, negatives_each: int = NEGATIVES_EACH
) -> Tensor:
    """Cross-entropy of positives and of the hardest negatives, summed.

    Almost every anchor is background. Per image, only so many of them
    count as there are positives times ``negatives_each``, and those with
    the highest loss.

    Args:
        logits: [N, A, 1 + C].
        labels: int64 [N, A]; 0 for background, -1 not to count.
        negatives_each: negatives for each positive.

    Returns:
        A scalar, the sum; divide it by the number of positives.

    Source: Liu et al. 2016, SSD.

    >>> logits = torch.zeros(1, 9, 2)
    >>> labels = torch.tensor([[1, 0, 0, 0, 0, 0, 0, 0, 0]])
    >>> mined_cross_entropy(logits, labels) / 0.6931  # 1 + 3 of log 2
    tensor(4.0003)
    """
    losses = F.cross_entropy(
        logits.movedim(-1, 1), labels, ignore_index=-1, reduction="none"
    )
    positive = labels > 0
    hard = losses.detach().masked_fill(labels != 0, -1.0)
    rank = hard.argsort(1, descending=True).argsort(1)
    allowed = negatives_each * positive.sum(1, keepdim=True)
    counted = positive | ((labels == 0) & (rank < allowed))
    return losses[counted].sum()


def mask_loss(output: YolactOutput, matched: Matched) -> Tensor:
    """Binary cross-entropy inside the true box by its area, summed.

    Args:
        output: of ``Yolact`` in training.
        matched: the positive anchors.

    Returns:
        A scalar; divide it by the number of positives.

    >>> from seglab.instances.onestage.yolact import Yolact
    >>> maps = torch.zeros(1, 64, 64, dtype=torch.int64)
    >>> maps[0, 10:40, 20:50] = 1001
    >>> output = Yolact(1)(torch.rand(1, 3, 64, 64))
    >>> blank = output._replace(prototypes=0 * output.prototypes)
    >>> matched = match_batch(output.anchors, maps, (1,))
    >>> loss = mask_loss(blank, matched) / len(matched.anchors)
    >>> round(loss.item(), 4)  # no idea: log 2 for every pixel
    0.6931
    """
    height, width = output.prototypes.shape[-2:]
    tall, wide = matched.masks.shape[-2:]
    scale = [width / wide, height / tall] * 2
    boxes = matched.boxes * matched.boxes.new_tensor(scale)
    total = output.prototypes.sum() * 0
    for index in matched.images.unique():
        own = matched.images == index
        logits = assemble_masks(
            output.prototypes[index],
            output.coefficients[index, matched.anchors[own]],
        )
        truth = shrink_masks(matched.masks[own], (height, width))
        losses = F.binary_cross_entropy_with_logits(
            logits, truth, reduction="none"
        )
        inside = inside_boxes(boxes[own], (height, width))
        areas = inside.sum((1, 2)).clamp(min=1)
        total = total + ((losses * inside).sum((1, 2)) / areas).sum()
    return total
