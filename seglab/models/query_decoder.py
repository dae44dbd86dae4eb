"""Mask2Former's decoder: queries that look where their mask is.

Source: B. Cheng et al., "Masked-attention Mask Transformer for Universal
Image Segmentation", CVPR 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seglab.models.attention import MultiHeadAttention, to_tokens
from seglab.models.layers import resize
from seglab.models.set_prediction import SetPrediction

SCALES = 3
# transformers' keys, as ours, after ``split_projections``
LAYER_RULES = [
    (r"(^|\.)cross_attn_layer_norm\.", r"\1after_cross."),
    (r"(^|\.)self_attn_layer_norm\.", r"\1after_self."),
    (r"(^|\.)final_layer_norm\.", r"\1after_mlp."),
    (r"(^|\.)(cross|self)_attn\.", r"\1\2_attention."),
    (r"\.q_proj\.", ".query."),
    (r"\.k_proj\.", ".key."),
    (r"\.v_proj\.", ".value."),
    (r"\.out_proj\.", ".out."),
    (r"(^|\.)fc1\.", r"\1mlp.0."),
    (r"(^|\.)fc2\.", r"\1mlp.2."),
]
FROM_TRANSFORMERS = [
    (r"^class_predictor\.", "model.transformer_module.classify."),
    # what is another one here: the backbone and the pixel decoder
    (r"^(?!model\.transformer_module\.).*", ""),
    (r"^model\.transformer_module\.(decoder\.)?", ""),
    (r"^queries_features\.weight$", "queries"),
    (r"^queries_embedder\.weight$", "query_places"),
    (r"^level_embed\.weight$", "scales"),
    (r"^layernorm\.", "norm."),
    (r"^mask_predictor\.mask_embedder\.0\.0\.", "embed.0."),
    (r"^mask_predictor\.mask_embedder\.1\.0\.", "embed.2."),
    (r"^mask_predictor\.mask_embedder\.2\.0\.", "embed.4."),
    *LAYER_RULES,
]


def sine_positions(x: Tensor) -> Tensor:
    """Where each place of a map is, as sines and cosines.

    The first half of the channels holds the row and the second the
    column, each as waves of growing length.

    Args:
        x: a map [N, C, h, w]; C is a multiple of 4.

    Returns:
        [h * w, C], the same for every map of this size.

    Source: Vaswani et al. 2017; DETR (Carion et al. 2020) for two axes.

    >>> sine_positions(torch.zeros(1, 8, 2, 3)).shape
    torch.Size([6, 8])
    """
    _, channels, height, width = x.shape
    half = channels // 2
    waves = torch.arange(half // 2, device=x.device)
    lengths = 10000 ** (2 * waves / half)

    def along(side: int) -> Tensor:
        # up to a full turn over the whole side, as DETR has it
        places = torch.arange(1, side + 1, device=x.device) / (side + 1e-6)
        angles = 2 * math.pi * places[:, None] / lengths
        return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)

    rows = along(height)[:, None].expand(height, width, half)
    columns = along(width)[None].expand(height, width, half)
    return torch.cat([rows, columns], dim=2).flatten(0, 1).to(x.dtype)


class MaskedLayer(nn.Module):
    """Look at the image inside one's own mask, then at the other queries.

    Shapes: queries [N, Q, width] and tokens of the image [N, L, width] to
    queries [N, Q, width].

    Args:
        width: channels of queries and tokens.
        heads: attention heads; they divide the width.
        inner: channels between the two linear layers.

    Convention: layer norm follows each sum (post-norm). Positions are
    added to queries and keys, never to values.

    >>> layer = MaskedLayer(8, heads=2, inner=16)
    >>> queries, tokens = torch.zeros(1, 5, 8), torch.zeros(1, 12, 8)
    >>> mask = torch.ones(1, 5, 12, dtype=torch.bool)
    >>> layer(queries, queries, tokens, tokens, mask).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.cross_attention = MultiHeadAttention(width, heads)
        self.after_cross = nn.LayerNorm(width)
        self.self_attention = MultiHeadAttention(width, heads)
        self.after_self = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width)
        )
        self.after_mlp = nn.LayerNorm(width)

    def forward(
        self,
        queries: Tensor,
        query_places: Tensor,
        tokens: Tensor,
        token_places: Tensor,
        mask: Tensor,
    ) -> Tensor:
        """One round.

        Args:
            queries: [N, Q, width].
            query_places: learnt, of the same shape or [1, Q, width].
            tokens: of the image at one scale, [N, L, width].
            token_places: their positions, or [1, L, width].
            mask: which query may look at which token, bool [N, Q, L].
        """
        looked = self.cross_attention(
            queries + query_places, tokens + token_places, tokens, mask
        )
        queries = self.after_cross(queries + looked)
        placed = queries + query_places
        told = self.self_attention(placed, placed, queries)
        queries = self.after_self(queries + told)
        return self.after_mlp(queries + self.mlp(queries))


