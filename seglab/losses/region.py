"""Losses that judge the overlap of whole regions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seglab.losses._inputs import check_logits, check_reduction
from seglab.losses._regions import (
    check_smooth,
    reduce_regions,
    soft_sums,
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
    check_smooth(smooth)
    hits, predicted, truth, counted = soft_sums(
        check_logits(logits), target, ignore_index
    )
    losses = 1 - (2 * hits + smooth) / (predicted + truth + smooth)
    return reduce_regions(losses, counted, reduction)


def generalised_dice_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    smooth: float = 1.0,
) -> Tensor:
    """One minus a soft Dice that weighs classes by 1 / size squared.

    With the sums I, P and T of :func:`dice_loss` and w = 1 / T squared for
    each class: 1 - (2 sum(w I) + smooth) / (sum(w (P + T)) + smooth).

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...], or the logits' shape.
        ignore_index: target value whose pixels do not count.
        reduction: ``"mean"`` over images, ``"sum"``, or ``"none"`` for [N].
        smooth: added above and below, in pixels of the smallest class,
            above 0.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as :func:`dice_loss`.

    Convention:
        The weights of an image are divided by the largest, which leaves the
        loss as it is and gives ``smooth`` a unit. A class absent from an
        image weighs as much as the smallest present one; where all are
        absent, all weigh 1 (MONAI: 0, and false positives cost nothing).
        Images without a valid pixel are left out of the mean.

    Source:
        Sudre et al. 2017.

    >>> target = torch.tensor([[0, 1, 1]])
    >>> logits = 50.0 * torch.tensor([[[1, 0, 0], [0, 1, 1]]])
    >>> generalised_dice_loss(logits, target)
    tensor(0.)
    """
    check_reduction(reduction)
    check_smooth(smooth)
    hits, predicted, truth, counted = soft_sums(
        check_logits(logits), target, ignore_index
    )
    weights = _volume_weights(truth)
    above = 2 * (weights * hits).sum(1) + smooth
    below = (weights * (predicted + truth)).sum(1) + smooth
    return reduce_regions(1 - above / below, counted.amax(1), reduction)


class _RegionLoss(nn.Module):
    """A region loss's settings, and its call; ``function`` says which."""

    function: Callable[..., Tensor]

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        check_smooth(smooth)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and either kind of target."""
        return self.function(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            smooth=self.smooth,
        )


class DiceLoss(_RegionLoss):
    """Module form of :func:`dice_loss`."""

    function = staticmethod(dice_loss)


class GeneralisedDiceLoss(_RegionLoss):
    """Module form of :func:`generalised_dice_loss`."""

    function = staticmethod(generalised_dice_loss)


def _volume_weights(sizes: Tensor) -> Tensor:
    """1 / size squared, the largest of each row scaled to 1 [N, C]."""
    present = sizes > 0
    smallest = torch.where(present, sizes, torch.inf).amin(1, keepdim=True)
    ratios = torch.where(present, smallest / sizes, 1)
    return ratios.square()
