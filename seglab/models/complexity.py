"""How much a model computes."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_multiply_adds(
    model: nn.Module, size: Sequence[int], *, in_channels: int = 3
) -> int:
    """Multiplications of one forward pass in eval mode, for one image.

    Nothing is computed: a copy of the model without values passes its
    shapes on, which takes a moment for the largest network.

    Args:
        model: takes images [N, in_channels, H, W]; it stays as it is.
        size: (height, width) of the image in pixels.
        in_channels: of the image.

    Raises:
        ValueError: a size that is not two positive numbers.

    Convention:
        One multiplication and the addition of its product count as one.
        torchvision's tables, fvcore and most papers call a billion of
        these a GFLOP; ``torch.utils.flop_counter`` counts them double.
        Convolutions, matrix products and attention count; batch norm,
        activations, pooling and interpolation do not.

    >>> conv = nn.Conv2d(3, 8, 3, padding=1)
    >>> count_multiply_adds(conv, (10, 10)) == 10 * 10 * 8 * 3 * 9
    True
    """
    if len(size) != 2 or min(size) < 1:
        raise ValueError(
            f"size must be (height, width), both 1 or more, got {size}"
        )
    # a counter cannot follow views of parameters that want a gradient
    shapes = copy.deepcopy(model).to("meta").eval().requires_grad_(False)
    image = torch.empty(1, in_channels, *size, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shapes(image)
    return counter.get_total_flops() // 2
