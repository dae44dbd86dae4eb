"""A loss that helps the pyramid along: what does each position show?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.instances.truth import DIVISOR


def semantic_loss(
    logits: Tensor, panoptic: Tensor, things: Sequence[int]
) -> Tensor:
    """Binary cross-entropy of the classes that a position shows.

    Few anchors or cells stand for an object, so few places teach a
    network what a class looks like. Here, every position does. What it
    trains is used in training only.

    Args:
        logits: [N, C, h, w].
        panoptic: integers [N, H, W].
        things: category of each channel.

    Returns:
        A scalar, the mean over positions and classes.

    Raises:
        ValueError: not as many categories as channels.

    Convention:
        A position that is half covered has the target 0.5.

    Source: Bolya et al. 2019, section 3.4.

    >>> maps = torch.full((1, 4, 4), 1001)
    >>> semantic_loss(torch.zeros(1, 2, 2, 2), maps, (1, 2))
    tensor(0.6931)
    """
    if logits.shape[1] != len(things):
        raise ValueError(
            f"things must name the {logits.shape[1]} channels of the "
            f"logits, got {tuple(things)}"
        )
    categories = torch.tensor(things, device=panoptic.device)
    shown = panoptic[:, None] // DIVISOR == categories[:, None, None]
    size = (logits.shape[-2], logits.shape[-1])
    target = F.adaptive_avg_pool2d(shown.to(logits.dtype), size)
    return F.binary_cross_entropy_with_logits(logits, target)
