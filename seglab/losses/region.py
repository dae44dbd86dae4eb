"""Losses that judge the overlap of whole regions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_logits,
    check_reduction,
    index_target,
    is_index_target,
    mean_of_valid,
    same_shape_target,
)


def dice_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    smooth: float = 1.0,
) -> Tensor:
    """One minus the soft Dice coefficient, per image and class.

    With probabilities p, truth t, I = sum(p t), P = sum(p), T = sum(t):
    the loss is 1 - (2 I + smooth) / (P + T + smooth).

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...] (softmax over C), or the logits'
            shape (one sigmoid a channel; bool, 0 and 1, or probabilities).
        ignore_index: target value whose pixels do not count.
        reduction: ``"mean"`` over images and classes, ``"sum"``, or
            ``"none"`` for [N, C].
        smooth: added above and below, in pixels, above 0.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError: logits that are no floats.
        ValueError: shapes that do not fit, (on the CPU) labels out of
            range, or ``smooth`` of 0 or less.

    Convention:
        Sums run over the pixels of one image and one class, then the mean
        over all of them, the background and absent classes too (smp sums
        over the batch first). An image without a valid pixel is left out of
        the mean; if none has one, the loss is 0 with a gradient of 0.

    Source:
        Milletari et al. 2016 (V-Net), without its squares.

    >>> target = torch.tensor([[0, 1, 1]])
    >>> logits = 50.0 * torch.tensor([[[1, 0, 0], [0, 1, 1]]])
    >>> dice_loss(logits, target)
    tensor(0.)
    """
    check_reduction(reduction)
    _check_smooth(smooth)
    logits = check_logits(logits)
    predicted, truth, valid = _soft_masks(logits, target, ignore_index)
    hits = (predicted * truth).sum(-1)
    sizes = predicted.sum(-1) + truth.sum(-1)
    losses = 1 - (2 * hits + smooth) / (sizes + smooth)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return mean_of_valid(losses, valid.any(-1).to(losses.dtype))


class DiceLoss(nn.Module):
    """Module form of :func:`dice_loss`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        _check_smooth(smooth)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and either kind of target."""
        return dice_loss(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            smooth=self.smooth,
        )


def _soft_masks(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities and truth, 0 where ignored, and validity [N, C, P]."""
    if is_index_target(logits, target):
        target, valid = index_target(logits, target, ignore_index)
        target, valid = target.flatten(1), valid.flatten(1).unsqueeze(1)
        classes = torch.arange(logits.shape[1], device=logits.device)
        truth = (target.unsqueeze(1) == classes.view(-1, 1)) & valid
        truth = truth.to(logits.dtype)
        predicted = logits.flatten(2).softmax(1)
        valid = valid.expand_as(predicted)
    else:
        target, valid = same_shape_target(logits, target, ignore_index)
        truth, valid = target.flatten(2), valid.flatten(2)
        predicted = logits.flatten(2).sigmoid()
    return torch.where(valid, predicted, 0), truth, valid


def _check_smooth(smooth: float) -> None:
    if not smooth > 0:
        raise ValueError(f"smooth must be above 0, got {smooth}")
