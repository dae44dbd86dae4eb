"""Small layers that several networks share."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class ConvNormReLU(nn.Sequential):
    """Atrous convolution, batch norm and ReLU.

    The rate is the distance between the kernel's taps in pixels: a 3 x 3
    kernel of rate 6 looks 6 px to each side, with nine weights still.
    Padding by the rate keeps the size. There is no bias, because the
    batch norm that follows subtracts any constant again.

    Shapes: [N, in, H, W] to [N, out, H / stride, W / stride], rounded up;
    the kernel size is odd.

    >>> import torch
    >>> ConvNormReLU(3, 8, 3, rate=6)(torch.zeros(2, 3, 9, 7)).shape
    torch.Size([2, 8, 9, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        rate: int = 1,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride=stride,
                padding=rate * (kernel_size // 2),
                dilation=rate,
                bias=False,
            ),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class SeparableConv(nn.Sequential):
    """Atrous separable convolution: first in space, then across channels.

    Depthwise, a 3 x 3 kernel runs over each channel by itself; pointwise,
    a 1 x 1 convolution mixes the channels. Together they need about a
    ninth of the multiplications of a full 3 x 3 convolution.

    Shapes: [N, in, H, W] to [N, out, H, W].

    Source: Chen et al. 2018, "Encoder-Decoder with Atrous Separable
    Convolution".

    >>> SeparableConv(64, 64)[0].weight.shape
    torch.Size([64, 1, 3, 3])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, rate: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                in_channels,
                3,
                padding=rate,
                dilation=rate,
                groups=in_channels,
                bias=False,
            ),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
        )


class SeparableConvNormReLU(nn.Sequential):
    """Atrous separable convolution, batch norm and ReLU.

    Shapes: [N, in, H, W] to [N, out, H, W].

    Convention: one batch norm, after both convolutions, as in smp; the
    paper's own code puts batch norm and ReLU between them too.

    >>> import torch
    >>> SeparableConvNormReLU(3, 8, rate=2)(torch.zeros(2, 3, 9, 7)).shape
    torch.Size([2, 8, 9, 7])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, rate: int = 1
    ) -> None:
        super().__init__(
            SeparableConv(in_channels, out_channels, rate=rate),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class PooledBranch(nn.Module):
    """Average over a grid of cells, convolve, and return to full size.

    Each pixel learns what its cell of the grid holds; with one cell, what
    the whole image holds.

    Shapes: [N, in, H, W] to [N, out, H, W].

    Args:
        bins: cells along each side; the map may be smaller than that.
        convolve: what maps [N, in, bins, bins] to [N, out, bins, bins].

    Convention: returns by bilinear interpolation whose corner samples are
    the map's corner pixels (``align_corners=True``).

    >>> import torch
    >>> branch = PooledBranch(2, nn.Identity())
    >>> branch(torch.eye(4)[None, None])[0, 0, 0]
    tensor([0.5000, 0.3333, 0.1667, 0.0000])
    """

    def __init__(self, bins: int, convolve: nn.Module) -> None:
        super().__init__()
        self.bins = bins
        self.convolve = convolve

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.convolve(F.adaptive_avg_pool2d(x, self.bins))
        return resize(pooled, x.shape[-2:], align_corners=True)


def resize(
    x: Tensor, size: Sequence[int], *, align_corners: bool = False
) -> Tensor:
    """Bilinear interpolation to another size.

    Args:
        x: a map [N, C, h, w] of numbers; never of class indices, between
            which there is nothing.
        size: (height, width).
        align_corners: whether the centres of the corner pixels coincide
            before and after; otherwise the pixels' outer corners do.

    >>> import torch
    >>> resize(torch.tensor([[[[0.0, 1.0]]]]), (1, 4))
    tensor([[[[0.0000, 0.2500, 0.7500, 1.0000]]]])
    """
    height, width = size
    return F.interpolate(
        x,
        size=(height, width),
        mode="bilinear",
        align_corners=align_corners,
    )
