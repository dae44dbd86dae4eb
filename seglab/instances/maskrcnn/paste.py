"""Put a small square mask back where it belongs in the image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def paste_masks(
    masks: Tensor, boxes: Tensor, size: tuple[int, int]
) -> Tensor:
    """Stretch each mask to its box, on an empty image.

    Args:
        masks: probabilities [K, M, M], each of one box.
        boxes: xyxy [K, 4] in pixels.
        size: (height, width) of the image.

    Returns:
        float [K, height, width], 0 outside the boxes.

    Raises:
        ValueError: masks that are no squares, or not as many as boxes.

    Convention:
        As torchvision: a rim of zeros is put around the mask, the box is
        widened by as much, its corners are cut down to whole pixels, and
        the last pixel counts as part of it. So a mask comes out up to a
        pixel too large on each side: ``sample_masks`` rounds nothing.

    Source: equal to torchvision's ``paste_masks_in_image``.

    >>> box = torch.tensor([[4.0, 4.0, 12.0, 12.0]])
    >>> pasted = paste_masks(torch.ones(1, 28, 28), box, (16, 16)) > 0.5
    >>> pasted.any(1)[0].nonzero()[:, 0].tolist()
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    """
    _check_call(masks, boxes)
    side = masks.shape[-1]
    rimmed = F.pad(masks, (1, 1, 1, 1))
    corners = _widen(boxes, (side + 2) / side).long().tolist()
    pasted = [
        _paste(mask, corner, size)
        for mask, corner in zip(rimmed, corners, strict=True)
    ]
    return torch.stack(pasted) if pasted else masks.new_zeros(0, *size)


def sample_masks(
    masks: Tensor, boxes: Tensor, size: tuple[int, int]
) -> Tensor:
    """Ask each mask for its value at the centre of every pixel.

    RoIAlign backwards: the corners of the boxes keep their fractions.

    Args:
        masks: probabilities [K, M, M], each of one box.
        boxes: xyxy [K, 4] in pixels, with a width and height above 0.
        size: (height, width) of the image.

    Returns:
        float [K, height, width], 0 outside the boxes; bilinear between
        the mask's cells, and half of it on the edge of the box.

    Raises:
        ValueError: as ``paste_masks``.

    Source: as Detectron2 does it.

    >>> box = torch.tensor([[4.0, 4.0, 12.0, 12.0]])
    >>> pasted = sample_masks(torch.ones(1, 28, 28), box, (16, 16)) > 0.5
    >>> pasted.any(1)[0].nonzero()[:, 0].tolist()
    [4, 5, 6, 7, 8, 9, 10, 11]
    """
    _check_call(masks, boxes)
    rows, columns = (
        torch.arange(n, device=masks.device) + 0.5 for n in size
    )
    sides = boxes[:, 2:] - boxes[:, :2]
    # -1 and 1 are the two edges of the box
    x = (columns - boxes[:, :1]) / sides[:, :1] * 2 - 1
    y = (rows - boxes[:, 1:2]) / sides[:, 1:] * 2 - 1
    grid = torch.stack(
        [
            x[:, None].expand(-1, size[0], -1),
            y[:, :, None].expand(-1, -1, size[1]),
        ],
        -1,
    )
    return F.grid_sample(masks[:, None], grid, align_corners=False)[:, 0]


def _check_call(masks: Tensor, boxes: Tensor) -> None:
    if masks.ndim != 3 or masks.shape[1] != masks.shape[2]:
        raise ValueError(
            f"masks must be [K, M, M], got {tuple(masks.shape)}"
        )
    if boxes.shape != (len(masks), 4):
        raise ValueError(
            f"boxes must be [{len(masks)}, 4], got {tuple(boxes.shape)}"
        )


def _widen(boxes: Tensor, factor: float) -> Tensor:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * factor
    return torch.cat([middle - half, middle + half], 1)


def _paste(
    mask: Tensor, corners: list[int], size: tuple[int, int]
) -> Tensor:
    left, top, right, bottom = corners
    height, width = max(bottom - top + 1, 1), max(right - left + 1, 1)
    stretched = F.interpolate(
        mask[None, None], (height, width), mode="bilinear"
    )[0, 0]
    image = mask.new_zeros(size)
    rows = slice(max(top, 0), min(bottom + 1, size[0]))
    columns = slice(max(left, 0), min(right + 1, size[1]))
    image[rows, columns] = stretched[
        rows.start - top : rows.stop - top,
        columns.start - left : columns.stop - left,
    ]
    return image
