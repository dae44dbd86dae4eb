"""Vision Transformer (ViT), the backbone of SETR.

Source: A. Dosovitskiy et al., "An Image is Worth 16x16 Words:
Transformers for Image Recognition at Scale", ICLR 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.models.attention import (
    MultiHeadAttention,
    attention_weights,
    to_map,
    to_tokens,
)
from seglab.models.backbones import Backbone

# timm's keys, as ours, after ``split_projections`` (and, for a ViT with a
# class token, ``drop_class_token``)
FROM_TIMM = [
    (r"^patch_embed\.proj\.", "embed."),
    (r"^pos_embed$", "positions"),
    (r"\.norm1\.", ".before_attention."),
    (r"\.norm2\.", ".before_mlp."),
    (r"\.attn\.", ".attention."),
    (r"\.attention\.proj\.", ".attention.out."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.2."),
    # what classifies images
    (r"^(head|fc_norm)\..*", ""),
]


@dataclass(frozen=True)
class VisionTransformerSize:
    """The sizes of a vision transformer.

    Args:
        width: channels of a token.
        depth: how many blocks, 2 or more.
        heads: attention heads of a block; they divide the width.
        patch_size: side of a patch in pixels.
        image_size: (height, width) that the position embedding is made
            for; multiples of ``patch_size``.

    Raises:
        ValueError: fewer than two blocks, or patches that do not divide
            the image.

    >>> VisionTransformerSize(192, 12, 3).grid
    (14, 14)
    """

    width: int
    depth: int
    heads: int
    patch_size: int = 16
    image_size: tuple[int, int] = (224, 224)

    def __post_init__(self) -> None:
        if self.depth < 2:
            raise ValueError(f"depth must be 2 or more, got {self.depth}")
        if self.patch_size < 1 or any(
            side < 1 or side % self.patch_size for side in self.image_size
        ):
            raise ValueError(
                "image_size must be made of multiples of patch_size, got "
                f"{self.image_size} and {self.patch_size}"
            )

    @property
    def grid(self) -> tuple[int, ...]:
        """How many patches there are, (down, across)."""
        return tuple(side // self.patch_size for side in self.image_size)


# "mini" is not published: it trains on a laptop in seconds
VISION_TRANSFORMERS = {
    "mini": VisionTransformerSize(64, 4, 4, 8, (64, 64)),
    "tiny": VisionTransformerSize(192, 12, 3),
    "small": VisionTransformerSize(384, 12, 6),
    "base": VisionTransformerSize(768, 12, 12),
    "large": VisionTransformerSize(1024, 24, 16),
}


class TransformerBlock(nn.Module):
    """Self-attention, then two linear layers, each added to what came in.

    Shapes: tokens [N, L, width] to the same shape.

    Convention: layer norm comes before, not after (pre-norm), with
    timm's epsilon 1e-6.

    >>> TransformerBlock(8, heads=2)(torch.zeros(1, 12, 8)).shape
    torch.Size([1, 12, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width, eps=1e-6)
        self.attention = MultiHeadAttention(width, heads)
        self.before_mlp = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.before_attention(tokens)
        tokens = tokens + self.attention(x, x, x)
        return tokens + self.mlp(self.before_mlp(tokens))


class VisionTransformer(Backbone):
    """ViT: the image is cut into patches, and every patch is a token.

    There is one resolution from the first block to the last, and every
    block looks at all of the image.

    Shapes: images [N, in_channels, H, W] to two maps
    [N, width, H / patch_size, W / patch_size], rounded up: that of the
    block halfway, which an auxiliary head may stand on, and the last.

    Args:
        size: the widths and depths; ``VISION_TRANSFORMERS`` holds the
            published ones.
        in_channels: 1 for grey images, 3 for colour.

    Raises:
        ValueError: no channel, or heads that do not divide the width.

    Convention: no class token, as in SETR's paper (its authors' code has
    one, and drops it before the head). An image whose sides are no
    multiples of the patch is padded with zeros below and on the right; for
    another grid of patches the position embedding is interpolated
    (bicubic, antialiased), as timm does. Both maps pass the same last
    layer norm.

    >>> backbone = VisionTransformer(VISION_TRANSFORMERS["mini"])
    >>> backbone(torch.zeros(2, 3, 20, 33))[-1].shape
    torch.Size([2, 64, 3, 5])
    """

    def __init__(
        self, size: VisionTransformerSize, *, in_channels: int = 3
    ) -> None:
        width, patch_size = size.width, size.patch_size
        super().__init__(in_channels, (width,) * 2, (patch_size,) * 2)
        self.size = size
        self.embed = nn.Conv2d(
            in_channels, width, patch_size, stride=patch_size
        )
        patches = size.grid[0] * size.grid[1]
        self.positions = nn.Parameter(torch.empty(1, patches, width))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, size.heads) for _ in range(size.depth)
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def positions_for(self, grid: Sequence[int]) -> Tensor:
        """The position embedding [1, h * w, width] of a grid (h, w)."""
        if tuple(grid) == self.size.grid:
            return self.positions
        # contiguous: with channels last, PyTorch 2.14 gets maps wrong that
        # become one pixel wide
        trained = to_map(self.positions, self.size.grid).contiguous()
        wanted = F.interpolate(
            trained, tuple(grid), mode="bicubic", antialias=True
        )
        return to_tokens(wanted)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.embed(pad_to_multiple(x, self.output_stride))
        grid = x.shape[-2:]
        tokens = to_tokens(x) + self.positions_for(grid)
        maps = []
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if number in (self.size.depth // 2, self.size.depth):
                maps.append(to_map(self.norm(tokens), grid))
        return maps

    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """Where every patch looks in every block, for images.

        Shapes: [N, in_channels, H, W] to a list of
        [N, heads, h, w, h, w], one for each block. Patch (row, column)
        looks at the picture ``looks[:, :, row, column]``, which sums to 1.

        >>> backbone = VisionTransformer(VISION_TRANSFORMERS["mini"])
        >>> looks = backbone.attention_maps(torch.zeros(1, 3, 64, 40))
        >>> looks[0].shape
        torch.Size([1, 4, 8, 5, 8, 5])
        """
        grid = tuple(
            -(-side // self.output_stride) for side in x.shape[-2:]
        )
        return [
            weights.unflatten(3, grid).unflatten(2, grid)
            for weights in attention_weights(self, x)
        ]


def pad_to_multiple(x: Tensor, divisor: int) -> Tensor:
    """Zeros below and on the right, until the divisor fits.

    >>> pad_to_multiple(torch.ones(1, 1, 1, 3), 2)
    tensor([[[[1., 1., 1., 0.],
              [0., 0., 0., 0.]]]])
    """
    height, width = x.shape[-2:]
    return F.pad(x, (0, -width % divisor, 0, -height % divisor))


def drop_class_token(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """timm's state dict without the class token and its position.

    For ViTs that were trained to classify images: their class token took
    part in the attention, so that the maps are only nearly the same.

    Args:
        state: a library's ``model.state_dict()``.

    >>> state = {
    ...     "cls_token": torch.zeros(1, 1, 8),
    ...     "pos_embed": torch.zeros(1, 5, 8),
    ... }
    >>> drop_class_token(state)["pos_embed"].shape
    torch.Size([1, 4, 8])
    """
    kept = {key: state[key] for key in state if key != "cls_token"}
    if "cls_token" in state:
        kept["pos_embed"] = state["pos_embed"][:, 1:]
    return kept
