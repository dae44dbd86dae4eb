"""UNet++ whose encoder is a backbone.

Source: Z. Zhou, M. M. Rahman Siddiquee, N. Tajbakhsh and J. Liang,
"UNet++", DLMIA 2018, on the ResNet of K. He et al., CVPR 2016; the
combination is smp's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models import resnet_unet
from seglab.models.arguments import check_image
from seglab.models.backbones import Backbone
from seglab.models.network import check_head
from seglab.models.resnet_unet import UpTo, check_widths
from seglab.models.unetpp import nested_nodes

# smp's keys, as ours, for the five maps of a ResNet: smp counts levels
# from the coarsest, and the nodes of a level from its last
FROM_SMP = [
    *(
        (
            rf"^decoder\.blocks\.x_{4 - level - order}_{3 - level}\.",
            f"nodes.{level}_{order}.",
        )
        for level, order in nested_nodes(4)
    ),
    (r"^decoder\.blocks\.x_0_4\.", "last."),
    *resnet_unet.FROM_SMP,
]


class ResNetUNetPlusPlus(nn.Module):
    """A backbone as UNet++'s encoder, and its nested decoders.

    Node (level, order) enlarges node (level + 1, order - 1) and joins it
    with every earlier node of its own level; order 0 is the backbone's
    map. As in :class:`~seglab.models.resnet_unet.ResNetUNet`, one more
    step has only the image's size to go by.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: of any output stride, and not only a ResNet.
        num_classes: how many logits a pixel gets.
        widths: channels of the last node of each level, coarsest first,
            and of the last step. The other nodes have as many as the
            backbone's map of their level.

    Raises:
        ValueError: widths that do not fit the backbone, no class, or
            images of another shape.

    Convention: smp's ``UnetPlusPlus``. It has one head, on the deepest
    node: neither deep supervision nor pruning, which are
    :class:`~seglab.models.unetpp.UNetPlusPlus`'s. The upsampled map comes
    first in the join, then the newest node of the level.

    Source: ``segmentation_models_pytorch.UnetPlusPlus``.

    >>> from seglab.models.small_resnet import SmallResNet
    >>> model = ResNetUNetPlusPlus(
    ...     SmallResNet(1), 3, widths=(64, 32, 16, 16, 8)
    ... )
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
        self.backbone = backbone
        self.nodes = nn.ModuleDict()
        poolings = len(backbone.channels) - 1
        rows = [[own] for own in backbone.channels]
        for level, order in nested_nodes(poolings):
            is_last = order == poolings - level
            width = widths[order - 1] if is_last else rows[level][0]
            self.nodes[f"{level}_{order}"] = UpTo(
                rows[level + 1][order - 1], sum(rows[level]), width
            )
            rows[level].append(width)
        self.last = UpTo(widths[-2], 0, widths[-1])
        self.head = nn.Conv2d(widths[-1], num_classes, 3, padding=1)

    def decode(self, features: Sequence[Tensor], image: Tensor) -> Tensor:
        """The logits, from the backbone's maps and the image's size."""
        rows = [[feature] for feature in features]
        for level, order in nested_nodes(len(features) - 1):
            below = rows[level + 1][order - 1]
            skip = torch.cat(rows[level][::-1], dim=1)
            rows[level].append(self.nodes[f"{level}_{order}"](below, skip))
        # the image itself has no channels to offer
        return self.head(self.last(rows[0][-1], image[:, :0]))

    def forward(self, x: Tensor) -> Tensor:
        check_image(x, self.backbone.in_channels, smallest=1)
        return self.decode(self.backbone(x), x)
