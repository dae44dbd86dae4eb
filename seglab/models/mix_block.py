"""The parts of SegFormer's backbone, the Mix Transformer.

Source: E. Xie et al., "SegFormer: Simple and Efficient Design for
Semantic Segmentation with Transformers", NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

from seglab.models.attention import MultiHeadAttention, to_map, to_tokens


class OverlapPatchEmbedding(nn.Module):
    """Tokens from patches that overlap their neighbours.

    The kernel is wider than the stride, so that a token knows what lies
    across the border of its patch.

    Shapes: a map [N, in, H, W] to [N, out, H / stride, W / stride],
    rounded up.

    >>> import torch
    >>> embed = OverlapPatchEmbedding(3, 8, kernel_size=7, stride=4)
    >>> embed(torch.zeros(1, 3, 30, 32)).shape
    torch.Size([1, 8, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.project = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
        )
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.project(x)
        return to_map(self.norm(to_tokens(x)), x.shape[-2:])


class EfficientSelfAttention(nn.Module):
    """Every position looks at a coarser copy of the map.

    A convolution merges ``reduction`` x ``reduction`` positions into one
    for the keys and values, so that the cost falls by their number.

    Shapes: tokens [N, h * w, width] of a grid (h, w) to the same shape.

    Args:
        width: channels of a token, divisible by ``heads``.
        heads: as in :class:`~seglab.models.attention.MultiHeadAttention`.
        reduction: 1 compares every position with every other.

    Convention: rows and columns that do not fill a window of the reduction
    are not looked at, though they look themselves.

    >>> import torch
    >>> attention = EfficientSelfAttention(8, heads=2, reduction=4)
    >>> attention(torch.zeros(1, 96, 8), (8, 12)).shape
    torch.Size([1, 96, 8])
    """

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.attend = MultiHeadAttention(width, heads)
        self.reduction = reduction
        if reduction > 1:
            self.reduce = nn.Conv2d(
                width, width, reduction, stride=reduction
            )
            self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, grid: Sequence[int]) -> Tensor:
        seen = tokens
        if self.reduction > 1:
            coarse = self.reduce(to_map(tokens, grid))
            seen = self.norm(to_tokens(coarse))
        return self.attend(tokens, seen, seen)


class MixFFN(nn.Module):
    """Two linear layers with a 3 x 3 depthwise convolution between them.

    The convolution's zero padding tells a token how far it is from the
    border, which is why no position embedding is needed.

    Shapes: tokens [N, h * w, width] of a grid (h, w) to the same shape.

    >>> import torch
    >>> MixFFN(8, expansion=4)(torch.zeros(1, 12, 8), (3, 4)).shape
    torch.Size([1, 12, 8])
    """

    def __init__(self, width: int, expansion: int) -> None:
        super().__init__()
        inner = expansion * width
        self.widen = nn.Linear(width, inner)
        self.mix = nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.narrow = nn.Linear(inner, width)

    def forward(self, tokens: Tensor, grid: Sequence[int]) -> Tensor:
        mixed = to_tokens(self.mix(to_map(self.widen(tokens), grid)))
        return self.narrow(F.gelu(mixed))


class MixBlock(nn.Module):
    """Attention, then Mix-FFN, each added to what came in.

    Shapes: tokens [N, h * w, width] of a grid (h, w) to the same shape.

    Args:
        width, heads, reduction: as in :class:`EfficientSelfAttention`.
        skip: in training, the probability that an image skips either of
            the two (stochastic depth).

    >>> import torch
    >>> MixBlock(8, 2, 1, skip=0.0)(torch.zeros(1, 12, 8), (3, 4)).shape
    torch.Size([1, 12, 8])
    """

    def __init__(
        self, width: int, heads: int, reduction: int, *, skip: float
    ) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = EfficientSelfAttention(width, heads, reduction)
        self.before_ffn = nn.LayerNorm(width)
        self.ffn = MixFFN(width, expansion=4)
        self.skip = StochasticDepth(skip, mode="row")

    def forward(self, tokens: Tensor, grid: Sequence[int]) -> Tensor:
        looked = self.attention(self.before_attention(tokens), grid)
        tokens = tokens + self.skip(looked)
        return tokens + self.skip(self.ffn(self.before_ffn(tokens), grid))
