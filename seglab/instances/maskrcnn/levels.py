"""Which map of the pyramid a box is read from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seglab.instances.maskrcnn.boxes import box_area
from seglab.instances.maskrcnn.roi_align import roi_align


def assign_levels(
    boxes: Tensor,
    *,
    lowest: int,
    highest: int,
    canonical_side: float = 224,
    canonical_level: int = 4,
) -> Tensor:
    """The level k, of stride 2^k, that suits the size of each box.

    A box of the canonical side, which is what ImageNet's networks saw,
    goes to the canonical level; one half as large to the map below.

    Args:
        boxes: xyxy [N, 4] in image pixels.
        lowest, highest: the levels that there are.
        canonical_side: in image pixels.
        canonical_level: its level.

    Returns:
        int64 [N], from ``lowest`` to ``highest``.

    Raises:
        ValueError: levels out of order, or a side that is not above 0.

    Source: Lin et al. 2017, equation 1; equal to torchvision's
        ``MultiScaleRoIAlign``.

    >>> boxes = torch.tensor([[0.0, 0, 112, 112], [0, 0, 224, 224]])
    >>> assign_levels(boxes, lowest=2, highest=5)
    tensor([3, 4])
    """
    if lowest > highest or not canonical_side > 0:
        raise ValueError(
            "lowest must be up to highest and canonical_side above 0, got "
            f"{lowest}, {highest} and {canonical_side}"
        )
    octaves = torch.log2(box_area(boxes).sqrt() / canonical_side)
    # a box of exactly a power of two must not fall for a rounding error
    level = torch.floor(canonical_level + octaves + 1e-6)
    return level.clamp(lowest, highest).long()


def pyramid_roi_align(
    maps: Sequence[Tensor],
    boxes: Sequence[Tensor],
    output_size: int,
    *,
    lowest: int = 2,
    samples: int = 2,
) -> Tensor:
    """RoIAlign of each box from the map of the pyramid that suits it.

    Args:
        maps: float [N, C, H / 2^k, W / 2^k], for k from ``lowest`` on.
        boxes: for each image, xyxy [K_i, 4] in image pixels.
        output_size: bins a side.
        lowest: k of the first map.
        samples: as in ``roi_align``.

    Returns:
        float [sum of K_i, C, output_size, output_size], in the order of
        the boxes.

    Convention:
        Read with ``aligned=False``, as in ``MultiScaleRoIAlign``, to
        which it is equal.

    >>> maps = [torch.ones(1, 2, 8, 8), torch.zeros(1, 2, 4, 4)]
    >>> boxes = [torch.tensor([[0.0, 0.0, 9.0, 9.0]])]
    >>> pyramid_roi_align(maps, boxes, 7).shape
    torch.Size([1, 2, 7, 7])
    """
    highest = lowest + len(maps) - 1
    out = maps[0].new_zeros(
        sum(map(len, boxes)), maps[0].shape[1], output_size, output_size
    )
    levels = [
        assign_levels(b, lowest=lowest, highest=highest) for b in boxes
    ]
    together = torch.cat(levels)
    for level, feature in enumerate(maps, start=lowest):
        ours = [b[of == level] for b, of in zip(boxes, levels, strict=True)]
        out[together == level] = roi_align(
            feature,
            ours,
            output_size,
            scale=2.0**-level,
            samples=samples,
            aligned=False,
        )
    return out
