"""How both lessons look at a batch of pictures."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def encode(sam: Any, images: Tensor) -> Tensor:
    """What SAM's encoder makes of pictures of its own size.

    Args:
        sam: a model of ``segment_anything``.
        images: float [N, 3, H, W] in [0, 1].

    Returns:
        Float [N, C, h, w].
    """
    scaled = (images * 255 - sam.pixel_mean) / sam.pixel_std
    embedded: Tensor = sam.image_encoder(scaled)
    return embedded
