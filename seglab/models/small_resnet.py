"""A small residual backbone that trains in seconds on a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from seglab.models.arguments import check_channels
from seglab.models.backbones import (
    Backbone,
    check_output_stride,
    hold_stride,
)
from seglab.models.layers import ConvNormReLU


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to what came in.

    The sum passes the gradient on unchanged, which is why many such
    blocks can be stacked. Where the shape changes, a 1 x 1 convolution
    brings the input into the new one.

    Shapes: [N, in, H, W] to [N, out, H / stride, W / stride], rounded up.

    Source: He et al. 2016; equal to torchvision's ``BasicBlock``.

    >>> import torch
    >>> ResidualBlock(8, 16, stride=2)(torch.zeros(1, 8, 9, 6)).shape
    torch.Size([1, 16, 5, 3])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1
    ) -> None:
        super().__init__()
        self.convolve = ConvNormReLU(
            in_channels, out_channels, 3, stride=stride
        )
        self.finish = nn.Sequential(
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(
                    in_channels, out_channels, 1, stride=stride, bias=False
                ),
                nn.BatchNorm2d(out_channels),
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        change = self.finish(self.convolve(x))
        return self.relu(change + self.shortcut(x))


class SmallResNet(Backbone):
    """A stem and one residual block for each further resolution.

    Shapes: images [N, in_channels, H, W] to one map for each width, at
    strides 2, 4, 8 and so on, or with the last ones at ``output_stride``.

    Args:
        in_channels: 1 for grey images, 3 for colour.
        widths: channels of each map, finest first.
        output_stride: 32, or 16, 8 or 4 for larger maps.

    Raises:
        ValueError: fewer than two widths, or a stride that cannot be had.

    Convention: the first convolution is 3 x 3 and no pooling follows it:
    small images have no pixels to lose.

    >>> import torch
    >>> backbone = SmallResNet(1, (8, 8, 16, 16), output_stride=4)
    >>> [x.shape[-1] for x in backbone(torch.zeros(1, 1, 32, 32))]
    [16, 8, 8, 8]
    """

    def __init__(
        self,
        in_channels: int = 3,
        widths: Sequence[int] = (16, 16, 32, 64, 128),
        *,
        output_stride: int = 32,
    ) -> None:
        check_output_stride(output_stride)
        check_channels(in_channels, 1, widths)
        blocks = [
            ResidualBlock(fine, coarse, stride=2)
            for fine, coarse in pairwise(widths)
        ]
        strides = [2 ** (level + 2) for level in range(len(blocks))]
        held = hold_stride(blocks, strides, output_stride)
        super().__init__(in_channels, widths, (2, *held))
        self.stem = ConvNormReLU(in_channels, widths[0], 3, stride=2)
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.stem(x)]
        for block in self.blocks:
            features.append(block(features[-1]))
        return features
