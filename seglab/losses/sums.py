"""Sums of losses: of several losses, and of several outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def weighted_sum(
    logits: Tensor,
    target: Tensor,
    *,
    losses: Sequence[Loss],
    weights: Sequence[float],
) -> Tensor:
    """Several losses of the same logits, each times its weight.

    Args:
        logits, target: what each loss takes.
        losses: functions or modules ``loss(logits, target)``.
        weights: one a loss, finite and 0 or more.

    Returns:
        The type and shape that the losses give.

    Raises:
        ValueError: no loss, or weights that do not fit.

    Convention:
        The weights are not normalised. A weight of 0 skips its loss.

    >>> from seglab.losses import boundary_loss, dice_loss
    >>> logits, target = torch.zeros(1, 2, 4), torch.zeros(1, 4).long()
    >>> parts = dict(losses=[dice_loss, boundary_loss], weights=[1, 0])
    >>> weighted_sum(logits, target, **parts) == dice_loss(logits, target)
    tensor(True)
    """
    _check_weights(weights, len(losses), "losses")
    return sum(
        (
            weight * loss(logits, target)
            for loss, weight in zip(losses, weights, strict=True)
            if weight > 0
        ),
        start=logits.new_zeros(()),
    )


def deep_supervision(
    outputs: Sequence[Tensor],
    target: Tensor,
    *,
    loss: Loss,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """One loss of several logits, each at its own size, as weighted mean.

    Args:
        outputs: logits [N, C, ...], of any sizes up to the target's.
        target: class indices [N, ...] or masks [N, C, ...]. It is brought
            to the size of each output by taking the nearest pixel.
        loss: function or module ``loss(logits, target)``.
        weights: one an output, finite and 0 or more; None weighs them
            alike.

    Returns:
        The type and shape that the loss gives.

    Raises:
        ValueError: no output, or weights that do not fit or are all 0.

    Convention:
        The weights are divided by their sum. nnU-Net halves them from each
        output to the next coarser one: (1, 1/2, 1/4, ...), finest first.
        The nearest pixel is that at the centre, so labels stay labels.

    Source:
        Lee et al. 2015 (deeply-supervised nets).

    >>> from seglab.losses import cross_entropy
    >>> outputs = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 2, 2)]
    >>> target = torch.zeros(1, 4, 4).long()
    >>> deep_supervision(outputs, target, loss=cross_entropy)
    tensor(0.6931)
    """
    weights = [1.0] * len(outputs) if weights is None else weights
    _check_weights(weights, len(outputs), "outputs")
    total = sum(weights)
    if total == 0:
        raise ValueError("weights must not all be 0")
    return sum(
        (
            weight / total * loss(logits, _nearest(target, logits))
            for logits, weight in zip(outputs, weights, strict=True)
            if weight > 0
        ),
        start=outputs[0].new_zeros(()),
    )


class WeightedSumLoss(nn.Module):
    """Module form of :func:`weighted_sum`, of losses that are modules."""

    def __init__(
        self, losses: Sequence[nn.Module], weights: Sequence[float]
    ) -> None:
        super().__init__()
        _check_weights(weights, len(losses), "losses")
        self.losses = nn.ModuleList(losses)
        self.weights = tuple(weights)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The weighted sum for logits and a target that suits them."""
        return weighted_sum(
            logits,
            target,
            losses=list(self.losses),
            weights=self.weights,
        )


class DeepSupervisionLoss(nn.Module):
    """Module form of :func:`deep_supervision`."""

    def __init__(
        self, loss: Loss, *, weights: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        if weights is not None:
            _check_weights(weights, len(weights), "outputs")
        self.loss = loss
        self.weights = weights

    def forward(self, outputs: Sequence[Tensor], target: Tensor) -> Tensor:
        """The weighted mean for a list of logits and one target."""
        return deep_supervision(
            outputs, target, loss=self.loss, weights=self.weights
        )


def _nearest(target: Tensor, logits: Tensor) -> Tensor:
    """The target at the logits' size, of any type and number of axes."""
    sizes = logits.shape[2:]
    for axis, size in enumerate(sizes, start=target.ndim - len(sizes)):
        given = target.shape[axis]
        if size != given:
            steps = torch.arange(size, device=target.device)
            nearest = (2 * steps + 1) * given // (2 * size)
            target = target.index_select(axis, nearest)
    return target


def _check_weights(weights: Sequence[float], count: int, name: str) -> None:
    if count == 0:
        raise ValueError(f"{name} must not be empty")
    if len(weights) != count or not all(
        math.isfinite(weight) and weight >= 0 for weight in weights
    ):
        raise ValueError(
            f"weights must be {count} finite numbers of 0 or more, one for "
            f"each of the {name}, got {list(weights)}"
        )
