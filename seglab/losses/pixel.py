"""Losses that judge each pixel by itself."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_class_weights,
    check_logits,
    check_reduction,
    index_target,
    reduce_pixels,
    same_shape_target,
)


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Softmax cross-entropy of each pixel's class.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...], any integer type.
        ignore_index: target label that does not count.
        reduction: ``"mean"`` over valid pixels, ``"sum"``, or ``"none"``
            for [N, ...] with 0 where ignored.
        weight: one weight a class [C], 0 or more.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError: logits that are no floats, or a target of floats.
        ValueError: shapes that do not fit, or (on the CPU) an index
            outside 0..C-1.

    Convention:
        With weights the mean divides by the sum of the valid pixels'
        weights, as PyTorch does. No valid pixel gives 0 with a gradient of
        0, where PyTorch gives NaN. Nothing is ignored unless
        ``ignore_index`` says so (PyTorch drops -100 by default).

    >>> import torch
    >>> cross_entropy(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1).long())
    tensor(0.6931)
    """
    check_reduction(reduction)
    logits = check_logits(logits)
    target, valid = index_target(logits, target, ignore_index)
    weights = valid.to(logits.dtype)
    if weight is not None:
        per_class = check_class_weights(weight, logits, "weight")
        weights = weights * per_class[target]
    losses = F.cross_entropy(logits, target, reduction="none")
    return reduce_pixels(losses, weights, valid, reduction)


def binary_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Sigmoid cross-entropy of each pixel in each channel.

    Args:
        logits: [N, C, ...].
        target: the same shape; bool, 0 and 1, or probabilities.
        ignore_index: target value that does not count.
        reduction: ``"mean"`` over valid entries, ``"sum"``, or ``"none"``
            for the logits' shape with 0 where ignored.
        pos_weight: weight of the positives, one a channel [C].

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError: logits that are no floats.
        ValueError: shapes that differ, or (on the CPU) a target outside
            0..1.

    Convention:
        The mean divides by the number of valid entries, whatever
        ``pos_weight`` is, as PyTorch does. No valid entry gives 0 with a
        gradient of 0.

    >>> import torch
    >>> binary_cross_entropy(torch.zeros(1, 1, 2), torch.ones(1, 1, 2))
    tensor(0.6931)
    """
    check_reduction(reduction)
    logits = check_logits(logits)
    target, valid = same_shape_target(logits, target, ignore_index)
    if pos_weight is not None:
        pos_weight = check_class_weights(pos_weight, logits, "pos_weight")
        pos_weight = pos_weight.view(-1, *[1] * (logits.ndim - 2))
    losses = F.binary_cross_entropy_with_logits(
        logits, target, reduction="none", pos_weight=pos_weight
    )
    return reduce_pixels(losses, valid.to(logits.dtype), valid, reduction)


class CrossEntropyLoss(nn.Module):
    """Module form of :func:`cross_entropy`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.weight: Tensor | None
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and class indices [N, ...]."""
        return cross_entropy(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            weight=self.weight,
        )


class BinaryCrossEntropyLoss(nn.Module):
    """Module form of :func:`binary_cross_entropy`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.pos_weight: Tensor | None
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits and a target, both [N, C, ...]."""
        return binary_cross_entropy(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
        )
