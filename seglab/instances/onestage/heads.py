"""A layer that the heads of both one-stage networks are made of."""

from __future__ import annotations

from functools import partial

from torch import nn
from torchvision.ops import Conv2dNormActivation

GROUPS = 8


def grouped_conv(
    in_channels: int, out_channels: int
) -> Conv2dNormActivation:
    """A 3 x 3 convolution, group normalisation and ReLU.

    A head runs on several maps of a pyramid, and each has statistics of
    its own. Batch norm would store one mean of them all; groups of an
    image's own channels need nothing stored.

    Shapes: [N, in, h, w] to [N, out, h, w].

    Args:
        in_channels: any number.
        out_channels: a multiple of 8.

    Raises:
        ValueError: channels that cannot be put into 8 groups.

    Source: Wu & He 2018 for the normalisation.

    >>> import torch
    >>> grouped_conv(3, 16)(torch.zeros(1, 3, 5, 4)).shape
    torch.Size([1, 16, 5, 4])
    """
    if out_channels < GROUPS or out_channels % GROUPS:
        raise ValueError(
            f"out_channels must be a multiple of {GROUPS}, got "
            f"{out_channels}"
        )
    return Conv2dNormActivation(
        in_channels,
        out_channels,
        norm_layer=partial(nn.GroupNorm, GROUPS),
    )
