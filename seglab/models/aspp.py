"""Atrous spatial pyramid pooling: one map seen at several scales.

Source: L.-C. Chen, G. Papandreou, F. Schroff and H. Adam, "Rethinking
Atrous Convolution for Semantic Image Segmentation", 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models.layers import (
    ConvNormReLU,
    PooledBranch,
    SeparableConvNormReLU,
)


def rates_for(output_stride: int) -> tuple[int, int, int]:
    """DeepLab's atrous rates for a map of this output stride.

    They reach 96, 192 and 288 image pixels to each side whatever the
    stride, so a map twice as fine needs rates twice as large.

    >>> rates_for(16), rates_for(8)
    ((6, 12, 18), (12, 24, 36))
    """
    one = max(1, 96 // output_stride)
    return one, 2 * one, 3 * one


class ASPP(nn.Module):
    """Parallel branches that look near, far, farther, and at everything.

    A 1 x 1 convolution sees the pixel, the atrous ones see neighbours at
    growing distances, and image pooling sees the whole map. A last 1 x 1
    convolution weighs what they found.

    Shapes: [N, in_channels, H, W] to [N, out_channels, H, W].

    Args:
        in_channels: channels of the map.
        out_channels: of each branch, and of the result.
        rates: one atrous branch for each. Beyond the size of the map only
            a kernel's centre meets anything but padding.
        dropout: share of the result's values that training drops.

    Raises:
        ValueError: training on a single image, of which image pooling
            leaves one value a channel and batch norm no variance.

    >>> aspp = ASPP(16, 8, rates=(1, 2))
    >>> aspp(torch.zeros(2, 16, 5, 6)).shape
    torch.Size([2, 8, 5, 6])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 256,
        rates: Sequence[int] = (12, 24, 36),
        *,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                ConvNormReLU(in_channels, out_channels, 1),
                *(
                    self.branch(in_channels, out_channels, rate)
                    for rate in rates
                ),
                PooledBranch(1, ConvNormReLU(in_channels, out_channels, 1)),
            ]
        )
        joined = len(self.branches) * out_channels
        self.project = ConvNormReLU(joined, out_channels, 1)
        self.dropout = nn.Dropout(dropout)

    @staticmethod
    def branch(in_channels: int, out_channels: int, rate: int) -> nn.Module:
        """One atrous branch."""
        return ConvNormReLU(in_channels, out_channels, 3, rate=rate)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and len(x) == 1:
            raise ValueError(
                "x must hold two images or more in training, got 1: batch "
                "norm after image pooling has no variance of one value"
            )
        seen = [branch(x) for branch in self.branches]
        return self.dropout(self.project(torch.cat(seen, dim=1)))


class SeparableASPP(ASPP):
    """ASPP whose atrous branches are separable, as in DeepLabV3+.

    >>> SeparableASPP(16, 8)(torch.zeros(2, 16, 5, 6)).shape
    torch.Size([2, 8, 5, 6])
    """

    @staticmethod
    def branch(in_channels: int, out_channels: int, rate: int) -> nn.Module:
        """One atrous separable branch."""
        return SeparableConvNormReLU(in_channels, out_channels, rate=rate)
