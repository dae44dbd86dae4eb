"""SAM's mask decoder step by step, for many prompts of many images."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class DecodedMasks(NamedTuple):
    """What the mask decoder says of each prompt.

    Args:
        logits: float [P, 4, h, w]: one mask for a prompt that is clear,
            then three for one that is not.
        quality: float [P, 4], the IoU that it expects of each.
    """

    logits: Tensor
    quality: Tensor


def decode_masks(
    decoder: Any,
    embeddings: Tensor,
    positions: Tensor,
    sparse: Tensor,
    dense: Tensor,
) -> DecodedMasks:
    """Decode one prompt for each embedding, all in one batch.

    Convention:
        ``segment_anything``'s own decoder takes one image and its
        prompts. Here each prompt brings its embedding, so that a batch
        may hold prompts of several images; results are the same.

    Args:
        decoder: a ``MaskDecoder`` of ``segment_anything``.
        embeddings: float [P, C, H, W], of the image of each prompt.
        positions: float [1, C, H, W], from ``PromptEncoder.get_dense_pe``.
        sparse: float [P, N, C], tokens of points and boxes.
        dense: float [P, C, H, W], of earlier masks, or what stands for
            none.

    Source:
        Kirillov et al., Segment Anything, ICCV 2023, appendix A.
    """
    learnt = torch.cat(
        [decoder.iou_token.weight, decoder.mask_tokens.weight]
    )
    tokens = torch.cat([learnt.expand(len(sparse), -1, -1), sparse], 1)
    out, image = decoder.transformer(
        embeddings + dense,
        positions.expand(len(sparse), -1, -1, -1),
        tokens,
    )
    grid = image.transpose(1, 2).reshape(embeddings.shape)
    fine = decoder.output_upscaling(grid)
    filters = torch.stack(
        [
            network(out[:, 1 + k])
            for k, network in enumerate(decoder.output_hypernetworks_mlps)
        ],
        1,
    )
    logits = torch.einsum("pkc,pchw->pkhw", filters, fine)
    return DecodedMasks(logits, decoder.iou_prediction_head(out[:, 0]))
