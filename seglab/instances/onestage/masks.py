"""Masks of the objects of one image: mixed, cut, enlarged, shrunk."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.models.layers import resize


def assemble_masks(prototypes: Tensor, coefficients: Tensor) -> Tensor:
    """Mask logits as weighted sums of an image's maps.

    The maps may be YOLACT's prototypes, and the weights an anchor's
    coefficients. Or the maps are SOLOv2's mask features, and the weights
    are the 1 x 1 kernel that a grid cell writes: the same sum.

    Args:
        prototypes: floats [K, h, w].
        coefficients: floats [M, K], one row for each object.

    Returns:
        Logits [M, h, w]; their sigmoid is the mask.

    Raises:
        ValueError: shapes that do not fit.

    Source: Bolya et al. 2019, equation 1, before its sigmoid; Wang et
    al. 2020, the dynamic convolution of SOLOv2.

    >>> prototypes = torch.tensor([[[1.0, 1.0]], [[0.0, 1.0]]])
    >>> assemble_masks(prototypes, torch.tensor([[1.0, -1.0]]))
    tensor([[[1., 0.]]])
    """
    if prototypes.ndim != 3 or coefficients.ndim != 2:
        raise ValueError(
            "prototypes must be [K, h, w] and coefficients [M, K], got "
            f"{tuple(prototypes.shape)} and {tuple(coefficients.shape)}"
        )
    if len(prototypes) != coefficients.shape[1]:
        raise ValueError(
            "coefficients must have one column for each of the "
            f"{len(prototypes)} prototypes, got {coefficients.shape[1]}"
        )
    return torch.einsum("khw,mk->mhw", prototypes, coefficients)


def inside_boxes(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Which pixels of a map lie in each box.

    Args:
        boxes: floats [M, 4], xyxy in pixels of the map.
        size: (height, width) of the map.

    Returns:
        bool [M, height, width].

    Raises:
        ValueError: boxes of another shape.

    Convention:
        A pixel is in if its centre is, with the left and upper edge of
        the box and without the right and lower one. (The authors' code
        rounds edges and adds a pixel of padding.)

    >>> inside_boxes(torch.tensor([[1.0, 0.0, 3.0, 1.0]]), (2, 4)).int()
    tensor([[[0, 1, 1, 0],
             [0, 0, 0, 0]]], dtype=torch.int32)
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must be [M, 4], got {tuple(boxes.shape)}")
    height, width = size
    y = torch.arange(height, device=boxes.device) + 0.5
    x = torch.arange(width, device=boxes.device) + 0.5
    left, top, right, bottom = boxes[:, :, None].unbind(1)
    rows = (y >= top) & (y < bottom)
    columns = (x >= left) & (x < right)
    return rows[:, :, None] & columns[:, None, :]


def enlarge_masks(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring mask logits to the size of the image, and decide.

    Args:
        logits: floats [M, h, w].
        size: (height, width).

    Returns:
        bool [M, height, width].

    Convention:
        Logits are interpolated first and compared with 0 then, which is
        a chance of 0.5: the other order would make stairs.

    >>> enlarge_masks(torch.tensor([[[-1.0, 3.0]]]), (1, 4)).int()
    tensor([[[0, 0, 1, 1]]], dtype=torch.int32)
    """
    if not len(logits):  # nothing cannot be interpolated
        return torch.zeros(0, *size, dtype=torch.bool, device=logits.device)
    return resize(logits[None], size)[0] > 0


def shrink_masks(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Average true masks down: what share of a large pixel is covered.

    Args:
        masks: bool [M, H, W].
        size: (height, width), not above the masks' own.

    Returns:
        float32 [M, height, width] in [0, 1].

    >>> shrink_masks(torch.tensor([[[True, True, True, False]]]), (1, 2))
    tensor([[[1.0000, 0.5000]]])
    """
    if not len(masks):
        return torch.zeros(0, *size, device=masks.device)
    return F.adaptive_avg_pool2d(masks.float(), size)
