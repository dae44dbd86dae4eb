"""PSPNet: what each part of the image holds, at four grid sizes.

Source: H. Zhao, J. Shi, X. Qi, X. Wang and J. Jia, "Pyramid Scene Parsing
Network", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models.backbones import Backbone
from seglab.models.fcn import FCNHead
from seglab.models.layers import ConvNormReLU, PooledBranch
from seglab.models.network import SegmentationNetwork, check_head

# smp's keys, as ours
FROM_SMP = [
    (r"^encoder\.", "backbone."),
    (r"^decoder\.psp\.blocks\.(\d+)\.pool\.1\.", r"\1."),
    (r"^(\d+)\.", r"head.pyramid.branches.\1.convolve."),
    (r"^decoder\.conv\.", "head.reduce."),
    (r"^segmentation_head\.0\.", "head.classify."),
]


class PyramidPooling(nn.Module):
    """The map, and its averages over grids of several sizes, stacked.

    The averages tell each pixel what surrounds it, from cells of a sixth
    of each side up to the whole image. The branches together have as many
    channels as the map, so that neither outweighs the other.

    Shapes: [N, in, H, W] to [N, 2 in, H, W], if in is a multiple of the
    number of bins.

    Args:
        in_channels: channels of the map; at least one for each of bins.
        bins: cells along each side of each grid.

    Raises:
        ValueError: fewer channels than bins.

    Convention: the branches first and the map last; a grid of one cell
    has a bias and no batch norm, which would find no variance in a single
    image. So in smp; the paper's code has the map first and batch norm
    everywhere.

    >>> PyramidPooling(8)(torch.zeros(1, 8, 5, 7)).shape
    torch.Size([1, 16, 5, 7])
    """

    def __init__(
        self, in_channels: int, bins: Sequence[int] = (1, 2, 3, 6)
    ) -> None:
        super().__init__()
        if not 0 < len(bins) <= in_channels:
            raise ValueError(
                f"bins must be 1 to {in_channels} grid sizes for "
                f"{in_channels} channels, got {tuple(bins)}"
            )
        wide = in_channels // len(bins)
        self.branches = nn.ModuleList(
            PooledBranch(cells, _convolution(in_channels, wide, cells))
            for cells in bins
        )
        self.out_channels = in_channels + len(bins) * wide

    def forward(self, x: Tensor) -> Tensor:
        pooled = [branch(x) for branch in self.branches]
        return torch.cat([*pooled, x], dim=1)


def _convolution(
    in_channels: int, out_channels: int, cells: int
) -> nn.Module:
    if cells == 1:
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1), nn.ReLU(inplace=True)
        )
    return ConvNormReLU(in_channels, out_channels, 1)


class PSPHead(nn.Module):
    """Pyramid pooling, a 1 x 1 convolution, and a 3 x 3 classifier.

    Shapes: maps of which the last is [N, in_channels, H, W] to
    [N, num_classes, H, W].

    >>> PSPHead(8, 3)([torch.zeros(2, 8, 5, 7)]).shape
    torch.Size([2, 3, 5, 7])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        bins: Sequence[int] = (1, 2, 3, 6),
        channels: int = 512,
    ) -> None:
        super().__init__()
        self.pyramid = PyramidPooling(in_channels, bins)
        self.reduce = ConvNormReLU(self.pyramid.out_channels, channels, 1)
        self.dropout = nn.Dropout2d(0.2)
        self.classify = nn.Conv2d(channels, num_classes, 3, padding=1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x = self.reduce(self.pyramid(features[-1]))
        return self.classify(self.dropout(x))


class PSPNet(SegmentationNetwork):
    """PSPNet: a dilated backbone under pyramid pooling.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: of output stride 8 in the paper.
        num_classes: how many logits a pixel gets.
        bins: cells along each side of the pooling grids.
        channels: between the pyramid and the classifier.
        auxiliary: whether a second head stands on the map before the
            last, for ``forward_with_auxiliary``; the paper weighs its loss
            0.4.

    Raises:
        ValueError: no class, fewer channels than bins, or images of
            another shape.

    Convention: smp's head, a 1 x 1 convolution and a 3 x 3 classifier;
    the paper has them the other way round. smp's own default backbone
    ends after the second stage.

    Source: Zhao et al. 2017.

    >>> from seglab.models.small_resnet import SmallResNet
    >>> model = PSPNet(SmallResNet(1, output_stride=8), 3, channels=32)
    >>> model(torch.zeros(1, 1, 33, 47)).shape
    torch.Size([1, 3, 33, 47])
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        bins: Sequence[int] = (1, 2, 3, 6),
        channels: int = 512,
        auxiliary: bool = False,
    ) -> None:
        check_head(backbone, num_classes)
        *_, before, last = backbone.channels
        super().__init__(
            backbone,
            PSPHead(last, num_classes, bins=bins, channels=channels),
            FCNHead(before, num_classes) if auxiliary else None,
            align_corners=True,
        )
