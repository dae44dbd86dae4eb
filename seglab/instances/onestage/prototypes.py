"""YOLACT's masks: a few prototypes an image, mixed for each object."""

from __future__ import annotations

from torch import Tensor, nn

from seglab.models.layers import ConvNormReLU, resize


class Protonet(nn.Module):
    """Draws the prototypes of an image: maps that know no object.

    Shapes: the finest map of a pyramid [N, channels, h, w] to prototypes
    [N, prototypes, 2h, 2w], all of 0 or more.

    Args:
        channels: of the map.
        prototypes: how many to draw.

    Convention: a ReLU ends it, as in the paper: a prototype says how
    strongly, and the sign of a coefficient says for or against.

    Source: Bolya et al. 2019.

    >>> import torch
    >>> Protonet(16, 4)(torch.zeros(2, 16, 8, 6)).shape
    torch.Size([2, 4, 16, 12])
    """

    def __init__(self, channels: int, prototypes: int) -> None:
        super().__init__()
        half = channels // 2
        self.coarse = ConvNormReLU(channels, channels, 3)
        self.fine = ConvNormReLU(channels, half, 3)
        self.draw = nn.Sequential(
            nn.Conv2d(half, prototypes, 1), nn.ReLU(inplace=True)
        )

    def forward(self, finest: Tensor) -> Tensor:
        height, width = finest.shape[-2:]
        large = resize(self.coarse(finest), (2 * height, 2 * width))
        drawn: Tensor = self.draw(self.fine(large))
        return drawn
