"""UNet++, a U-Net whose skip connections are small dense networks.

Source: Z. Zhou, M. M. Rahman Siddiquee, N. Tajbakhsh and J. Liang,
"UNet++: A Nested U-Net Architecture for Medical Image Segmentation",
DLMIA 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor, nn

from seglab.models.arguments import (
    check_channels,
    check_choice,
    check_image,
)
from seglab.models.unet import Encoder, Up, Upsampling, smallest_input


def nested_nodes(poolings: int) -> list[tuple[int, int]]:
    """All nodes (level, order), in an order in which they can be computed.

    Args:
        poolings: how many levels there are besides the coarsest.

    >>> nested_nodes(2)
    [(0, 1), (1, 1), (0, 2)]
    """
    return [
        (level, order)
        for order in range(1, poolings + 1)
        for level in range(poolings - order + 1)
    ]


class UNetPlusPlus(nn.Module):
    """UNet++: nested decoders that share one encoder.

    Node (level, order) upsamples node (level + 1, order - 1) and joins it
    with every earlier node of its own level; order 0 is the encoder. The
    nodes (0, 1), (0, 2), ... are the outputs of U-Nets of growing depth,
    and each has a head.

    Shapes: images [N, in_channels, H, W] to logits [N, num_classes, H, W]
    of the deepest head.

    Args:
        in_channels: 1 for grey images, 3 for colour.
        num_classes: how many logits a pixel gets.
        widths: channels of each resolution, finest first.
        upsample: ``"transposed"`` convolutions or ``"bilinear"``
            interpolation.

    Raises:
        ValueError: an argument is out of range, or an image is too small
            for the number of poolings.

    Convention: deep supervision is the mean loss over ``all_logits(x)``.
    Whoever trains on ``forward`` alone leaves the other heads untrained,
    and must not prune. The whole network is MONAI's
    ``BasicUNetPlusPlus``. smp's ``UnetPlusPlus`` has the same nodes, and
    with bilinear upsampling its decoder's weights give the same maps here
    once the input channels of each node are put into this order; but its
    encoder is a backbone that begins at half the size, so one more step
    without a skip connection follows, and there is one head only. That
    network is :class:`~seglab.models.resnet_unetpp.ResNetUNetPlusPlus`.

    >>> model = UNetPlusPlus(1, 2, widths=(4, 8, 16))
    >>> model(torch.zeros(1, 1, 9, 12)).shape
    torch.Size([1, 2, 9, 12])
    >>> len(model.all_logits(torch.zeros(1, 1, 9, 12)))
    2
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_channels(in_channels, num_classes, widths)
        check_choice("upsample", upsample, get_args(Upsampling))
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.widths = tuple(widths)
        self.upsample: Upsampling = upsample
        self.poolings = len(widths) - 1
        self.encoder = Encoder(in_channels, widths)
        self.nodes = nn.ModuleDict()
        for level, order in nested_nodes(self.poolings):
            fine, coarse = widths[level], widths[level + 1]
            self.nodes[f"{level}_{order}"] = Up(
                coarse, order * fine, fine, upsample=upsample
            )
        self.heads = nn.ModuleList(
            nn.Conv2d(widths[0], num_classes, 1)
            for _ in range(self.poolings)
        )

    def encode(self, x: Tensor) -> list[Tensor]:
        """The feature maps of the way down, finest first."""
        check_image(x, self.in_channels, smallest_input(self.poolings))
        return self.encoder(x)

    def decode(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The logits of every head, shallowest first."""
        rows = [[feature] for feature in features]
        for level, order in nested_nodes(self.poolings):
            below = rows[level + 1][order - 1]
            skip = torch.cat(rows[level], dim=1)
            rows[level].append(self.nodes[f"{level}_{order}"](below, skip))
        outputs = rows[0][1:]
        pairs = zip(self.heads, outputs, strict=True)
        return [head(node) for head, node in pairs]

    def all_logits(self, x: Tensor) -> list[Tensor]:
        """The logits of every head, shallowest first, for images.

        Shapes: [N, in_channels, H, W] to a list of [N, num_classes, H, W].
        """
        return self.decode(self.encode(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.all_logits(x)[-1]

    def prune(self, poolings: int) -> UNetPlusPlus:
        """A smaller copy that stops at an earlier head.

        Its output equals ``all_logits(x)[poolings - 1]`` of this model.

        Args:
            poolings: 1 to the number of poolings of this model.

        Raises:
            ValueError: ``poolings`` is out of range.

        >>> model = UNetPlusPlus(1, 2, widths=(4, 8, 16)).eval()
        >>> x = torch.ones(1, 1, 8, 8)
        >>> small = model.prune(1)
        >>> torch.equal(small(x), model.all_logits(x)[0])
        True
        """
        if not 1 <= poolings <= self.poolings:
            raise ValueError(
                f"poolings must be 1 to {self.poolings}, got {poolings}"
            )
        pruned = UNetPlusPlus(
            self.in_channels,
            self.num_classes,
            widths=self.widths[: poolings + 1],
            upsample=self.upsample,
        ).to(next(self.parameters()))
        ours = self.state_dict()
        kept = {key: ours[key] for key in pruned.state_dict()}
        pruned.load_state_dict(kept)
        return pruned.train(self.training)
