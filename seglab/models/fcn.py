"""Fully convolutional networks: scores for pixels instead of images.

Source: J. Long, E. Shelhamer and T. Darrell, "Fully Convolutional
Networks for Semantic Segmentation", CVPR 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from seglab.models.backbones import Backbone
from seglab.models.layers import ConvNormReLU, resize
from seglab.models.network import SegmentationNetwork, check_head

# torchvision's keys, as ours
HEAD_RULES = [
    (r"^(head|auxiliary)\.0\.", r"\1.reduce.0."),
    (r"^(head|auxiliary)\.1\.", r"\1.reduce.1."),
    (r"^(head|auxiliary)\.4\.", r"\1.classify."),
]
FROM_TORCHVISION = [
    (r"^classifier\.", "head."),
    (r"^aux_classifier\.", "auxiliary."),
    *HEAD_RULES,
]


class FCNHead(nn.Module):
    """One 3 x 3 convolution, then a classifier at every pixel.

    A 1 x 1 convolution is the linear classifier that would stand at the
    end of an image classifier, applied at each place of the map.

    Shapes: maps of which the last is [N, in_channels, H, W] to
    [N, num_classes, H, W].

    Convention: torchvision's, with a quarter of the channels between.

    >>> import torch
    >>> FCNHead(16, 3)([torch.zeros(1, 16, 4, 5)]).shape
    torch.Size([1, 3, 4, 5])
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.reduce = ConvNormReLU(in_channels, in_channels // 4, 3)
        self.dropout = nn.Dropout(0.1)
        self.classify = nn.Conv2d(in_channels // 4, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        return self.classify(self.dropout(self.reduce(features[-1])))


class FCN(SegmentationNetwork):
    """FCN as torchvision has it: a dilated backbone and one small head.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: torchvision's has output stride 8.
        num_classes: how many logits a pixel gets.
        auxiliary: whether a second head stands on the map before the
            last, for ``forward_with_auxiliary``.

    Raises:
        ValueError: no class, or images of another shape.

    Convention: not the paper's network, which has no dilation and sums
    scores of several depths: that is :class:`SkipFCN`.

    Source: ``torchvision.models.segmentation.fcn_resnet50``.

    >>> import torch
    >>> from seglab.models.small_resnet import SmallResNet
    >>> model = FCN(SmallResNet(1, output_stride=8), 3, auxiliary=True)
    >>> both = model.forward_with_auxiliary(torch.zeros(2, 1, 33, 47))
    >>> [tuple(logits.shape) for logits in both]
    [(2, 3, 33, 47), (2, 3, 33, 47)]
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        auxiliary: bool = False,
    ) -> None:
        check_head(backbone, num_classes)
        *_, before, last = backbone.channels
        super().__init__(
            backbone,
            FCNHead(last, num_classes),
            FCNHead(before, num_classes) if auxiliary else None,
        )


class SkipHead(nn.Module):
    """Class scores of several depths, summed from coarse to fine.

    Coarse scores say what is there, fine ones where it ends. The finer
    scores start at zero, so that training begins with the coarse network
    and learns what each depth adds.

    Shapes: maps [N, channels[i], H / 2^i, W / 2^i], finest first, to
    [N, num_classes, H, W]. Maps before those that it has channels for are
    left aside.

    Convention: scores are enlarged by fixed bilinear interpolation. The
    paper's transposed convolutions start as that and may learn another.

    >>> import torch
    >>> maps = [torch.zeros(1, 8, 6, 5), torch.zeros(1, 16, 3, 3)]
    >>> SkipHead((8, 16), 4)(maps).shape
    torch.Size([1, 4, 6, 5])
    """

    def __init__(self, channels: Sequence[int], num_classes: int) -> None:
        super().__init__()
        scores = [nn.Conv2d(wide, num_classes, 1) for wide in channels]
        for finer in scores[:-1]:
            for parameter in finer.parameters():
                nn.init.zeros_(parameter)
        self.scores = nn.ModuleList(scores)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        used = features[-len(self.scores) :]
        *finer, total = (
            score(x) for score, x in zip(self.scores, used, strict=True)
        )
        for scores in reversed(finer):
            total = scores + resize(total, scores.shape[-2:])
        return total


class SkipFCN(SegmentationNetwork):
    """FCN-32s, FCN-16s or FCN-8s: the paper's network on a ResNet.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: whose last maps have strides 8, 16 and 32.
        num_classes: how many logits a pixel gets.
        skips: 0 for FCN-32s, 1 for FCN-16s, 2 for FCN-8s.

    Raises:
        ValueError: a number of skips or a backbone that does not fit, no
            class, or images of another shape.

    Convention: the paper's backbone is VGG-16 with two fully connected
    layers as convolutions; no library has this network on a ResNet.

    >>> import torch
    >>> from seglab.models.small_resnet import SmallResNet
    >>> model = SkipFCN(SmallResNet(1), 3, skips=2)
    >>> model(torch.zeros(2, 1, 33, 47)).shape
    torch.Size([2, 3, 33, 47])
    """

    def __init__(
        self, backbone: Backbone, num_classes: int, *, skips: int = 2
    ) -> None:
        check_head(backbone, num_classes)
        if skips not in (0, 1, 2):
            raise ValueError(f"skips must be 0, 1 or 2, got {skips}")
        if backbone.strides[-3:] != (8, 16, 32):
            raise ValueError(
                "backbone must end in strides 8, 16 and 32, got "
                f"{backbone.strides}"
            )
        head = SkipHead(backbone.channels[-1 - skips :], num_classes)
        super().__init__(backbone, head)
