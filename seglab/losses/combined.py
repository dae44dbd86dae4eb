"""Weighted sums of a pixel loss and a region loss."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn

from seglab.losses._inputs import check_reduction
from seglab.losses.pixel import binary_cross_entropy, cross_entropy
from seglab.losses.region import dice_loss


def cross_entropy_dice(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    weights: tuple[float, float] = (1.0, 1.0),
    smooth: float = 1.0,
) -> Tensor:
    """Softmax cross-entropy plus Dice loss, each with its weight.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...].
        ignore_index: target label that does not count.
        reduction: ``"mean"`` or ``"sum"``, of each term by itself.
        weights: of cross-entropy and of Dice, finite and 0 or more.
        smooth: as for :func:`~seglab.losses.region.dice_loss`.

    Raises:
        TypeError, ValueError: as the two losses.

    Convention:
        The weights are not normalised: (1, 1) adds the two, as nnU-Net does
        (Isensee et al. 2021).

    >>> import torch
    >>> logits, target = torch.zeros(1, 2, 4), torch.zeros(1, 4).long()
    >>> cross_entropy_dice(logits, target, weights=(1, 0))
    tensor(0.6931)
    """
    _check_combination(reduction, weights)
    pixel = cross_entropy(
        logits, target, ignore_index=ignore_index, reduction=reduction
    )
    region = _region(logits, target, ignore_index, reduction, smooth)
    return weights[0] * pixel + weights[1] * region


def binary_cross_entropy_dice(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    weights: tuple[float, float] = (1.0, 1.0),
    smooth: float = 1.0,
) -> Tensor:
    """Sigmoid cross-entropy plus Dice loss, each with its weight.

    Args:
        logits: [N, C, ...].
        target: the same shape; bool, 0 and 1, or probabilities.
        ignore_index: target value that does not count.
        reduction: ``"mean"`` or ``"sum"``, of each term by itself.
        weights: of cross-entropy and of Dice, finite and 0 or more.
        smooth: as for :func:`~seglab.losses.region.dice_loss`.

    Raises:
        TypeError, ValueError: as the two losses.

    Convention:
        As :func:`cross_entropy_dice`.

    >>> import torch
    >>> logits, target = torch.zeros(1, 1, 4), torch.ones(1, 1, 4)
    >>> binary_cross_entropy_dice(logits, target, weights=(1, 0))
    tensor(0.6931)
    """
    _check_combination(reduction, weights)
    pixel = binary_cross_entropy(
        logits, target, ignore_index=ignore_index, reduction=reduction
    )
    region = _region(logits, target, ignore_index, reduction, smooth)
    return weights[0] * pixel + weights[1] * region


def _region(
    logits: Tensor,
    target: Tensor,
    ignore_index: int | None,
    reduction: str,
    smooth: float,
) -> Tensor:
    return dice_loss(
        logits,
        target,
        ignore_index=ignore_index,
        reduction=reduction,
        smooth=smooth,
    )


class _Combination(nn.Module):
    """A combination's settings, and its call; ``combine`` says which."""

    combine: Callable[..., Tensor]

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        weights: tuple[float, float] = (1.0, 1.0),
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        _check_combination(reduction, weights)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.weights = weights
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and a target that suits it."""
        return self.combine(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            weights=self.weights,
            smooth=self.smooth,
        )


class CrossEntropyDiceLoss(_Combination):
    """Module form of :func:`cross_entropy_dice`."""

    combine = staticmethod(cross_entropy_dice)


class BinaryCrossEntropyDiceLoss(_Combination):
    """Module form of :func:`binary_cross_entropy_dice`."""

    combine = staticmethod(binary_cross_entropy_dice)


def _check_combination(
    reduction: str, weights: tuple[float, float]
) -> None:
    # one term is a number a pixel, the other a number an image and class
    check_reduction(reduction, ("mean", "sum"))
    if len(weights) != 2 or not all(
        math.isfinite(weight) and weight >= 0 for weight in weights
    ):
        raise ValueError(
            "weights must be two finite numbers of 0 or more, "
            f"got {weights}"
        )
