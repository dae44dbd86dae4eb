"""The losses that promptable models learn with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def dice_distance(logits: Tensor, truth: Tensor) -> Tensor:
    """One less the soft Dice over the last dimension, 1 added for peace.

    Args:
        logits: float [..., P].
        truth: float [..., P] in [0, 1].

    >>> far = dice_distance(torch.tensor([9.0, -9.0]), torch.tensor([1, 0]))
    >>> bool(far < 1e-3)
    True
    """
    chance = logits.sigmoid()
    both = 2 * (chance * truth).sum(-1) + 1
    return 1 - both / (chance.sum(-1) + truth.sum(-1) + 1)


def focal_distance(logits: Tensor, truth: Tensor) -> Tensor:
    """Focal loss without alpha, gamma 2, averaged over the last dimension.

    Truth may be a share of a pixel: what counts is how far off one is.

    Args:
        logits: float [..., P].
        truth: float [..., P] in [0, 1].

    Source:
        Lin et al., ICCV 2017; soft targets as in Li et al., NeurIPS 2020.

    >>> focal_distance(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.1733)
    """
    truth = truth.expand_as(logits)
    entropy = F.binary_cross_entropy_with_logits(
        logits, truth, reduction="none"
    )
    return ((logits.sigmoid() - truth).square() * entropy).mean(-1)


def iou_at_zero(logits: Tensor, truth: Tensor) -> Tensor:
    """IoU over the last dimension where logits are above 0; no gradient.

    >>> iou_at_zero(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0]))
    tensor(0.5000)
    """
    with torch.no_grad():
        found, true = logits > 0, truth > 0.5
        both = (found & true).sum(-1)
        return both / (found | true).sum(-1).clamp(min=1)


def mask_losses(
    logits: Tensor, quality: Tensor, truth: Tensor
) -> tuple[Tensor, Tensor]:
    """SAM's loss of every candidate, and of what it says of itself.

    Args:
        logits: float [P, K, pixels].
        quality: float [P, K], the IoU that the model expects.
        truth: float [P, pixels].

    Returns:
        Both float [P, K]: 10 x focal + 2 x Dice, and the squared error
        of the expected IoU.

    Source:
        Kirillov et al., ICCV 2023, appendix A, with weights that suit a
        small model: the paper takes 20 to 1.
    """
    truth = truth[:, None]
    mask = 10 * focal_distance(logits, truth)
    mask = mask + 2 * dice_distance(logits, truth)
    return mask, (quality - iou_at_zero(logits, truth)).square()
