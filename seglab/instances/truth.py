"""The true objects of an image, read off its panoptic map.

A panoptic map is one tensor of a fixed shape, so that a batch of them can
be stacked; the boxes and masks of its objects are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import masks_to_boxes

DIVISOR = 1000


def true_objects(
    panoptic: Tensor, *, things: Sequence[int], divisor: int = DIVISOR
) -> dict[str, Tensor]:
    """Boxes, labels and masks of the things in one panoptic map.

    Convention:
        A pixel holds ``category * divisor + id``. Boxes are xyxy in
        pixels; the right and lower edge lie one past the last pixel.

    Args:
        panoptic: integers [H, W].
        things: categories whose segments are objects.
        divisor: of the map.

    Returns:
        What torchvision's detectors learn from: "boxes" float32 [K, 4],
        "labels" int64 [K], "masks" bool [K, H, W], in the order of the
        map's values.

    Raises:
        ValueError: the map is no [H, W] of integers.

    >>> truth = torch.zeros(8, 8, dtype=torch.int64)
    >>> truth[2:4, 3:8] = 2001
    >>> true_objects(truth, things=[1, 2])["boxes"]
    tensor([[3., 2., 8., 4.]])
    """
    if panoptic.ndim != 2 or panoptic.is_floating_point():
        raise ValueError(
            "panoptic must be [H, W] of integers, got "
            f"{tuple(panoptic.shape)} of {panoptic.dtype}"
        )
    values = panoptic.unique()
    wanted = torch.tensor(list(things), device=panoptic.device)
    values = values[torch.isin(values // divisor, wanted)]
    masks = panoptic == values[:, None, None]
    boxes = masks_to_boxes(masks) if len(masks) else torch.zeros(0, 4)
    # masks_to_boxes names the last pixel, a box ends one past it
    past = torch.tensor([0.0, 0.0, 1.0, 1.0], device=panoptic.device)
    return {
        "boxes": boxes.to(panoptic.device) + past,
        "labels": (values // divisor).long(),
        "masks": masks,
    }
