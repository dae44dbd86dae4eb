"""The feature pyramid: every resolution knows what the coarsest one saw."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

FROM_TORCHVISION = [
    (r"^inner_blocks\.(\d+)\.0", r"laterals.\1"),
    (r"^layer_blocks\.(\d+)\.0", r"outputs.\1"),
]


class FeaturePyramid(nn.Module):
    """A feature pyramid network (FPN).

    From coarse to fine, each map is enlarged and added to the next, which
    a 1 x 1 convolution has brought to the same number of channels. A
    3 x 3 convolution then smooths each sum.

    Shapes: maps [N, in_channels[i], H_i, W_i], finest first, to as many
    maps [N, channels, H_i, W_i].

    Args:
        in_channels: of the backbone's maps.
        channels: of every map that comes out.

    Raises:
        ValueError: no maps, or a channel count below 1.

    Source: Lin et al. 2017; with its weights (``FROM_TORCHVISION``) equal
    to ``torchvision.ops.FeaturePyramidNetwork``.

    >>> import torch
    >>> maps = [torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4)]
    >>> [tuple(x.shape) for x in FeaturePyramid((8, 16), 4)(maps)]
    [(1, 4, 8, 8), (1, 4, 4, 4)]
    """

    def __init__(self, in_channels: Sequence[int], channels: int) -> None:
        super().__init__()
        if not in_channels or min(*in_channels, channels) < 1:
            raise ValueError(
                "in_channels and channels must be 1 or more, got "
                f"{tuple(in_channels)} and {channels}"
            )
        self.laterals = nn.ModuleList(
            nn.Conv2d(width, channels, 1) for width in in_channels
        )
        self.outputs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        sums = [
            lateral(x)
            for lateral, x in zip(self.laterals, maps, strict=True)
        ]
        for i in range(len(sums) - 2, -1, -1):
            size = sums[i].shape[-2:]
            coarse = F.interpolate(sums[i + 1], size, mode="nearest")
            sums[i] = sums[i] + coarse
        return [
            smooth(x) for smooth, x in zip(self.outputs, sums, strict=True)
        ]
