"""Pixel losses that turn to the hard pixels."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seglab.losses._cross_entropy import cross_entropy_of_pixels
from seglab.losses._inputs import (
    check_class_weights,
    check_logits,
    check_reduction,
    index_target,
    reduce_pixels,
    same_shape_target,
)


def focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    gamma: float = 2.0,
    alpha: Tensor | None = None,
) -> Tensor:
    """Softmax cross-entropy times (1 - p of the true class)^gamma.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...], any integer type.
        ignore_index: target label that does not count.
        reduction: ``"mean"`` over valid pixels, ``"sum"``, or ``"none"``
            for [N, ...] with 0 where ignored.
        gamma: 0 or more; 0 is cross-entropy.
        alpha: one weight a class [C].

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as
            :func:`~seglab.losses.pixel.cross_entropy`, or a ``gamma``
            that is negative or not finite.

    Convention:
        The mean divides by the number of valid pixels, whatever ``alpha``
        and ``gamma`` are (MONAI and kornia divide by C times as many; smp's
        "multiclass" is one sigmoid against the rest).

    Source:
        Lin et al. 2017, with softmax in place of the sigmoid.

    >>> logits = torch.tensor([[[math.log(9.0)], [0.0]]])  # p = 0.9, 0.1
    >>> focal_loss(logits, torch.tensor([[0]]))  # 0.1^2 * 0.1054
    tensor(0.0011)
    """
    check_reduction(reduction)
    _check_gamma(gamma)
    logits = check_logits(logits)
    target, valid = index_target(logits, target, ignore_index)
    losses = cross_entropy_of_pixels(logits, target)
    # 1 - p = 1 - exp(-loss), without the rounding of 1 - p near p = 1
    losses = _focus(losses, -torch.expm1(-losses), gamma)
    if alpha is not None:
        weights = check_class_weights(alpha, logits, "alpha")
        losses = losses * weights[target]
    return reduce_pixels(losses, valid.to(losses.dtype), valid, reduction)


def binary_focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    gamma: float = 2.0,
    alpha: float | None = None,
) -> Tensor:
    """Sigmoid cross-entropy times (1 - p of the truth)^gamma.

    Args:
        logits: [N, C, ...].
        target: the same shape; bool, 0 and 1, or probabilities.
        ignore_index: target value that does not count.
        reduction: ``"mean"`` over valid entries, ``"sum"``, or ``"none"``
            for the logits' shape with 0 where ignored.
        gamma: 0 or more; 0 is binary cross-entropy.
        alpha: weight of the positives, from 0 to 1; the negatives get
            1 - alpha. None weighs both 1.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as
            :func:`~seglab.losses.pixel.binary_cross_entropy`, or a
            ``gamma`` or ``alpha`` out of range.

    Convention:
        The mean divides by the number of valid entries (RetinaNet divides
        by its positives: take ``reduction="sum"``). An ``alpha`` given to
        both kinds alike would rescale the loss and balance nothing.

    Source:
        Lin et al. 2017; with alpha 0.25 it is torchvision's.

    >>> logits, target = torch.zeros(1, 1, 2), torch.ones(1, 1, 2)
    >>> binary_focal_loss(logits, target, alpha=0.25)  # 0.25 * 0.25 * 0.693
    tensor(0.0433)
    """
    check_reduction(reduction)
    _check_gamma(gamma)
    _check_alpha(alpha)
    logits = check_logits(logits)
    target, valid = same_shape_target(logits, target, ignore_index)
    losses = F.binary_cross_entropy_with_logits(
        logits, target, reduction="none"
    )
    missing = torch.lerp(logits.sigmoid(), (-logits).sigmoid(), target)
    losses = _focus(losses, missing, gamma)
    if alpha is not None:
        losses = losses * (1 - alpha + (2 * alpha - 1) * target)
    return reduce_pixels(losses, valid.to(losses.dtype), valid, reduction)


class FocalLoss(nn.Module):
    """Module form of :func:`focal_loss`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        gamma: float = 2.0,
        alpha: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        _check_gamma(gamma)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.gamma = gamma
        self.alpha: Tensor | None
        self.register_buffer("alpha", alpha)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and class indices [N, ...]."""
        return focal_loss(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            gamma=self.gamma,
            alpha=self.alpha,
        )


class BinaryFocalLoss(nn.Module):
    """Module form of :func:`binary_focal_loss`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        gamma: float = 2.0,
        alpha: float | None = None,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        _check_gamma(gamma)
        _check_alpha(alpha)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits and a target, both [N, C, ...]."""
        return binary_focal_loss(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            gamma=self.gamma,
            alpha=self.alpha,
        )


def _focus(losses: Tensor, missing: Tensor, gamma: float) -> Tensor:
    if gamma == 0:
        return losses
    # the slope of a power below 1 is infinite at 0: keep off it
    least = torch.finfo(missing.dtype).tiny
    return losses * missing.clamp_min(least) ** gamma


def _check_gamma(gamma: float) -> None:
    if not (math.isfinite(gamma) and gamma >= 0):
        raise ValueError(f"gamma must be finite and 0 or more, got {gamma}")


def _check_alpha(alpha: float | None) -> None:
    if isinstance(alpha, Tensor) or (
        alpha is not None and not 0 <= alpha <= 1
    ):
        raise ValueError(
            "alpha must be a number from 0 to 1, the weight of the "
            f"positives, got {alpha}"
        )
