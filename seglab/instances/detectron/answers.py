"""From Detectron2's answers to those of this package, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seglab.data.scenes import LABEL_DIVISOR
from seglab.instances.detections import Detections


def to_inputs(images: Tensor) -> list[dict[str, Any]]:
    """Images as Detectron2's models take them.

    Args:
        images: float32 [N, 3, H, W] in [0, 1].

    Returns:
        For each image a dict with "image", float32 [3, H, W] from 0 to
        255, and "height" and "width".

    Raises:
        ValueError: another shape.

    >>> to_inputs(torch.ones(1, 3, 4, 6))[0]["width"]
    6
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(
            f"images must be [N, 3, H, W], got {tuple(images.shape)}"
        )
    height, width = images.shape[-2:]
    return [
        {"image": image * 255, "height": height, "width": width}
        for image in images
    ]


def to_detections(instances: Any) -> Detections:
    """Detectron2's ``Instances`` as ``Detections``, on the CPU.

    Args:
        instances: a prediction with ``pred_boxes``, ``pred_classes``,
            ``scores`` and ``pred_masks``.

    Convention:
        Class k of Detectron2, which has no background, is label k + 1.
    """
    instances = instances.to("cpu")
    return Detections(
        boxes=instances.pred_boxes.tensor.float(),
        labels=instances.pred_classes.long() + 1,
        scores=instances.scores.float(),
        masks=instances.pred_masks.bool(),
    )


def to_panoptic_map(
    ids: Tensor, segments: Sequence[Mapping[str, Any]], *, num_things: int
) -> Tensor:
    """Detectron2's panoptic answer as one map.

    Args:
        ids: integers [H, W], segment ids; 0 is void.
        segments: for each id, "isthing" and "category_id".
        num_things: kinds of things.

    Returns:
        int64 [H, W], ``category * 1000 + number``.

    Convention:
        Class k of things, from 0, is category k + 1; class k of stuff, from
        1, is category ``num_things + k``. Things are numbered through the
        image from 1, stuff has number 0. Void is 0.

    >>> seen = [{"id": 1, "isthing": True, "category_id": 4},
    ...         {"id": 2, "isthing": False, "category_id": 1}]
    >>> to_panoptic_map(torch.tensor([[0, 1, 2]]), seen, num_things=5)
    tensor([[   0, 5001, 6000]])
    """
    out = torch.zeros(ids.shape, dtype=torch.int64)
    number = 0
    for segment in segments:
        if segment["isthing"]:
            number += 1
            value = (segment["category_id"] + 1) * LABEL_DIVISOR + number
        else:
            value = (num_things + segment["category_id"]) * LABEL_DIVISOR
        out[ids.cpu() == segment["id"]] = value
    return out
