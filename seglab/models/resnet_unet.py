"""U-Net whose encoder is a backbone.

Source: the decoder of O. Ronneberger, P. Fischer and T. Brox, "U-Net",
MICCAI 2015, on the ResNet of K. He et al., CVPR 2016; the combination is
smp's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.models.arguments import check_image
from seglab.models.backbones import Backbone
from seglab.models.network import check_head
from seglab.models.unet import DoubleConv

# smp's keys, as ours
FROM_SMP = [
    (r"^encoder\.", "backbone."),
    (r"^decoder\.blocks\.", "decoder."),
    (r"\.conv1\.0\.", ".convolve.0."),
    (r"\.conv1\.1\.", ".convolve.1."),
    (r"\.conv2\.0\.", ".convolve.3."),
    (r"\.conv2\.1\.", ".convolve.4."),
    (r"^segmentation_head\.0\.", "head."),
]


class UpTo(nn.Module):
    """Enlarge to the skip connection's size, join it, convolve twice.

    Shapes: x [N, in, h, w] and skip [N, skip, H, W] to [N, out, H, W].

    Convention: enlarges by nearest neighbour, to whatever size the skip
    connection has; a backbone rounds odd sizes up, so doubling could be a
    row too many. The upsampled map comes first in the join.

    >>> up = UpTo(16, 8, 4)
    >>> up(torch.zeros(1, 16, 5, 4), torch.zeros(1, 8, 9, 7)).shape
    torch.Size([1, 4, 9, 7])
    """

    def __init__(
        self, in_channels: int, skip_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        self.convolve = DoubleConv(
            in_channels + skip_channels, out_channels
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        height, width = skip.shape[-2:]
        x = F.interpolate(x, size=(height, width), mode="nearest")
        return self.convolve(torch.cat([x, skip], dim=1))


def check_widths(backbone: Backbone, widths: Sequence[int]) -> None:
    """Raise ``ValueError`` unless there is a width for each map.

    >>> check_widths(Backbone(1, (8, 16), (2, 4)), (32, 16))
    """
    maps = len(backbone.channels)
    if len(widths) != maps or min(widths) < 1:
        raise ValueError(
            f"widths must be {maps} positive channel counts for this "
            f"backbone, got {tuple(widths)}"
        )


class ResNetUNet(nn.Module):
    """A backbone as U-Net's way down, and U-Net's way up.

    The backbone's first map has half the image's size. So there is one
    step more than there are skip connections, and the last step has only
    the image's size to go by.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: of any output stride, and not only a ResNet.
        num_classes: how many logits a pixel gets.
        widths: channels of the decoder's steps, coarsest first; one for
            each map of the backbone.

    Raises:
        ValueError: widths that do not fit the backbone, no class, or
            images of another shape.

    Convention: smp's ``Unet``, whose first step starts from the
    backbone's last map as it is.

    Source: ``segmentation_models_pytorch.Unet``.

    >>> from seglab.models.small_resnet import SmallResNet
    >>> model = ResNetUNet(SmallResNet(1), 3, widths=(64, 32, 16, 16, 8))
    >>> model(torch.zeros(1, 1, 33, 47)).shape
    torch.Size([1, 3, 33, 47])
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        widths: Sequence[int] = (256, 128, 64, 32, 16),
    ) -> None:
        super().__init__()
        check_head(backbone, num_classes)
        check_widths(backbone, widths)
        *skips, deepest = backbone.channels
        self.backbone = backbone
        self.decoder = nn.ModuleList(
            UpTo(before, skip, width)
            for before, skip, width in zip(
                [deepest, *widths[:-1]],
                # the image itself has no channels to offer
                [*reversed(skips), 0],
                widths,
                strict=True,
            )
        )
        self.head = nn.Conv2d(widths[-1], num_classes, 3, padding=1)

    def decode(self, features: Sequence[Tensor], image: Tensor) -> Tensor:
        """The logits, from the backbone's maps and the image's size."""
        *skips, x = features
        sizes_only = image[:, :0]
        for up, skip in zip(
            self.decoder, [*reversed(skips), sizes_only], strict=True
        ):
            x = up(x, skip)
        return self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        check_image(x, self.backbone.in_channels, smallest=1)
        return self.decode(self.backbone(x), x)
