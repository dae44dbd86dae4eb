"""SegFormer: a hierarchical transformer with a head of linear layers.

Source: E. Xie et al., "SegFormer: Simple and Efficient Design for
Semantic Segmentation with Transformers", NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models.attention import to_map, to_tokens
from seglab.models.backbones import Backbone
from seglab.models.layers import ConvNormReLU, resize
from seglab.models.mix_transformer import STAGE_RULES
from seglab.models.network import SegmentationNetwork, check_head

# transformers' keys, those of version 4 and of checkpoints among them
FROM_TRANSFORMERS = [
    *STAGE_RULES,
    (r"^segformer\.", "backbone."),
    (
        r"^decode_head\.(linear_c|linear_projections)\.(\d)\.proj\.",
        r"head.unify.\2.",
    ),
    (r"^decode_head\.linear_fuse\.", "head.mix.0."),
    (r"^decode_head\.batch_norm\.", "head.mix.1."),
    (r"^decode_head\.classifier\.", "head.classify."),
]
# how wide the published heads are
HEAD_WIDTHS = {"mini": 32, "b0": 256, "b1": 256} | dict.fromkeys(
    ("b2", "b3", "b4", "b5"), 768
)


class AllMLPHead(nn.Module):
    """Linear layers only: the backbone has seen far enough.

    Each map gets the same number of channels and the finest map's size;
    two more linear layers mix the stack and classify every position. (A
    linear layer at every position is a 1 x 1 convolution.)

    Shapes: a list of maps [N, channels[i], h_i, w_i], finest first, to
    [N, num_classes, h_0, w_0].

    Args:
        channels: of the maps.
        num_classes: how many logits a position gets.
        width: channels that every map gets.

    Convention: the maps are stacked coarsest first, as in the authors'
    code; dropout of 0.1 before the classifier.

    >>> maps = [torch.zeros(1, 8, 6, 5), torch.zeros(1, 16, 3, 3)]
    >>> AllMLPHead((8, 16), 4, width=32)(maps).shape
    torch.Size([1, 4, 6, 5])
    """

    def __init__(
        self, channels: Sequence[int], num_classes: int, *, width: int
    ) -> None:
        super().__init__()
        self.unify = nn.ModuleList(
            nn.Linear(own, width) for own in channels
        )
        self.mix = ConvNormReLU(len(channels) * width, width, 1)
        self.dropout = nn.Dropout(0.1)
        self.classify = nn.Conv2d(width, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        finest = features[0].shape[-2:]
        unified = [
            to_map(unify(to_tokens(feature)), feature.shape[-2:])
            for unify, feature in zip(self.unify, features, strict=True)
        ]
        same_size = [
            resize(feature, finest) for feature in reversed(unified)
        ]
        mixed = self.mix(torch.cat(same_size, dim=1))
        return self.classify(self.dropout(mixed))


class SegFormer(SegmentationNetwork):
    """SegFormer: Mix Transformer and all-MLP head.

    Shapes: images [N, in_channels, H, W] to logits
    [N, num_classes, H, W], made at a quarter of the resolution.

    Args:
        backbone: a :class:`~seglab.models.mix_transformer.MixTransformer`;
            any other will do.
        num_classes: how many logits a pixel gets.
        width: channels in the head; ``HEAD_WIDTHS`` holds the published
            ones.

    Raises:
        ValueError: an argument is out of range, or the backbone does not
            take such images.

    >>> from seglab.models.mix_transformer import (
    ...     MIX_TRANSFORMERS,
    ...     MixTransformer,
    ... )
    >>> model = SegFormer(MixTransformer(MIX_TRANSFORMERS["b0"]), 19)
    >>> model(torch.zeros(2, 3, 64, 50)).shape
    torch.Size([2, 19, 64, 50])
    """

    def __init__(
        self, backbone: Backbone, num_classes: int, *, width: int = 256
    ) -> None:
        check_head(backbone, num_classes)
        if width < 1:
            raise ValueError(f"width must be 1 or more, got {width}")
        head = AllMLPHead(backbone.channels, num_classes, width=width)
        super().__init__(backbone, head)
