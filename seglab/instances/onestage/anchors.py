"""YOLACT's anchors: where they lie, and how boxes are told from them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seglab.instances.maskrcnn.anchors import anchor_shapes, grid_anchors
from seglab.instances.maskrcnn.boxes import (
    box_iou,
    decode_boxes,
    encode_boxes,
)
from seglab.instances.maskrcnn.matching import match_boxes

STRIDES = (8, 16)
SIDES = (24, 48)
RATIOS = (0.5, 1.0, 2.0)  # height over width
ANCHORS_EACH = len(RATIOS)
# SSD's: they bring the changes of centre and size to about 1
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def make_anchors(grids: Sequence[tuple[int, int]]) -> Tensor:
    """The anchors of all maps, one map after the other.

    Args:
        grids: (rows, columns) of the maps of stride 8 and 16.

    Returns:
        float32 [A, 4], xyxy; row by row, three shapes at each position.

    Raises:
        ValueError: another number of maps.

    >>> make_anchors([(2, 2), (1, 1)]).shape
    torch.Size([15, 4])
    """
    if len(grids) != len(STRIDES):
        raise ValueError(
            f"grids must be {len(STRIDES)} sizes, got {len(grids)}"
        )
    return torch.cat(
        [
            grid_anchors(
                anchor_shapes([side], RATIOS), grid, (stride, stride)
            )
            for side, grid, stride in zip(
                SIDES, grids, STRIDES, strict=True
            )
        ]
    )


def match_anchors(boxes: Tensor, anchors: Tensor) -> Tensor:
    """The true object of each anchor.

    Args:
        boxes: true ones, xyxy [K, 4].
        anchors: xyxy [A, 4].

    Returns:
        int64 [A]: an index below K, -1 for background, or -2 for neither.

    Convention:
        An IoU of 0.5 or more makes a positive, one below 0.4 background;
        the best anchor of an object is its own in any case.

    Source: Bolya et al. 2019.

    >>> boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    >>> match_anchors(boxes, torch.cat([boxes + 2, boxes + 9]))
    tensor([ 0, -1])
    """
    iou = box_iou(boxes, anchors)
    return match_boxes(iou, high=0.5, low=0.4, best_counts=True)


def to_changes(boxes: Tensor, anchors: Tensor) -> Tensor:
    """What the network should say so that anchors become boxes [P, 4].

    >>> anchor = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    >>> to_changes(anchor + 1, anchor)
    tensor([[1., 1., 0., 0.]])
    """
    return encode_boxes(boxes, anchors, BOX_WEIGHTS)


def to_boxes(changes: Tensor, anchors: Tensor) -> Tensor:
    """The boxes that the network's changes make of anchors [P, 4].

    >>> anchor = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    >>> to_boxes(torch.tensor([[1.0, 1.0, 0.0, 0.0]]), anchor)
    tensor([[ 1.,  1., 11., 11.]])
    """
    return decode_boxes(changes, anchors, BOX_WEIGHTS)
