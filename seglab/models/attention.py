"""Multi-head attention, which every transformer of the book is made of.

Source: A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FUSED = re.compile(r"(?:qkv\.|in_proj_)(weight|bias)$")


def to_tokens(x: Tensor) -> Tensor:
    """The positions of a map [N, C, h, w] in a row: [N, h * w, C].

    >>> to_tokens(torch.zeros(2, 8, 3, 4)).shape
    torch.Size([2, 12, 8])
    """
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: Tensor, grid: Sequence[int]) -> Tensor:
    """A row of tokens [N, h * w, C] as a map [N, C, h, w].

    >>> to_map(torch.zeros(2, 12, 8), (3, 4)).shape
    torch.Size([2, 8, 3, 4])
    """
    return tokens.transpose(1, 2).unflatten(2, tuple(grid))


class MultiHeadAttention(nn.Module):
    """Each query takes a mean of the values, weighted by the keys.

    The channels are divided among the heads; each head compares its share
    of a query with its share of every key, and a softmax over the keys
    makes the weights of the mean.

    Shapes: queries [N, L, width], keys and values [N, S, width] give
    [N, L, width]. Self-attention passes the same tokens three times.

    Args:
        width: channels of a token, divisible by ``heads``.
        heads: how many comparisons run beside each other.

    Raises:
        ValueError: the heads do not divide the width.

    Convention: in a mask, bool [N, L, S], true means that the query may
    look at the key, as in ``F.scaled_dot_product_attention``
    (``nn.MultiheadAttention`` means the opposite). Every query must be
    allowed one key at least: a mean of nothing is not defined.

    >>> tokens = torch.zeros(2, 9, 8)
    >>> MultiHeadAttention(8, heads=2)(tokens, tokens, tokens).shape
    torch.Size([2, 9, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(
                f"width must be divisible by heads, got {width} and {heads}"
            )
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def split(self, tokens: Tensor) -> Tensor:
        """Give each head its channels: [N, heads, L, width / heads]."""
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def weights(
        self, queries: Tensor, keys: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """How much each query looks at each key: [N, heads, L, S].

        Every row sums to 1. ``forward`` uses the same weights and does not
        keep them.
        """
        query = self.split(self.query(queries))
        key = self.split(self.key(keys))
        # the variance of a dot product grows with the number of channels
        scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None], -math.inf)
        return scores.softmax(dim=-1)

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        # softmax and mean in one kernel that never stores [L, S] weights
        mixed = F.scaled_dot_product_attention(
            self.split(self.query(queries)),
            self.split(self.key(keys)),
            self.split(self.value(values)),
            attn_mask=None if mask is None else mask[:, None],
        )
        return self.out(mixed.transpose(1, 2).flatten(2))


def attention_weights(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The weights of every attention that images pass through, in order.

    Args:
        model: whose attentions are :class:`MultiHeadAttention`.
        x: what the model takes.

    Returns:
        For each attention [N, heads, L, S]; no gradient.

    Convention: the model runs in the mode that it is in; set ``eval()``
    before, unless dropout is wanted.

    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.attention = MultiHeadAttention(8, heads=2)
    ...     def forward(self, x):
    ...         x = self.attention(x, x, x)
    ...         return self.attention(x, x, x)
    >>> len(attention_weights(Twice(), torch.zeros(1, 5, 8)))
    2
    """
    recorded: list[Tensor] = []

    def record(
        attention: MultiHeadAttention,
        given: tuple[Tensor, ...],
        named: dict[str, Tensor],
    ) -> None:
        call = inspect.signature(attention.forward).bind(*given, **named)
        values = call.arguments
        recorded.append(
            attention.weights(
                values["queries"], values["keys"], values.get("mask")
            )
        )

    hooks = [
        module.register_forward_pre_hook(record, with_kwargs=True)
        for module in model.modules()
        if isinstance(module, MultiHeadAttention)
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return recorded


def split_projections(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict whose query, key and value projections are apart.

    Many libraries stack the three matrices into one, called ``qkv`` or
    ``in_proj``; here each becomes a projection of its own.

    Args:
        state: a library's ``model.state_dict()``.

    Returns:
        A new dict; the tensors are views of the given ones.

    >>> state = nn.MultiheadAttention(4, 2).state_dict()
    >>> [key for key in split_projections(state) if "weight" in key]
    ['query.weight', 'key.weight', 'value.weight', 'out_proj.weight']
    """
    split: dict[str, Tensor] = {}
    for key, value in state.items():
        fused = FUSED.search(key)
        if fused is None:
            split[key] = value
            continue
        names = ("query", "key", "value")
        for name, part in zip(names, value.chunk(3), strict=True):
            split[f"{key[: fused.start()]}{name}.{fused[1]}"] = part
    return split
