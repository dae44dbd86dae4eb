"""Mix Transformer (MiT), SegFormer's hierarchical backbone.

Source: E. Xie et al., "SegFormer: Simple and Efficient Design for
Semantic Segmentation with Transformers", NeurIPS 2021.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from torch import Tensor, nn

from seglab.models.arguments import check_image
from seglab.models.attention import (
    attention_weights,
    to_map,
    to_tokens,
)
from seglab.models.backbones import Backbone
from seglab.models.mix_block import MixBlock, OverlapPatchEmbedding

# transformers' keys, those of version 4 and of checkpoints among them
STAGE_RULES = [
    (r"\.encoder\.patch_embeddings\.(\d)\.", r".stages.\1.embed."),
    (r"\.encoder\.block\.(\d)\.", r".stages.\1.blocks."),
    (r"\.encoder\.layer_norm\.(\d)\.", r".stages.\1.norm."),
    (r"\.patch_embeddings\.", ".embed."),
    (r"\.embed\.proj\.", ".embed.project."),
    (r"\.attention\.self\.", ".attention."),
    (r"\.(layernorm_before|layer_norm_1)\.", ".before_attention."),
    (r"\.(layernorm_after|layer_norm_2)\.", ".before_ffn."),
    (r"\.sequence_reduction\.layer_norm\.", ".norm."),
    (r"\.(sr|sequence_reduction\.sequence_reduction)\.", ".reduce."),
    (r"\.layer_norm\.", ".norm."),
    (r"\.(query|q_proj)\.", ".attend.query."),
    (r"\.(key|k_proj)\.", ".attend.key."),
    (r"\.(value|v_proj)\.", ".attend.value."),
    (r"\.(output\.dense|o_proj)\.", ".attend.out."),
    (r"\.mlp\.(dense1|fc1)\.", ".ffn.widen."),
    (r"\.mlp\.dwconv\.dwconv\.", ".ffn.mix."),
    (r"\.mlp\.(dense2|fc2)\.", ".ffn.narrow."),
]
FROM_TRANSFORMERS = [
    *STAGE_RULES,
    (r"^segformer\.", ""),
    (r"^(classifier|decode_head)\..*", ""),
]


@dataclass(frozen=True)
class MixTransformerSize:
    """The sizes of a Mix Transformer, each a number a stage.

    Args:
        widths: channels of the tokens.
        depths: how many blocks.
        heads: attention heads; they divide the width.
        reductions: how many tokens in a row the keys merge.

    Raises:
        ValueError: numbers below 1, or not four of each.

    >>> MixTransformerSize((8, 16, 40, 64), (1, 1, 1, 1)).reductions
    (8, 4, 2, 1)
    """

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    heads: tuple[int, int, int, int] = (1, 2, 5, 8)
    reductions: tuple[int, int, int, int] = (8, 4, 2, 1)

    def __post_init__(self) -> None:
        stages = astuple(self)
        if {len(stage) for stage in stages} != {4} or min(
            map(min, stages)
        ) < 1:
            raise ValueError(
                f"every size must be four numbers of 1 or more, got {self}"
            )


WIDE = (64, 128, 320, 512)
# "mini" is not published: it trains on a laptop in seconds
MIX_TRANSFORMERS = {
    "mini": MixTransformerSize((8, 16, 40, 64), (1, 1, 1, 1)),
    "b0": MixTransformerSize((32, 64, 160, 256), (2, 2, 2, 2)),
    "b1": MixTransformerSize(WIDE, (2, 2, 2, 2)),
    "b2": MixTransformerSize(WIDE, (3, 4, 6, 3)),
    "b3": MixTransformerSize(WIDE, (3, 4, 18, 3)),
    "b4": MixTransformerSize(WIDE, (3, 8, 27, 3)),
    "b5": MixTransformerSize(WIDE, (3, 6, 40, 3)),
}


class MixStage(nn.Module):
    """Embed patches, let the blocks work on them, normalise.

    Shapes: a map [N, in_channels, H, W] to [N, width, H / 2, W / 2],
    rounded up, or / 4 in the first stage.

    Args:
        embed: makes the stage's map.
        blocks: what works on its tokens.
        width: channels of the tokens.

    >>> import torch
    >>> embed = OverlapPatchEmbedding(4, 8, kernel_size=3, stride=2)
    >>> stage = MixStage(embed, [MixBlock(8, 2, 1, skip=0.0)], 8)
    >>> stage(torch.zeros(1, 4, 6, 9)).shape
    torch.Size([1, 8, 3, 5])
    """

    def __init__(
        self, embed: nn.Module, blocks: Sequence[nn.Module], width: int
    ) -> None:
        super().__init__()
        self.embed = embed
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        tokens, grid = to_tokens(x), x.shape[-2:]
        for block in self.blocks:
            tokens = block(tokens, grid)
        return to_map(self.norm(tokens), grid)


class MixTransformer(Backbone):
    """A transformer that gives maps of four sizes, as a ResNet does.

    Shapes: images [N, in_channels, H, W] to a list of maps
    [N, widths[i], H / 2^(i + 2), W / 2^(i + 2)], rounded up.

    Args:
        size: the widths and depths; ``MIX_TRANSFORMERS`` holds the
            published ones, B0 to B5.
        in_channels: 1 for grey images, 3 for colour.
        drop_path: how often the last block is skipped in training; the
            others less, down to the first, which never is.

    Raises:
        ValueError: images of another shape, or smaller than one window of
            the keys' reduction (29 px a side for the published ones).

    Convention: every layer norm has PyTorch's epsilon, 1e-5, as in
    transformers; some of the authors' have 1e-6.

    >>> import torch
    >>> backbone = MixTransformer(MIX_TRANSFORMERS["mini"])
    >>> maps = backbone(torch.zeros(1, 3, 64, 90))
    >>> [tuple(feature.shape[1:]) for feature in maps]
    [(8, 16, 23), (16, 8, 12), (40, 4, 6), (64, 2, 3)]
    """

    def __init__(
        self,
        size: MixTransformerSize,
        *,
        in_channels: int = 3,
        drop_path: float = 0.1,
    ) -> None:
        strides = (4, 8, 16, 32)
        super().__init__(in_channels, size.widths, strides)
        self.size = size
        self.smallest = max(
            (reduction - 1) * stride + 1
            for reduction, stride in zip(
                size.reductions, strides, strict=True
            )
        )
        last = max(1, sum(size.depths) - 1)
        number = itertools.count()
        self.stages = nn.ModuleList()
        fed = in_channels
        for stage, width in enumerate(size.widths):
            embed = OverlapPatchEmbedding(
                fed,
                width,
                kernel_size=3 if stage else 7,
                stride=2 if stage else 4,
            )
            heads, reduction = size.heads[stage], size.reductions[stage]
            blocks = [
                MixBlock(
                    width,
                    heads,
                    reduction,
                    skip=drop_path * next(number) / last,
                )
                for _ in range(size.depths[stage])
            ]
            self.stages.append(MixStage(embed, blocks, width))
            fed = width

    def forward(self, x: Tensor) -> list[Tensor]:
        check_image(x, self.in_channels, self.smallest)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """Where every position of every block looks, for images.

        Shapes: [N, in_channels, H, W] to a list of
        [N, heads, h, w, h', w'], one for each block. Position (row,
        column) looks at the picture ``looks[:, :, row, column]``, which
        sums to 1.

        >>> import torch
        >>> backbone = MixTransformer(MIX_TRANSFORMERS["mini"])
        >>> looks = backbone.attention_maps(torch.zeros(1, 3, 64, 64))
        >>> looks[1].shape
        torch.Size([1, 2, 8, 8, 2, 2])
        """
        maps = []
        weights = iter(attention_weights(self, x))
        for stride, depth, reduction in zip(
            self.strides,
            self.size.depths,
            self.size.reductions,
            strict=True,
        ):
            grid = tuple(-(-side // stride) for side in x.shape[-2:])
            coarse = tuple(side // reduction for side in grid)
            for block in itertools.islice(weights, depth):
                maps.append(block.unflatten(3, coarse).unflatten(2, grid))
        return maps
