"""What anchors, proposals and masks should have said about an image."""

from __future__ import annotations

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import box_iou
from seglab.instances.maskrcnn.matching import IGNORED, match_boxes
from seglab.instances.maskrcnn.roi_align import roi_align


def label_anchors(
    anchors: Tensor,
    boxes: Tensor,
    *,
    high: float = 0.7,
    low: float = 0.3,
) -> tuple[Tensor, Tensor]:
    """For each anchor: object, background or neither, and which object.

    Args:
        anchors: xyxy [N, 4].
        boxes: of the objects, xyxy [K, 4].
        high, low: IoU, as in ``match_boxes``.

    Returns:
        Labels float [N]: 1 object, 0 background, -1 ignored; and the index
        of the object int64 [N], which is 0 where there is none.

    Source: Ren et al. 2015; equal to torchvision's
        ``RegionProposalNetwork.assign_targets_to_anchors``.

    >>> box = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    >>> anchors = torch.cat([box, box + 2, box + 20])
    >>> label_anchors(anchors, box)[0]
    tensor([ 1., -1.,  0.])
    """
    matches = match_boxes(
        box_iou(boxes, anchors), high=high, low=low, best_counts=True
    )
    labels = (matches >= 0).float()
    labels[matches == IGNORED] = -1
    return labels, matches.clamp(min=0)


def label_proposals(
    proposals: Tensor, boxes: Tensor, labels: Tensor, *, iou: float = 0.5
) -> tuple[Tensor, Tensor]:
    """For each proposal: the class that it should be called, and why.

    Args:
        proposals: xyxy [N, 4].
        boxes: of the objects, xyxy [K, 4].
        labels: of the objects, int64 [K], 1 or more.
        iou: from this IoU on a proposal has the class of its object, and
            is background below.

    Returns:
        Labels int64 [N], 0 for the background; and the index of the object
        int64 [N], which is 0 where there is none.

    Source: Girshick 2015; equal to torchvision's
        ``RoIHeads.assign_targets_to_proposals``.

    >>> box = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    >>> label_proposals(torch.cat([box, box + 6]), box, torch.tensor([4]))
    (tensor([4, 0]), tensor([0, 0]))
    """
    matches = match_boxes(box_iou(boxes, proposals), high=iou, low=iou)
    found = matches >= 0
    wanted = torch.zeros_like(matches)
    wanted[found] = labels[matches[found]].to(wanted.dtype)
    return wanted, matches.clamp(min=0)


def crop_masks(
    masks: Tensor, boxes: Tensor, objects: Tensor, side: int
) -> Tensor:
    """The part of a true mask that lies in each box, as a small square.

    RoIAlign again: the mask is read as if it were a feature map.

    Args:
        masks: bool or float [K, H, W], whole images.
        boxes: xyxy [N, 4].
        objects: for each box, the index of its mask, int64 [N].
        side: of the square that the mask head answers with.

    Returns:
        float [N, side, side] in [0, 1]; fractions at the outline.

    Convention:
        Read with ``aligned=False``, half a pixel too far to the right and
        below, as in torchvision. Detectron2 reads aligned.

    Source: He et al. 2017; equal to torchvision's
        ``project_masks_on_boxes``.

    >>> mask = torch.zeros(1, 8, 8)
    >>> mask[0, :, :4] = 1
    >>> box = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    >>> crop_masks(mask, box, torch.tensor([0]), 2)
    tensor([[[0.8750, 0.0000],
             [0.8750, 0.0000]]])
    """
    if not len(boxes):
        return boxes.new_zeros(0, side, side)
    chosen = masks[objects].to(boxes.dtype)[:, None]
    alone = list(boxes[:, None])
    return roi_align(chosen, alone, side, aligned=False)[:, 0]
