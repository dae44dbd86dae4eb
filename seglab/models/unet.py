"""U-Net, padded or as published, for images of any size.

Source: O. Ronneberger, P. Fischer and T. Brox, "U-Net: Convolutional
Networks for Biomedical Image Segmentation", MICCAI 2015. Batch norm is
newer than the paper and stands in every block here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.models.arguments import (
    check_channels,
    check_choice,
    check_image,
)

Padding = Literal["same", "valid"]
Upsampling = Literal["transposed", "bilinear"]


class DoubleConv(nn.Sequential):
    """Two 3 x 3 convolutions, each with batch norm and ReLU.

    The convolutions have no bias: the batch norm that follows subtracts
    any constant again.

    Shapes: [N, in, H, W] to [N, out, H, W], or to [N, out, H - 4, W - 4]
    with ``padding="valid"``.

    >>> DoubleConv(1, 8)(torch.zeros(1, 1, 9, 7)).shape
    torch.Size([1, 8, 9, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        padding: Padding = "same",
    ) -> None:
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers += [
                nn.Conv2d(
                    channels, out_channels, 3, padding=padding, bias=False
                ),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class Down(nn.Sequential):
    """Halve height and width by max pooling, then convolve twice.

    Shapes: [N, in, H, W] to [N, out, H // 2, W // 2], less 4 px a side
    length with ``padding="valid"``.

    >>> Down(8, 16)(torch.zeros(1, 8, 9, 6)).shape
    torch.Size([1, 16, 4, 3])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        padding: Padding = "same",
    ) -> None:
        super().__init__(
            nn.MaxPool2d(2),
            DoubleConv(in_channels, out_channels, padding=padding),
        )


class Encoder(nn.Module):
    """The way down: one feature map for each width, each half as large.

    Shapes: [N, in, H, W] to a list of [N, widths[i], H / 2^i, W / 2^i],
    largest first (smaller with ``padding="valid"``).

    >>> maps = Encoder(1, (4, 8))(torch.zeros(1, 1, 8, 8))
    >>> [tuple(feature.shape) for feature in maps]
    [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        *,
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        self.stem = DoubleConv(in_channels, widths[0], padding=padding)
        self.downs = nn.ModuleList(
            Down(fine, coarse, padding=padding)
            for fine, coarse in pairwise(widths)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.stem(x)]
        for down in self.downs:
            features.append(down(features[-1]))
        return features


def pad_to(x: Tensor, size: Sequence[int]) -> Tensor:
    """Repeat the last row and column until the map has this size.

    Args:
        x: a map [N, C, H, W].
        size: (height, width), each at least that of ``x``.

    >>> pad_to(torch.tensor([[[[1.0, 2.0]]]]), (1, 3))
    tensor([[[[1., 2., 2.]]]])
    """
    below = size[0] - x.shape[-2]
    right = size[1] - x.shape[-1]
    if below == 0 and right == 0:
        return x
    return F.pad(x, (0, right, 0, below), mode="replicate")


def crop_to(x: Tensor, size: Sequence[int]) -> Tensor:
    """Cut the centre out of a map.

    Args:
        x: a map [N, C, H, W].
        size: (height, width), each at most that of ``x``.

    >>> crop_to(torch.arange(5.0).view(1, 1, 1, 5), (1, 3))
    tensor([[[[1., 2., 3.]]]])
    """
    top = (x.shape[-2] - size[0]) // 2
    left = (x.shape[-1] - size[1]) // 2
    return x[..., top : top + size[0], left : left + size[1]]


class Up(nn.Module):
    """Double the size, join the skip connection, then convolve twice.

    Shapes: x [N, in, h, w] and skip [N, skip, H, W] with H = 2h or 2h + 1
    give [N, out, H, W]; with ``padding="valid"`` the skip may be larger
    still and the result is [N, out, 2h - 4, 2w - 4].

    Convention: where pooling dropped an odd row or column, the upsampled
    map repeats its last one; where convolutions are unpadded, the skip
    connection is cropped around its centre.

    >>> up = Up(16, 8, 8)
    >>> up(torch.zeros(1, 16, 4, 3), torch.zeros(1, 8, 9, 6)).shape
    torch.Size([1, 8, 9, 6])
    """

    def __init__(
        self,
        in_channels: int,
        skip_channels: int,
        out_channels: int,
        *,
        padding: Padding = "same",
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        self.padding = padding
        self.upsample: nn.Module
        if upsample == "transposed":
            self.upsample = nn.ConvTranspose2d(
                in_channels, out_channels, 2, stride=2
            )
            joined = skip_channels + out_channels
        else:
            self.upsample = nn.Upsample(scale_factor=2, mode="bilinear")
            joined = skip_channels + in_channels
        self.convolve = DoubleConv(joined, out_channels, padding=padding)

    def merge(self, upsampled: Tensor, skip: Tensor) -> Tensor:
        """Bring the two maps to one size and stack their channels."""
        if self.padding == "valid":
            skip = crop_to(skip, upsampled.shape[-2:])
        else:
            upsampled = pad_to(upsampled, skip.shape[-2:])
        return torch.cat([skip, upsampled], dim=1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convolve(self.merge(self.upsample(x), skip))


def smallest_input(poolings: int, padding: Padding = "same") -> int:
    """The shortest side, in px, from which a U-Net still makes an output.

    Args:
        poolings: how often the encoder halves, ``len(widths) - 1``.
        padding: as in ``UNet``.

    >>> smallest_input(4), smallest_input(4, padding="valid")
    (16, 188)
    """
    if padding == "same":
        return 2**poolings
    # the way back from the output: the pooled map must be just large
    # enough that unpadded convolutions leave at least one pixel at the end
    bottom = 1
    while _valid_output(bottom, poolings) < 1:
        bottom += 1
    size = bottom + 4
    for _ in range(poolings):
        size = 2 * size + 4
    return size


def _valid_output(bottom: int, poolings: int) -> int:
    size = bottom
    for _ in range(poolings):
        size = 2 * size - 4
    return size


class UNet(nn.Module):
    """U-Net: an encoder, a decoder, and skip connections between them.

    Shapes: images [N, in_channels, H, W] to logits [N, num_classes, H, W],
    or to smaller logits with ``padding="valid"`` (572 x 572 gives
    388 x 388).

    Args:
        in_channels: 1 for grey images, 3 for colour.
        num_classes: how many logits a pixel gets; 1 for a single sigmoid.
        widths: channels of each resolution, finest first; one entry more
            than there are poolings.
        padding: ``"same"`` keeps the size; ``"valid"`` is the published
            network, whose unpadded convolutions lose 2 px each.
        upsample: ``"transposed"`` convolutions, as published, or
            ``"bilinear"`` interpolation.

    Raises:
        ValueError: an argument is out of range, or an image is too small
            for the number of poolings.

    Convention: any size from the minimum on is taken. Sizes that are not
    divisible by 2 ** poolings lose a row or column in pooling; see ``Up``
    for how the decoder gets it back.

    >>> model = UNet(1, 3, widths=(4, 8, 16))
    >>> model(torch.zeros(2, 1, 37, 50)).shape
    torch.Size([2, 3, 37, 50])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        padding: Padding = "same",
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_channels(in_channels, num_classes, widths)
        check_choice("padding", padding, get_args(Padding))
        check_choice("upsample", upsample, get_args(Upsampling))
        self.in_channels = in_channels
        self.smallest = smallest_input(len(widths) - 1, padding)
        self.encoder = Encoder(in_channels, widths, padding=padding)
        self.ups = nn.ModuleList(
            Up(coarse, fine, fine, padding=padding, upsample=upsample)
            for coarse, fine in pairwise(reversed(widths))
        )
        self.head = nn.Conv2d(widths[0], num_classes, 1)

    def encode(self, x: Tensor) -> list[Tensor]:
        """The feature maps of the way down, finest first."""
        check_image(x, self.in_channels, self.smallest)
        return self.encoder(x)

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """The logits, from the coarsest map and the skip connections."""
        *skips, x = features
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = up(x, skip)
        return self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))
