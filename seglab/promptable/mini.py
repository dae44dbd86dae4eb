"""A SAM of the real package, small enough to train on a laptop."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from seglab.extras import optional

SIDE = 128  # pixels
PATCH = 8
GRID = SIDE // PATCH
MASK_SIDE = 4 * GRID
WIDTH = 64
SHARPNESS = 2.5
PIXEL_MEAN = [123.675, 116.28, 103.53]
PIXEL_STD = [58.395, 57.12, 57.375]


def build_mini_sam() -> Any:
    """A ``segment_anything.modeling.Sam`` of 0.75 M parameters.

    The package's own classes: a vision transformer on 128 x 128 pixels
    with 16 x 16 tokens, its prompt encoder, and its mask decoder with
    three masks for an ambiguous prompt. Only the sizes are ours, and two
    starts that make it learn in an hour: positions begin as sines, and
    cross-attention begins by comparing like with like.

    Returns:
        The model, with random weights.

    Raises:
        ImportError: segment-anything is not installed.

    Source:
        Kirillov et al., Segment Anything, ICCV 2023.

    >>> build_mini_sam().image_encoder.img_size
    128
    """
    parts = optional("segment_anything.modeling", "SAM", "sam")
    sam = parts.Sam(
        parts.ImageEncoderViT(
            img_size=SIDE,
            patch_size=PATCH,
            embed_dim=96,
            depth=4,
            num_heads=4,
            window_size=8,
            global_attn_indexes=(1, 3),
            use_rel_pos=True,
            out_chans=WIDTH,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
        ),
        parts.PromptEncoder(
            embed_dim=WIDTH,
            image_embedding_size=(GRID, GRID),
            input_image_size=(SIDE, SIDE),
            mask_in_chans=16,
        ),
        parts.MaskDecoder(
            transformer_dim=WIDTH,
            transformer=parts.TwoWayTransformer(
                depth=2, embedding_dim=WIDTH, mlp_dim=256, num_heads=4
            ),
            num_multimask_outputs=3,
            iou_head_hidden_dim=128,
        ),
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
    )
    start_positions(sam.image_encoder.pos_embed)
    start_cross_attention(sam.mask_decoder.transformer)
    return sam


@torch.no_grad()
def start_positions(table: nn.Parameter) -> None:
    """Let learnt positions [1, H, W, C] begin as sines and cosines.

    >>> table = nn.Parameter(torch.zeros(1, 4, 4, 8))
    >>> start_positions(table)
    >>> bool(table[0, 0, 0].equal(table[0, 0, 1]))
    False
    """
    height, width, channels = table.shape[1:]
    rows = _waves(height, channels // 4)
    columns = _waves(width, channels // 4)
    both = [
        rows[:, None].expand(-1, width, -1),
        columns[None].expand(height, -1, -1),
    ]
    table.copy_(0.5 * torch.cat(both, -1)[None])


def _waves(length: int, count: int) -> Tensor:
    """Sines and cosines along an axis [length, 2 count]."""
    places = torch.arange(length) / length
    per_axis = 16 * 100 ** -(torch.arange(count) / count)
    angles = places[:, None] * per_axis
    return torch.cat([angles.sin(), angles.cos()], 1)


@torch.no_grad()
def start_cross_attention(transformer: nn.Module) -> None:
    """Let tokens and image begin by attending to what is like them.

    Keys start as queries do, and both larger, so that attention is far
    from uniform from the first step.
    """
    layers: Any = transformer.layers
    attentions: list[Any] = [transformer.final_attn_token_to_image]
    for layer in layers:
        attentions += [
            layer.cross_attn_token_to_image,
            layer.cross_attn_image_to_token,
        ]
    for attention in attentions:
        attention.q_proj.weight.mul_(SHARPNESS)
        attention.k_proj.weight.copy_(attention.q_proj.weight)