def inside(mask_logits: Tensor, size: Sequence[int]) -> Tensor:
    """Which tokens of a map each query may look at: those in its mask.

    A query whose mask is empty at this size may look everywhere: it has
    to begin somewhere.

    Args:
        mask_logits: [N, Q, h, w].
        size: (height, width) of the map.

    Returns:
        Bool [N, Q, height * width], never all false in a row.

    >>> inside(torch.tensor([[[[-1.0, 1.0]], [[-1.0, -1.0]]]]), (1, 2))
    tensor([[[False,  True],
             [ True,  True]]])
    """
    within = resize(mask_logits.detach(), size).flatten(2) >= 0
    return within | ~within.any(dim=2, keepdim=True)


class QueryDecoder(nn.Module):
    """Queries that become masks, layer by layer.

    The layers take the scales in turn, coarsest first. Before the first
    layer and after each one, every query says a class and a mask, and may
    look only inside this mask in the next layer.

    Shapes: three maps [N, width, h_i, w_i], coarsest first, and the map
    that masks are drawn on [N, width, h, w], to a list of ``layers + 1``
    predictions of Q masks [N, Q, h, w].

    Args:
        num_classes: without "no object".
        width: channels of maps and queries, a multiple of 4.
        queries: how many masks there can be.
        layers: three for each time that the scales are gone through.
        heads: attention heads of a layer; they divide the width.
        inner: channels between a layer's two linear layers.

    >>> decoder = QueryDecoder(
    ...     2, width=8, queries=5, layers=3, heads=2, inner=16
    ... )
    >>> maps = [torch.zeros(1, 8, side, side) for side in (2, 4, 8)]
    >>> last = decoder(maps, torch.zeros(1, 8, 16, 16))[-1]
    >>> last.class_logits.shape, last.mask_logits.shape
    (torch.Size([1, 5, 3]), torch.Size([1, 5, 16, 16]))
    """

    def __init__(
        self,
        num_classes: int,
        *,
        width: int,
        queries: int,
        layers: int,
        heads: int,
        inner: int,
    ) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, width))
        self.query_places = nn.Parameter(torch.randn(queries, width))
        self.scales = nn.Parameter(torch.randn(SCALES, width))
        self.layers = nn.ModuleList(
            MaskedLayer(width, heads, inner) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, num_classes + 1)
        self.embed = nn.Sequential(
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, width),
        )

    def predict(self, queries: Tensor, drawn_on: Tensor) -> SetPrediction:
        """What the queries [N, Q, width] say at this point.

        A mask's logit at a pixel is the dot product of the query's
        embedding and the pixel's.
        """
        queries = self.norm(queries)
        masks = torch.einsum(
            "nqc,nchw->nqhw", self.embed(queries), drawn_on
        )
        return SetPrediction(self.classify(queries), masks)

    def forward(
        self, maps: Sequence[Tensor], drawn_on: Tensor
    ) -> list[SetPrediction]:
        queries = self.queries.expand(len(drawn_on), -1, -1)
        tokens = [
            to_tokens(x) + scale
            for x, scale in zip(maps, self.scales, strict=True)
        ]
        places = [sine_positions(x) for x in maps]
        predictions = [self.predict(queries, drawn_on)]
        for number, layer in enumerate(self.layers):
            scale = number % SCALES
            mask = inside(
                predictions[-1].mask_logits, maps[scale].shape[-2:]
            )
            queries = layer(
                queries,
                self.query_places,
                tokens[scale],
                places[scale],
                mask,
            )
            predictions.append(self.predict(queries, drawn_on))
        return predictions
