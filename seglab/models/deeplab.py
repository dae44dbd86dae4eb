"""DeepLabV3 and DeepLabV3+.

Source: L.-C. Chen, G. Papandreou, F. Schroff and H. Adam, "Rethinking
Atrous Convolution for Semantic Image Segmentation", 2017; L.-C. Chen,
Y. Zhu, G. Papandreou, F. Schroff and H. Adam, "Encoder-Decoder with
Atrous Separable Convolution for Semantic Image Segmentation", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models.aspp import ASPP, SeparableASPP, rates_for
from seglab.models.backbones import Backbone
from seglab.models.fcn import HEAD_RULES, FCNHead
from seglab.models.layers import (
    ConvNormReLU,
    SeparableConvNormReLU,
    resize,
)
from seglab.models.network import SegmentationNetwork, check_head

# the libraries' keys, as ours; their image pooling is the fifth branch
ASPP_RULES = [
    (r"\.convs\.4\.1\.", ".branches.4.convolve.0."),
    (r"\.convs\.4\.2\.", ".branches.4.convolve.1."),
    (r"\.convs\.", ".branches."),
]
V3_FROM_TORCHVISION = [
    (r"^classifier\.0\.", "head.aspp."),
    (r"^classifier\.1\.", "head.refine.0."),
    (r"^classifier\.2\.", "head.refine.1."),
    (r"^classifier\.4\.", "head.classify."),
    (r"^aux_classifier\.", "auxiliary."),
    *HEAD_RULES,
    *ASPP_RULES,
]
V3_FROM_SMP = [
    (r"^encoder\.", "backbone."),
    (r"^decoder\.aspp\.", "head.aspp."),
    (r"^decoder\.conv\.", "head.refine.0."),
    (r"^decoder\.bn\.", "head.refine.1."),
    (r"^segmentation_head\.0\.", "head.classify."),
    *ASPP_RULES,
]
PLUS_FROM_SMP = [
    (r"^encoder\.", "backbone."),
    (r"^decoder\.aspp\.0\.", "head.aspp."),
    (r"^decoder\.aspp\.1\.", "head.refine.0."),
    (r"^decoder\.aspp\.2\.", "head.refine.1."),
    (r"^decoder\.block1\.", "head.reduce_fine."),
    (r"^decoder\.block2\.", "head.fuse."),
    (r"^segmentation_head\.0\.", "head.classify."),
    *ASPP_RULES,
]


class DeepLabV3Head(nn.Module):
    """ASPP, one 3 x 3 convolution, and a classifier at every pixel.

    Shapes: maps of which the last is [N, in_channels, H, W] to
    [N, num_classes, H, W].

    >>> head = DeepLabV3Head(16, 3, rates=(1, 2), channels=8)
    >>> head([torch.zeros(2, 16, 4, 5)]).shape
    torch.Size([2, 3, 4, 5])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        rates: Sequence[int],
        channels: int = 256,
    ) -> None:
        super().__init__()
        self.aspp = ASPP(in_channels, channels, rates)
        self.refine = ConvNormReLU(channels, channels, 3)
        self.classify = nn.Conv2d(channels, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        return self.classify(self.refine(self.aspp(features[-1])))


class DeepLabV3(SegmentationNetwork):
    """DeepLabV3: a dilated backbone under ASPP.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: of output stride 8 or 16 in the paper.
        num_classes: how many logits a pixel gets.
        rates: of ASPP; without them, :func:`~seglab.models.aspp.rates_for`
            the backbone's output stride. Small images want small rates.
        channels: of ASPP's branches.
        auxiliary: whether a second head stands on the map before the
            last, for ``forward_with_auxiliary``.
        align_corners: how logits are brought to full size: False as in
            torchvision, True as in smp and the paper's code.

    Raises:
        ValueError: no class, images of another shape, or training on a
            single image.

    Convention: torchvision's network; the paper's multi-grid rates inside
    the last stage are left out there too. smp keeps rates 12, 24, 36 at
    output stride 16.

    Source: Chen et al. 2017.

    >>> from seglab.models.small_resnet import SmallResNet
    >>> small = SmallResNet(1, output_stride=8)
    >>> model = DeepLabV3(small, 3, rates=(1, 2, 3), channels=32).eval()
    >>> model(torch.zeros(1, 1, 33, 47)).shape
    torch.Size([1, 3, 33, 47])
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        rates: Sequence[int] | None = None,
        channels: int = 256,
        auxiliary: bool = False,
        align_corners: bool = False,
    ) -> None:
        check_head(backbone, num_classes)
        *_, before, last = backbone.channels
        head = DeepLabV3Head(
            last,
            num_classes,
            rates=rates or rates_for(backbone.output_stride),
            channels=channels,
        )
        super().__init__(
            backbone,
            head,
            FCNHead(before, num_classes) if auxiliary else None,
            align_corners=align_corners,
        )


class DeepLabV3PlusHead(nn.Module):
    """ASPP for what, a finer map for where, and one convolution of both.

    The finer map gets few channels, or its many edges would drown what
    ASPP found.

    Shapes: maps, finest first, to [N, num_classes, H, W] of the size of
    the finer map, ``features[fine]``.

    >>> maps = [torch.zeros(2, 8, 12, 10), torch.zeros(2, 16, 3, 3)]
    >>> head = DeepLabV3PlusHead((8, 16), 3, fine=0, rates=(1, 2))
    >>> head(maps).shape
    torch.Size([2, 3, 12, 10])
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        *,
        fine: int,
        rates: Sequence[int],
        channels: int = 256,
        fine_channels: int = 48,
    ) -> None:
        super().__init__()
        self.fine = fine
        self.aspp = SeparableASPP(in_channels[-1], channels, rates)
        self.refine = SeparableConvNormReLU(channels, channels)
        self.reduce_fine = ConvNormReLU(in_channels[fine], fine_channels, 1)
        self.fuse = SeparableConvNormReLU(
            channels + fine_channels, channels
        )
        self.classify = nn.Conv2d(channels, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        fine = self.reduce_fine(features[self.fine])
        coarse = self.refine(self.aspp(features[-1]))
        coarse = resize(coarse, fine.shape[-2:], align_corners=True)
        return self.classify(self.fuse(torch.cat([coarse, fine], dim=1)))


class DeepLabV3Plus(SegmentationNetwork):
    """DeepLabV3+: DeepLabV3 with a small decoder for sharp edges.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: of output stride 8 or 16, and with a map of stride 4.
        num_classes: how many logits a pixel gets.
        rates: of ASPP; without them, :func:`~seglab.models.aspp.rates_for`
            the backbone's output stride.
        channels: of ASPP's branches and of the decoder.
        auxiliary: whether a second head stands on the map before the
            last, for ``forward_with_auxiliary``.

    Raises:
        ValueError: a backbone without a map of stride 4, no class, images
            of another shape, or training on a single image.

    Convention: smp's decoder, one separable convolution before and one
    after the maps are joined; the paper has two after. Interpolation
    aligns the corner pixels, as in smp and the paper's code.

    Source: Chen et al. 2018.

    >>> from seglab.models.small_resnet import SmallResNet
    >>> small = SmallResNet(1, output_stride=16)
    >>> model = DeepLabV3Plus(small, 3, rates=(1, 2, 3), channels=32).eval()
    >>> model(torch.zeros(1, 1, 33, 47)).shape
    torch.Size([1, 3, 33, 47])
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        rates: Sequence[int] | None = None,
        channels: int = 256,
        auxiliary: bool = False,
    ) -> None:
        check_head(backbone, num_classes)
        if 4 not in backbone.strides:
            raise ValueError(
                "backbone must have a map of stride 4, got strides "
                f"{backbone.strides}"
            )
        before = backbone.channels[-2]
        head = DeepLabV3PlusHead(
            backbone.channels,
            num_classes,
            fine=backbone.strides.index(4),
            rates=rates or rates_for(backbone.output_stride),
            channels=channels,
        )
        super().__init__(
            backbone,
            head,
            FCNHead(before, num_classes) if auxiliary else None,
            align_corners=True,
        )
