"""SETR: a plain vision transformer, and two ways back to pixels.

Source: S. Zheng et al., "Rethinking Semantic Segmentation from a
Sequence-to-Sequence Perspective with Transformers", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from torch import Tensor, nn

from seglab.models.arguments import check_channels, check_choice
from seglab.models.layers import ConvNormReLU, resize
from seglab.models.network import SegmentationNetwork
from seglab.models.vision_transformer import VisionTransformer

Head = Literal["naive", "pup"]


class NaiveHead(nn.Sequential):
    """Two 1 x 1 convolutions on the patches' map.

    Shapes: maps of which the last is [N, in_channels, h, w] to
    [N, num_classes, h, w], which are interpolated all the way.

    >>> import torch
    >>> NaiveHead(8, 3, width=16)([torch.zeros(1, 8, 4, 5)]).shape
    torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, in_channels: int, num_classes: int, *, width: int
    ) -> None:
        super().__init__(
            ConvNormReLU(in_channels, width, 1),
            nn.Conv2d(width, num_classes, 1),
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        return super().forward(features[-1])


class PUPHead(nn.Module):
    """Progressive upsampling: convolve, double the size, and again.

    Shapes: maps of which the last is [N, in_channels, h, w] to
    [N, num_classes, h * 2^(steps - 1), w * 2^(steps - 1)]. The last
    doubling is that of the logits.

    Args:
        in_channels: of the map.
        num_classes: how many logits a position gets.
        width: channels in between.
        steps: how many convolutions; four for patches of 16 px.

    >>> import torch
    >>> PUPHead(8, 3, width=16, steps=4)([torch.zeros(1, 8, 4, 5)]).shape
    torch.Size([1, 3, 32, 40])
    """

    def __init__(
        self, in_channels: int, num_classes: int, *, width: int, steps: int
    ) -> None:
        super().__init__()
        self.convolve = nn.ModuleList(
            ConvNormReLU(width if step else in_channels, width, 3)
            for step in range(steps)
        )
        self.classify = nn.Conv2d(width, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        first, *later = self.convolve
        x = first(features[-1])
        for convolve in later:
            height, width = x.shape[-2:]
            x = convolve(resize(x, (2 * height, 2 * width)))
        return self.classify(x)


class SETR(SegmentationNetwork):
    """SETR: a vision transformer and a convolutional head.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: a
            :class:`~seglab.models.vision_transformer.VisionTransformer`.
        num_classes: how many logits a pixel gets.
        head: ``"naive"`` interpolates the patches' logits; ``"pup"``
            doubles the size step by step.
        width: channels in the head.
        auxiliary: whether a naive head stands on the block halfway, for
            ``forward_with_auxiliary``.

    Raises:
        ValueError: an unknown head, no class, or images of another shape.

    Convention: the heads are the paper's, of which no library here has a
    copy to compare with. The paper has a third one too (MLA), and
    auxiliary heads on several blocks.

    >>> import torch
    >>> from seglab.models.vision_transformer import VISION_TRANSFORMERS
    >>> backbone = VisionTransformer(
    ...     VISION_TRANSFORMERS["mini"], in_channels=1
    ... )
    >>> SETR(backbone, 2, head="pup")(torch.zeros(2, 1, 20, 33)).shape
    torch.Size([2, 2, 20, 33])
    """

    def __init__(
        self,
        backbone: VisionTransformer,
        num_classes: int,
        *,
        head: Head = "naive",
        width: int = 256,
        auxiliary: bool = False,
    ) -> None:
        check_choice("head", head, get_args(Head))
        check_channels(
            backbone.in_channels, num_classes, (*backbone.channels, width)
        )
        inner = backbone.channels[-1]
        main: nn.Module = NaiveHead(inner, num_classes, width=width)
        if head == "pup":
            steps = doublings(backbone.output_stride)
            main = PUPHead(inner, num_classes, width=width, steps=steps)
        beside = None
        if auxiliary:
            beside = NaiveHead(inner, num_classes, width=width)
        super().__init__(backbone, main, beside)

    def _resize_to(self, x: Tensor, logits: Tensor) -> Tensor:
        # the map covers the padding too: enlarge first, then cut it off
        height, width = x.shape[-2:]
        patch = self.backbone.output_stride
        padded = (height + -height % patch, width + -width % patch)
        return resize(logits, padded)[..., :height, :width]


def doublings(size: int) -> int:
    """How often 1 must be doubled to become this size.

    >>> doublings(16)
    4
    """
    if size < 2 or size & (size - 1):
        raise ValueError(
            f"patch_size must be 2, 4, 8 ... for the PUP head, got {size}"
        )
    return size.bit_length() - 1
