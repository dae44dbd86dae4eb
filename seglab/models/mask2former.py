"""Mask2Former: semantic segmentation as a set of masks with classes.

Source: B. Cheng et al., "Masked-attention Mask Transformer for Universal
Image Segmentation", CVPR 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.models.arguments import check_image
from seglab.models.backbones import Backbone
from seglab.models.network import check_head
from seglab.models.query_decoder import SCALES, QueryDecoder
from seglab.models.set_prediction import SetPrediction, semantic_scores

# transformers' keys of MaskFormer's pixel decoder, as ours
PIXEL_DECODER_FROM_TRANSFORMERS = [
    (r"^fpn\.stem\.", "start."),
    (r"^fpn\.layers\.(\d)\.proj\.", r"laterals.\1."),
    (r"^fpn\.layers\.(\d)\.block\.", r"smooth.\1."),
    (r"^mask_projection\.", "draw."),
]


def group_norm(channels: int) -> nn.GroupNorm:
    """32 groups, or fewer, so that each has four channels at least.

    >>> group_norm(256).num_groups, group_norm(32).num_groups
    (32, 8)
    """
    return nn.GroupNorm(math.gcd(32, channels // 4), channels)


class PixelDecoder(nn.Module):
    """A feature pyramid: coarse maps, enlarged, get back what is fine.

    Shapes: four maps [N, channels[i], h_i, w_i], finest first, to three
    maps [N, width, h_i, w_i], coarsest first, and the map that masks are
    drawn on [N, width, h_0, w_0].

    Args:
        channels: of the four maps.
        width: of what comes out, a multiple of 4.

    Convention: MaskFormer's plain pyramid. Mask2Former's own pixel decoder
    has six layers of deformable attention before it, which raise the
    accuracy and need an operator of their own.

    Source: Lin et al. 2017 for the pyramid; Cheng et al. 2021 for its use.

    >>> maps = [torch.zeros(1, 4, side, side) for side in (16, 8, 4, 2)]
    >>> scales, drawn_on = PixelDecoder((4, 4, 4, 4), width=8)(maps)
    >>> [x.shape[-1] for x in scales], drawn_on.shape[-1]
    ([2, 4, 8], 16)
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        *finer, coarsest = channels
        self.start = self._convolve(coarsest, width)
        self.laterals = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(own, width, 1, bias=False), group_norm(width)
            )
            for own in reversed(finer)
        )
        self.smooth = nn.ModuleList(
            self._convolve(width, width) for _ in finer
        )
        self.draw = nn.Conv2d(width, width, 3, padding=1)

    @staticmethod
    def _convolve(in_channels: int, width: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            group_norm(width),
            nn.ReLU(inplace=True),
        )

    def forward(
        self, features: Sequence[Tensor]
    ) -> tuple[list[Tensor], Tensor]:
        *finer, coarsest = features
        maps = [self.start(coarsest)]
        for lateral, smooth, feature in zip(
            self.laterals, self.smooth, reversed(finer), strict=True
        ):
            skip = lateral(feature)
            below = F.interpolate(maps[-1], skip.shape[-2:], mode="nearest")
            maps.append(smooth(skip + below))
        return maps[:-1], self.draw(maps[-1])


class Mask2Former(nn.Module):
    """Mask2Former on any backbone, with a plain pixel decoder.

    Shapes: images [N, in_channels, H, W] to logits [N, num_classes, H, W].

    Args:
        backbone: whose last four maps each halve the one before.
        num_classes: without "no object".
        width: channels of the pixel decoder and the queries, a multiple
            of 4.
        queries: how many masks there can be in an image.
        layers: of the decoder.
        heads: attention heads of a layer; they divide the width.
        inner: channels between a layer's two linear layers.

    Raises:
        ValueError: an argument is out of range, or the backbone has fewer
            than four maps or does not take such images.

    Convention: the network is trained on ``all_predictions`` and
    :class:`~seglab.models.set_loss.SetLoss`. Its logits are the logarithms
    of the semantic scores, so that a softmax makes the scores sum to 1 and
    changes no order; the authors take the scores as they are.

    >>> from seglab.models.mix_transformer import (
    ...     MIX_TRANSFORMERS,
    ...     MixTransformer,
    ... )
    >>> backbone = MixTransformer(MIX_TRANSFORMERS["mini"])
    >>> model = Mask2Former(backbone, 2, width=32, queries=5, layers=3)
    >>> x = torch.zeros(1, 3, 64, 50)
    >>> model(x).shape
    torch.Size([1, 2, 64, 50])
    >>> model.all_predictions(x)[-1].mask_logits.shape
    torch.Size([1, 5, 16, 13])
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        *,
        width: int = 256,
        queries: int = 100,
        layers: int = 9,
        heads: int = 8,
        inner: int = 2048,
    ) -> None:
        super().__init__()
        check_head(backbone, num_classes)
        used = backbone.channels[-SCALES - 1 :]
        if len(used) <= SCALES:
            raise ValueError(
                f"backbone must give {SCALES + 1} maps or more, got "
                f"{len(used)}"
            )
        if width < 4 or width % 4:
            raise ValueError(f"width must be a multiple of 4, got {width}")
        if min(queries, layers, inner) < 1:
            raise ValueError(
                "queries, layers and inner must be 1 or more, got "
                f"{queries}, {layers} and {inner}"
            )
        self.backbone = backbone
        self.pixel_decoder = PixelDecoder(used, width)
        self.decoder = QueryDecoder(
            num_classes,
            width=width,
            queries=queries,
            layers=layers,
            heads=heads,
            inner=inner,
        )

    def all_predictions(self, x: Tensor) -> list[SetPrediction]:
        """What the queries say before the first layer and after each.

        The last is the network's answer; the others are for training.

        Shapes: images [N, in_channels, H, W] to ``layers + 1`` predictions
        with class logits [N, queries, num_classes + 1] and mask logits
        [N, queries, H / 4, W / 4].
        """
        check_image(x, self.backbone.in_channels, 1)
        features = self.backbone(x)[-SCALES - 1 :]
        return self.decoder(*self.pixel_decoder(features))

    def forward(self, x: Tensor) -> Tensor:
        last = self.all_predictions(x)[-1]
        scores = semantic_scores(last, x.shape[-2:])
        # the logarithm of 0 would be infinite
        return scores.clamp_min(torch.finfo(scores.dtype).tiny).log()
